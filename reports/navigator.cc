#include "reports/navigator.h"

#include <fmt/core.h>

#include <boost/json.hpp>

namespace reachproof::reports {
namespace {

namespace json = boost::json;

constexpr std::string_view kExposed = "#d55e00";
constexpr std::string_view kNotExposed = "#ffffff";

json::object technique_json(const TechniqueExposure& exposure) {
  const auto& tally = exposure.tally;
  const int reached = tally.violations + tally.excepted;
  json::array metadata;
  const auto add = [&](std::string_view name, int value) {
    metadata.push_back({{"name", name}, {"value", std::to_string(value)}});
  };
  add("checks", tally.checks);
  add("violations", tally.violations);
  add("under an exception", tally.excepted);
  add("unproven", tally.unproven);
  return {{"techniqueID", exposure.id},
          {"score", 100 * reached / tally.checks},
          {"comment", fmt::format("{} of {} checks reached what must be blocked; {} unproven",
                                  reached, tally.checks, tally.unproven)},
          {"enabled", true},
          {"metadata", std::move(metadata)}};
}

}  // namespace

std::string navigator_layer(const Report& report) {
  json::array techniques;
  for (const auto& exposure : report.techniques) techniques.push_back(technique_json(exposure));
  const auto& header = report.run.header;
  json::object layer{{"name", fmt::format("{}, {}", header.scenario, header.run)}};
  layer["domain"] = "enterprise-attack";
  layer["versions"] = {{"attack", "18"}, {"navigator", "5.1.0"}, {"layer", "4.5"}};
  layer["description"] =
      "Exposure, not execution: the score is the share of checks in percent that reached what must "
      "be blocked, for each technique that rules name. Nothing was exploited. " +
      report.untested_sentence;
  layer["techniques"] = std::move(techniques);
  layer["gradient"] = {
      {"colors", json::array{kNotExposed, kExposed}}, {"minValue", 0}, {"maxValue", 100}};
  layer["legendItems"] =
      json::array{json::object{{"label", "no check reached it"}, {"color", kNotExposed}},
                  json::object{{"label", "every check reached it"}, {"color", kExposed}}};
  layer["metadata"] =
      json::array{json::object{{"name", "run"}, {"value", header.run}},
                  json::object{{"name", "scenario sha256"}, {"value", header.scenario_sha256}}};
  return json::serialize(layer) + "\n";
}

}  // namespace reachproof::reports
