#include <boost/json.hpp>

#include "reports/report_json_parts.h"

namespace reachproof::reports {
namespace {

namespace json = boost::json;
using core::Observation;

json::object try_json(const Observation& seen, std::size_t i) {
  const auto& attempt = seen.attempts[i];
  json::object object{{"number", attempt.number},
                      {"outcome", core::word(attempt.outcome)},
                      {"summary", core::summary(attempt)},
                      {"elapsed_us", attempt.elapsed_us}};
  if (attempt.started.monotonic_us != 0) object["started"] = core::text(attempt.started.wall);
  if (attempt.source_port != 0) {
    object["source"] = attempt.source.text();
    object["source_port"] = attempt.source_port;
  }
  if (attempt.exchange && seen.layer) {
    object["asked"] = core::summary(*attempt.exchange, seen.layer->ask.layer);
  }
  if (seen.witness == core::WitnessState::Armed && i < seen.sightings.size() &&
      attempt.source_port != 0) {
    object["arrived"] = seen.sightings[i].arrived;
    object["answer"] = core::word(seen.sightings[i].answer);
  }
  return object;
}

json::object path_json(const core::Check& check, const core::Path& path, const Observation* seen) {
  json::object object{{"vantage", path.vantage},        {"target", path.target},
                      {"address", path.address.text()}, {"port", core::port_of(check, path).text()},
                      {"variant", path.variant},        {"hostname", path.hostname}};
  if (seen == nullptr) return object;
  object["witness"] = core::word(seen->witness);
  object["witness_detail"] = seen->witness_detail;
  object["port_state"] = core::word(seen->port);
  object["port_detail"] = seen->port_detail;
  object["source_proof"] = core::word(seen->source);
  json::array tries;
  for (std::size_t i = 0; i < seen->attempts.size(); ++i) tries.push_back(try_json(*seen, i));
  object["tries"] = std::move(tries);
  return object;
}

json::object finding_json(const core::Finding& finding) {
  json::object object{{"fingerprint", finding.newest.subject.fingerprint},
                      {"open", finding.is_open()},
                      {"flapping", finding.is_flapping()},
                      {"times_opened", finding.times_opened}};
  if (finding.times_opened > 0) object["opened"] = core::text(finding.opened);
  return object;
}

const RuleUse* rule_of(const Report& report, const std::string& id) {
  for (const auto& rule : report.rules) {
    if (rule.id == id) return &rule;
  }
  return nullptr;
}

}  // namespace

json::value departure_json(const Report& report, const Departure& departure) {
  const auto& stored = *departure.check;
  const auto& check = stored.check;
  auto object = check_json(report, stored).as_object();
  object["source_segment"] = check.source_segment;
  object["destination_segment"] = check.destination_segment;
  object["headline"] = headline(stored);
  object["explanation"] = core::explanation(stored.verdict.verdict);
  object["why"] = check.why;
  if (const auto* rule = rule_of(report, check.rule); rule != nullptr) {
    object["file"] = rule->file;
    object["line"] = rule->line;
  }
  json::array controls;
  for (const auto& id : check.controls) controls.push_back(json::string(id));
  json::array techniques;
  for (const auto& id : check.techniques) techniques.push_back(json::string(id));
  object["controls"] = std::move(controls);
  object["techniques"] = std::move(techniques);
  object["is_new"] = departure.is_new;
  object["finding"] = nullptr;
  if (departure.finding) object["finding"] = finding_json(*departure.finding);
  object["plan_record"] = nullptr;
  object["observation_record"] = nullptr;
  if (stored.plan_record) object["plan_record"] = *stored.plan_record;
  if (stored.observation_record) object["observation_record"] = *stored.observation_record;
  json::array paths;
  for (std::size_t p = 0; p < check.paths.size(); ++p) {
    const auto* seen = p < stored.observations.size() ? &stored.observations[p] : nullptr;
    paths.push_back(path_json(check, check.paths[p], seen));
  }
  object["paths"] = std::move(paths);
  return object;
}

}  // namespace reachproof::reports
