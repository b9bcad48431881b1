#include "reports/proof_history.h"

#include <boost/json.hpp>
#include <set>

namespace reachproof::reports {
namespace {

namespace json = boost::json;

std::string why_not_of(const evidence::StoredCheck& check) {
  if (!check.check.gap.empty()) return check.check.gap;
  if (!check.has_verdict) return "the run did not get to it";
  return core::explanation(check.verdict.verdict);
}

bool is_proven(const evidence::StoredCheck& check) {
  return check.has_verdict && check.verdict.verdict.proof != core::Proof::None;
}

}  // namespace

void ProofHistory::add(const evidence::StoredRun& run) {
  const bool newest = runs_++ == 0;
  for (const auto& check : run.checks) {
    const auto flow = check.check.flow();
    if (newest && !places_.contains(flow)) {
      places_[flow] = flows_.size();
      flows_.push_back({.flow = flow,
                        .rule = check.check.rule,
                        .source_segment = check.check.source_segment,
                        .destination_segment = check.check.destination_segment,
                        .expectation = check.check.expectation,
                        .why_not = is_proven(check) ? "" : why_not_of(check)});
    }
    const auto place = places_.find(flow);
    if (place == places_.end() || !is_proven(check)) continue;
    auto& known = flows_[place->second];
    if (!known.run.empty()) continue;
    known.run = run.header.run;
    known.when = run.end ? run.end->finished : run.header.started;
    known.proof = check.verdict.verdict.proof;
    known.result = check.verdict.verdict.result;
  }
}

std::vector<std::pair<std::string, std::string>> pairs_without_flows(const core::Scenario& scenario,
                                                                     const ProofHistory& history) {
  std::set<std::pair<std::string, std::string>> crossed;
  for (const auto& flow : history.flows()) {
    crossed.emplace(flow.source_segment, flow.destination_segment);
  }
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& from : scenario.segments) {
    for (const auto& to : scenario.segments) {
      if (from.name == to.name || crossed.contains({from.name, to.name})) continue;
      pairs.emplace_back(from.name, to.name);
    }
  }
  return pairs;
}

std::string coverage_json(const core::Scenario& scenario, const ProofHistory& history) {
  json::array flows;
  for (const auto& flow : history.flows()) {
    json::object item{{"flow", flow.flow},
                      {"rule", flow.rule},
                      {"source_segment", flow.source_segment},
                      {"destination_segment", flow.destination_segment},
                      {"expectation", core::word(flow.expectation)},
                      {"run", nullptr},
                      {"when", nullptr},
                      {"proof", nullptr},
                      {"result", nullptr},
                      {"why_not", flow.why_not}};
    if (!flow.run.empty()) {
      item["run"] = flow.run;
      item["when"] = core::text(flow.when);
      item["proof"] = core::word(flow.proof);
      item["result"] = core::word(flow.result);
    }
    flows.push_back(std::move(item));
  }
  json::array untested;
  for (const auto& [from, to] : pairs_without_flows(scenario, history)) {
    untested.push_back({{"from", from}, {"to", to}});
  }
  const json::object object{
      {"apiVersion", "reachproof/v1"}, {"kind", "Coverage"},
      {"scenario", scenario.name},     {"runs", history.runs()},
      {"flows", std::move(flows)},     {"pairs_without_flows", std::move(untested)}};
  return json::serialize(object) + "\n";
}

}  // namespace reachproof::reports
