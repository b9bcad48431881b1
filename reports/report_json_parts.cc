#include "reports/report_json_parts.h"

#include <boost/json.hpp>

#include "core/base64.h"
#include "core/hex.h"

namespace reachproof::reports {
namespace {

namespace json = boost::json;

json::array texts_json(const std::vector<std::string>& texts) {
  json::array list;
  for (const auto& text : texts) list.push_back(json::string(text));
  return list;
}

json::object tally_json(const Tally& tally) {
  return {{"checks", tally.checks},
          {"violations", tally.violations},
          {"broken", tally.broken},
          {"unproven", tally.unproven},
          {"untestable", tally.untestable},
          {"excepted", tally.excepted},
          {"passes", tally.passes},
          {"proved", tally.proved},
          {"corroborated", tally.corroborated},
          {"in_use", tally.in_use},
          {"idle", tally.idle}};
}

json::array changes_json(const std::vector<core::CheckChange>& changes) {
  json::array list;
  for (const auto& change : changes) {
    list.push_back({{"id", change.id},
                    {"before", core::word(change.before.result)},
                    {"before_reachability", core::word(change.before.reachability)},
                    {"after", core::word(change.after.result)},
                    {"after_reachability", core::word(change.after.reachability)}});
  }
  return list;
}

json::value record_json(const std::optional<evidence::LeafIndex>& record) {
  return record ? json::value(*record) : json::value(nullptr);
}

/// Sets it only where it says something.
void set_text(json::object& object, std::string_view name, const std::string& text) {
  if (!text.empty()) object[name] = text;
}

}  // namespace

json::value not_tested_json(const Report& report) {
  json::array items;
  for (const auto& item : report.untested) {
    items.push_back({{"what", word(item.what)}, {"subject", item.subject}, {"why", item.why}});
  }
  return json::object{{"sentence", report.untested_sentence}, {"items", std::move(items)}};
}

json::value summary_json(const Report& report) {
  auto object = tally_json(report.tally);
  object["sentence"] = report.sentence;
  return object;
}

json::value run_json(const Report& report) {
  const auto& run = report.run;
  const auto& header = run.header;
  json::array probes;
  for (const auto& probe : run.probes) {
    probes.push_back({{"endpoint", probe.endpoint},
                      {"host", probe.host},
                      {"software", probe.software},
                      {"can_capture", probe.can_capture},
                      {"clock", core::text(probe.hello.wall)},
                      {"scope", probe.scope},
                      {"lost", probe.lost}});
  }
  json::object object{{"id", header.run},
                      {"scenario", header.scenario},
                      {"scenario_file", header.scenario_file},
                      {"scenario_sha256", header.scenario_sha256},
                      {"inventory_file", header.inventory_file},
                      {"inventory_sha256", header.inventory_sha256},
                      {"started", core::text(header.started)},
                      {"finished", nullptr},
                      {"interrupted", run.end ? run.end->interrupted : ""},
                      {"who", header.who},
                      {"why", header.why},
                      {"change", header.change},
                      {"as_of", core::text(header.as_of.value_or(header.started))},
                      {"software", header.software},
                      {"judge_version", header.judge_version},
                      {"require_proved", header.require_proved},
                      {"first_record", run.first_record},
                      {"end_record", run.end_record}};
  if (run.end) object["finished"] = core::text(run.end->finished);
  object["owner"] = report.from.scenario == nullptr ? "" : report.from.scenario->owner;
  object["probes"] = std::move(probes);
  return object;
}

json::value change_json(const Report& report) {
  if (!report.change) return nullptr;
  const auto& diff = report.change->diff;
  return json::object{{"run", report.change->run},
                      {"started", core::text(report.change->started)},
                      {"opened", changes_json(diff.opened)},
                      {"closed", changes_json(diff.closed)},
                      {"lost_sight", changes_json(diff.lost_sight)},
                      {"unproven", changes_json(diff.dimmed)},
                      {"changed", changes_json(diff.changed)},
                      {"added", texts_json(diff.added)},
                      {"removed", texts_json(diff.removed)},
                      {"persisting", diff.persisting}};
}

json::value point_json(const RunPoint& run) {
  json::object results;
  for (const auto& [word, count] : run.results) results[word] = count;
  return json::object{{"run", run.run},
                      {"started", core::text(run.started)},
                      {"change", run.change},
                      {"finished", run.finished},
                      {"results", std::move(results)}};
}

json::value scope_json(const Report& report) {
  const auto& scope = report.scope;
  return json::object{{"ports", texts_json(scope.ports)},
                      {"ipv4", scope.ipv4},
                      {"ipv6", scope.ipv6},
                      {"attempts", scope.attempts},
                      {"pairs", scope.pairs},
                      {"pairs_tested", scope.pairs_tested}};
}

json::value cell_json(const std::pair<std::uint32_t, std::uint32_t>& place, const Cell& cell) {
  const auto& verdict = cell.worst->verdict.verdict;
  return json::array{place.first,
                     place.second,
                     core::word(verdict.result),
                     core::word(verdict.reachability),
                     core::word(verdict.proof),
                     cell.checks,
                     cell.failing,
                     cell.unproven,
                     cell.excepted,
                     cell.denied,
                     cell.allowed,
                     cell.open,
                     cell.proved,
                     cell.corroborated,
                     record_json(cell.first_record),
                     record_json(cell.last_record)};
}

json::value check_json(const Report& report, const evidence::StoredCheck& stored) {
  const auto& check = stored.check;
  const auto& verdict = stored.verdict.verdict;
  json::object object{{"id", check.id},
                      {"rule", check.rule},
                      {"source", check.source},
                      {"destination", check.destination},
                      {"port", check.port.text()},
                      {"expectation", core::word(check.expectation)},
                      {"severity", core::word(check.severity)},
                      {"result", core::word(verdict.result)},
                      {"reachability", core::word(verdict.reachability)},
                      {"proof", core::word(verdict.proof)},
                      {"reason", core::word(verdict.reason)},
                      {"connected", verdict.connected},
                      {"attempts", verdict.attempts},
                      {"judged", stored.has_verdict},
                      {"verdict_record", record_json(stored.verdict_record)}};
  set_text(object, "layer", check.layer ? check.layer->label : "");
  set_text(object, "exception", check.exception);
  set_text(object, "gap", check.gap);
  set_text(object, "detail", verdict.detail);
  set_text(object, "leaf_sha256", report.leaf_sha256(stored.verdict_record));
  return object;
}

json::value rule_json(const RuleUse& rule) {
  return json::object{{"id", rule.id},
                      {"why", rule.why},
                      {"expectation", core::word(rule.expectation)},
                      {"severity", core::word(rule.severity)},
                      {"file", rule.file},
                      {"line", rule.line},
                      {"controls", texts_json(rule.controls)},
                      {"techniques", texts_json(rule.techniques)},
                      {"tally", tally_json(rule.tally)}};
}

json::value exception_json(const ExceptionUse& use) {
  json::array checks;
  for (const auto* check : use.checks) checks.push_back(json::string(check->check.id));
  json::object object{{"id", use.id}, {"checks", std::move(checks)}, {"open", use.open}};
  if (use.rule == nullptr) return object;
  const auto& rule = *use.rule;
  object["of"] = rule.of;
  object["owner"] = rule.owner;
  object["approver"] = rule.approver;
  object["rationale"] = rule.rationale;
  object["ticket"] = rule.ticket;
  object["created"] = core::text(rule.created);
  object["expires"] = core::text(rule.expires);
  object["compensating"] = texts_json(rule.compensating);
  return object;
}

json::value control_json(const ControlSupport& control) {
  return json::object{{"id", control.id},
                      {"framework", control.framework},
                      {"ref", control.ref},
                      {"title", control.title},
                      {"tally", tally_json(control.tally)}};
}

json::value technique_json(const TechniqueExposure& exposure) {
  return json::object{{"id", exposure.id}, {"tally", tally_json(exposure.tally)}};
}

json::value evidence_json(const Report& report) {
  const auto* evidence = report.from.evidence;
  if (evidence == nullptr) return nullptr;
  json::array records;
  for (const auto& shown : evidence->records) {
    json::array proof;
    for (const auto& hash : shown.proof) proof.push_back(json::string(core::base64(hash)));
    records.push_back({{"index", shown.record.index},
                       {"kind", shown.record.kind},
                       {"recorded_at", shown.record.recorded_at},
                       {"body", shown.record.body},
                       {"leaf_sha256", core::hex(shown.record.leaf)},
                       {"proof", std::move(proof)}});
  }
  return json::object{{"checkpoint", evidence->note},
                      {"checkpoint_size", evidence->checkpoint.size},
                      {"vkey", evidence->vkey},
                      {"records", std::move(records)},
                      {"records_left_out", evidence->left_out}};
}

}  // namespace reachproof::reports
