#include "reports/run_json.h"

#include <boost/json.hpp>
#include <map>

namespace reachproof::reports {
namespace {

namespace json = boost::json;
using evidence::StoredCheck;
using evidence::StoredRun;

json::object envelope(std::string_view kind) {
  return {{"apiVersion", "reachproof/v1"}, {"kind", kind}};
}

json::value word_value(std::string_view word) {
  return json::value(json::string(word));
}

json::array texts_json(const std::vector<std::string>& texts) {
  json::array list;
  for (const auto& text : texts) list.push_back(json::string(text));
  return list;
}

json::object check_json(const StoredCheck& stored) {
  const auto& check = stored.check;
  const auto& verdict = stored.verdict.verdict;
  json::object object{{"id", check.id},
                      {"rule", check.rule},
                      {"why", check.why},
                      {"line", check.mark.line},
                      {"file", check.mark_file},
                      {"source", check.source},
                      {"destination", check.destination},
                      {"source_segment", check.source_segment},
                      {"destination_segment", check.destination_segment},
                      {"protocol", word_value(core::word(check.port.protocol))},
                      {"port", check.port.port},
                      {"layer", check.layer ? check.layer->label : ""},
                      {"expectation", word_value(core::word(check.expectation))},
                      {"severity", word_value(core::word(check.severity))},
                      {"exception", check.exception},
                      {"gap", check.gap},
                      {"untried_pairs", check.pairs_untried}};
  if (stored.has_verdict) {
    object["result"] = core::word(verdict.result);
    object["reachability"] = core::word(verdict.reachability);
    object["proof"] = core::word(verdict.proof);
    object["reason"] = core::word(verdict.reason);
    object["explanation"] = core::explanation(verdict);
    object["detail"] = verdict.detail;
    object["connected"] = verdict.connected;
    object["attempts"] = verdict.attempts;
    if (verdict.reachability == core::Reachability::Blocked && verdict.attempts > 0) {
      object["leak_rate_bound_95"] = core::leak_rate_bound(verdict.attempts);
    }
    object["deciding_path"] = stored.verdict.deciding_path;
  }
  if (stored.observation_record) object["observation_record"] = *stored.observation_record;
  if (stored.verdict_record) object["verdict_record"] = *stored.verdict_record;
  return object;
}

json::object attempt_json(const core::Attempt& attempt) {
  json::object object{{"number", attempt.number},
                      {"outcome", word_value(core::word(attempt.outcome))},
                      {"nonce", word_value(core::word(attempt.nonce))},
                      {"errno", attempt.error_number},
                      {"source", attempt.source.text()},
                      {"source_port", attempt.source_port},
                      {"started", core::text(attempt.started.wall)},
                      {"started_monotonic_us", attempt.started.monotonic_us},
                      {"elapsed_us", attempt.elapsed_us},
                      {"detail", attempt.detail}};
  if (attempt.icmp) {
    object["icmp"] = json::object{{"type", attempt.icmp->type},
                                  {"code", attempt.icmp->code},
                                  {"sender", attempt.icmp->sender.text()}};
  }
  if (attempt.exchange) {
    const auto& exchange = *attempt.exchange;
    object["exchange"] = json::object{{"state", word_value(core::word(exchange.state))},
                                      {"code", exchange.code},
                                      {"says", exchange.says},
                                      {"names", texts_json(exchange.names)},
                                      {"certificate", exchange.certificate},
                                      {"tls_version", exchange.version},
                                      {"wants_certificate", exchange.wants_certificate}};
  }
  return object;
}

json::object observation_json(const core::Path& path, const core::Observation& seen) {
  json::array attempts;
  for (const auto& attempt : seen.attempts) attempts.push_back(attempt_json(attempt));
  json::array sightings;
  for (const auto& sighting : seen.sightings) {
    sightings.push_back({{"arrived", sighting.arrived},
                         {"answer", word_value(core::word(sighting.answer))},
                         {"source", sighting.seen_source.text()},
                         {"source_port", sighting.seen_source_port}});
  }
  return {{"vantage", path.vantage},
          {"target", path.target},
          {"address", path.address.text()},
          {"hostname", path.hostname},
          {"variant", path.variant},
          {"attempts", attempts},
          {"sightings", sightings},
          {"witness", word_value(core::word(seen.witness))},
          {"witness_detail", seen.witness_detail},
          {"port_state", word_value(core::word(seen.port))},
          {"port_detail", seen.port_detail},
          {"source_proof", word_value(core::word(seen.source))}};
}

json::object run_head(const StoredRun& run) {
  json::object object{{"id", run.header.run},
                      {"scenario", run.header.scenario},
                      {"scenario_file", run.header.scenario_file},
                      {"scenario_sha256", run.header.scenario_sha256},
                      {"inventory_sha256", run.header.inventory_sha256},
                      {"started", core::text(run.header.started)},
                      {"who", run.header.who},
                      {"software", run.header.software},
                      {"finished", nullptr},
                      {"interrupted", ""}};
  if (run.end) {
    object["finished"] = core::text(run.end->finished);
    object["interrupted"] = run.end->interrupted;
  }
  return object;
}

json::array changes_json(const std::vector<core::CheckChange>& changes) {
  json::array list;
  for (const auto& change : changes) {
    list.push_back({{"id", change.id},
                    {"before", word_value(core::word(change.before.result))},
                    {"before_reachability", word_value(core::word(change.before.reachability))},
                    {"after", word_value(core::word(change.after.result))},
                    {"after_reachability", word_value(core::word(change.after.reachability))}});
  }
  return list;
}

json::object difference_json(const core::RunDiff& diff) {
  return {{"opened", changes_json(diff.opened)},         {"closed", changes_json(diff.closed)},
          {"lost_sight", changes_json(diff.lost_sight)}, {"unproven", changes_json(diff.dimmed)},
          {"changed", changes_json(diff.changed)},       {"added", texts_json(diff.added)},
          {"removed", texts_json(diff.removed)},         {"persisting", diff.persisting}};
}

}  // namespace

std::string results_json(const StoredRun& run, const ResultFilter& filter,
                         const Compared* compared) {
  auto object = envelope("RunResult");
  object["run"] = run_head(run);
  json::object counts;
  json::array checks;
  for (const auto& check : run.checks) {
    if (!filter.keeps(check)) continue;
    checks.push_back(check_json(check));
    auto& count = counts[check.has_verdict ? core::word(check.verdict.verdict.result) : "none"];
    count = count.is_int64() ? count.get_int64() + 1 : std::int64_t{1};
  }
  object["counts"] = std::move(counts);
  object["checks"] = std::move(checks);
  json::array gaps;
  for (const auto& gap : run.gaps) gaps.push_back({{"rule", gap.rule}, {"reason", gap.reason}});
  object["gaps"] = std::move(gaps);
  json::array probes;
  for (const auto& probe : run.probes) {
    probes.push_back({{"endpoint", probe.endpoint},
                      {"software", probe.software},
                      {"can_capture", probe.can_capture},
                      {"lost", probe.lost}});
  }
  object["probes"] = std::move(probes);
  json::array refusals;
  for (const auto& refusal : run.refusals) {
    refusals.push_back(
        {{"endpoint", refusal.endpoint}, {"why", refusal.why}, {"detail", refusal.detail}});
  }
  object["refusals"] = std::move(refusals);
  if (compared != nullptr) {
    auto change = difference_json(compared->diff());
    change["baseline"] = run_head(compared->baseline());
    object["since"] = std::move(change);
  }
  return json::serialize(object) + "\n";
}

std::string explanation_json(const StoredRun& run, const std::vector<const StoredCheck*>& checks) {
  auto object = envelope("Explanation");
  object["run"] = run_head(run);
  json::array list;
  for (const auto* check : checks) {
    auto item = check_json(*check);
    json::array observations;
    for (std::size_t p = 0; p < check->observations.size() && p < check->check.paths.size(); ++p) {
      observations.push_back(observation_json(check->check.paths[p], check->observations[p]));
    }
    item["observations"] = std::move(observations);
    list.push_back(std::move(item));
  }
  object["checks"] = std::move(list);
  return json::serialize(object) + "\n";
}

std::string diff_json(const StoredRun& before, const StoredRun& after, const core::RunDiff& diff) {
  auto object = envelope("RunDiff");
  object["before"] = run_head(before);
  object["after"] = run_head(after);
  for (auto& member : difference_json(diff)) object[member.key()] = std::move(member.value());
  return json::serialize(object) + "\n";
}

std::string plan_json(const core::Plan& plan) {
  auto object = envelope("Plan");
  json::array checks;
  for (const auto& check : plan.checks) {
    json::array paths;
    for (const auto& path : check.paths) {
      paths.push_back({{"vantage", path.vantage},
                       {"target", path.target},
                       {"address", path.address.text()},
                       {"hostname", path.hostname},
                       {"variant", path.variant},
                       {"port", path.port},
                       {"attempts", path.attempts},
                       {"timeout_ms", path.timeout.count()},
                       {"witnessed", path.witnessed},
                       {"liveness_from", texts_json(path.liveness_from)}});
    }
    auto item = check_json({.check = check});
    item["paths"] = std::move(paths);
    checks.push_back(std::move(item));
  }
  object["checks"] = std::move(checks);
  json::array gaps;
  for (const auto& gap : plan.gaps) gaps.push_back({{"rule", gap.rule}, {"reason", gap.reason}});
  object["gaps"] = std::move(gaps);
  json::array witnesses;
  for (const auto& witness : plan.witnesses) {
    json::array ports;
    for (const auto& port : witness.ports) {
      ports.push_back({{"port", port.port.text()}, {"may_listen", port.may_listen}});
    }
    witnesses.push_back({{"endpoint", witness.endpoint}, {"ports", ports}});
  }
  object["witnesses"] = std::move(witnesses);
  object["attempts"] = plan.trials.size();
  object["duration_ms"] =
      std::chrono::duration_cast<std::chrono::milliseconds>(plan.duration()).count();
  return json::serialize(object) + "\n";
}

}  // namespace reachproof::reports
