#include <boost/json.hpp>

#include "orchestrator/api/views.h"

/// Stored runs as callers of the API see them; field names are those of `results --output json`.
namespace reachproof::orchestrator::api {
namespace {

namespace json = boost::json;

json::value word_value(std::string_view word) {
  return json::value(json::string(word));
}

json::object attempt_view(const core::Attempt& attempt) {
  json::object object{{"number", attempt.number},
                      {"outcome", word_value(core::word(attempt.outcome))},
                      {"nonce", word_value(core::word(attempt.nonce))},
                      {"errno", attempt.error_number},
                      {"source", attempt.source.text()},
                      {"source_port", attempt.source_port},
                      {"started", core::text(attempt.started.wall)},
                      {"elapsed_us", attempt.elapsed_us},
                      {"detail", attempt.detail}};
  if (attempt.icmp) {
    object["icmp"] = json::object{{"type", attempt.icmp->type},
                                  {"code", attempt.icmp->code},
                                  {"sender", attempt.icmp->sender.text()}};
  }
  return object;
}

json::object path_view(const core::Path& path, const core::Observation& seen) {
  json::array attempts;
  for (const auto& attempt : seen.attempts) attempts.push_back(attempt_view(attempt));
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
          {"attempts", std::move(attempts)},
          {"sightings", std::move(sightings)},
          {"witness", word_value(core::word(seen.witness))},
          {"witness_detail", seen.witness_detail},
          {"port_state", word_value(core::word(seen.port))},
          {"port_detail", seen.port_detail},
          {"source_proof", word_value(core::word(seen.source))}};
}

json::array changes(const std::vector<core::CheckChange>& list) {
  json::array out;
  for (const auto& change : list) {
    out.push_back({{"id", change.id},
                   {"before", word_value(core::word(change.before.result))},
                   {"before_reachability", word_value(core::word(change.before.reachability))},
                   {"after", word_value(core::word(change.after.result))},
                   {"after_reachability", word_value(core::word(change.after.reachability))}});
  }
  return out;
}

json::array texts(const std::vector<std::string>& values) {
  json::array list;
  for (const auto& value : values) list.push_back(json::string(value));
  return list;
}

}  // namespace

json::object run_view(const evidence::RunHeader& header, const std::optional<evidence::RunEnd>& end,
                      bool running) {
  json::object results;
  if (end) {
    for (const auto& [word, count] : end->results) results[word] = count;
  }
  json::object object{{"id", header.run},
                      {"state", running ? "running"
                                : end   ? "finished"
                                        : "broken-off"},
                      {"scenario", header.scenario},
                      {"scenario_sha256", header.scenario_sha256},
                      {"inventory_sha256", header.inventory_sha256},
                      {"started", core::text(header.started)},
                      {"finished", nullptr},
                      {"interrupted", ""},
                      {"who", header.who},
                      {"why", header.why},
                      {"software", header.software},
                      {"judge_version", header.judge_version},
                      {"results", std::move(results)},
                      {"proved", 0},
                      {"corroborated", 0}};
  if (end) {
    object["finished"] = core::text(end->finished);
    object["interrupted"] = end->interrupted;
    object["proved"] = end->proved;
    object["corroborated"] = end->corroborated;
  }
  return object;
}

json::object verdict_view(const evidence::StoredCheck& stored) {
  const auto& check = stored.check;
  json::object object{{"id", check.id},
                      {"rule", check.rule},
                      {"why", check.why},
                      {"source", check.source},
                      {"destination", check.destination},
                      {"source_segment", check.source_segment},
                      {"destination_segment", check.destination_segment},
                      {"protocol", word_value(core::word(check.port.protocol))},
                      {"port", check.port.port},
                      {"expectation", word_value(core::word(check.expectation))},
                      {"severity", word_value(core::word(check.severity))},
                      {"exception", check.exception},
                      {"gap", check.gap},
                      {"result", nullptr},
                      {"verdict_record", nullptr},
                      {"observation_record", nullptr}};
  if (stored.verdict_record) object["verdict_record"] = *stored.verdict_record;
  if (stored.observation_record) object["observation_record"] = *stored.observation_record;
  if (!stored.has_verdict) return object;
  const auto& verdict = stored.verdict.verdict;
  object["result"] = word_value(core::word(verdict.result));
  object["reachability"] = word_value(core::word(verdict.reachability));
  object["proof"] = word_value(core::word(verdict.proof));
  object["reason"] = word_value(core::word(verdict.reason));
  object["explanation"] = core::explanation(verdict);
  object["connected"] = verdict.connected;
  object["attempts"] = verdict.attempts;
  return object;
}

json::object observations_view(const evidence::StoredCheck& stored) {
  json::array paths;
  for (std::size_t p = 0; p < stored.observations.size() && p < stored.check.paths.size(); ++p) {
    paths.push_back(path_view(stored.check.paths[p], stored.observations[p]));
  }
  json::object object{{"check", stored.check.id}, {"record", nullptr}, {"paths", std::move(paths)}};
  if (stored.observation_record) object["record"] = *stored.observation_record;
  return object;
}

json::object diff_view(const std::string& before, const std::string& after,
                       const core::RunDiff& diff) {
  return {{"before", before},
          {"after", after},
          {"opened", changes(diff.opened)},
          {"closed", changes(diff.closed)},
          {"lost_sight", changes(diff.lost_sight)},
          {"unproven", changes(diff.dimmed)},
          {"changed", changes(diff.changed)},
          {"added", texts(diff.added)},
          {"removed", texts(diff.removed)},
          {"persisting", diff.persisting}};
}

}  // namespace reachproof::orchestrator::api
