#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>

#include "reports/oscal.h"
#include "reports/oscal_parts.h"
#include "reports/oscal_risk.h"
#include "reports/uuid.h"

namespace reachproof::reports {
namespace {

namespace json = boost::json;
using core::CheckResult;
using evidence::StoredCheck;

std::string subject_uuid(const Report& report, const std::string& check) {
  return uuid_of("flow", report.run.header.scenario + "/" + check);
}

std::string_view subject_result(const StoredCheck& check) {
  if (!check.has_verdict) return "error";
  switch (check.verdict.verdict.result) {
    case CheckResult::Pass:
    case CheckResult::InUse:
    case CheckResult::InUseNoted:
    case CheckResult::Idle:
      return "pass";
    case CheckResult::Violation:
    case CheckResult::Broken:
    case CheckResult::Excepted:
      return "fail";
    case CheckResult::Unproven:
      return "error";
  }
  return "error";
}

json::object subject_json(const Report& report, const StoredCheck& stored) {
  const auto flow = oscal::text(flow_text(stored.check));
  const auto when = tried(report.run, stored).last;
  json::array props{oscal::trestle_prop("resource-id", flow),
                    oscal::trestle_prop("result", subject_result(stored)),
                    oscal::trestle_prop("evaluated-on", core::text(when)),
                    oscal::trestle_prop("reason", core::explanation(stored.verdict.verdict))};
  if (stored.verdict.verdict.result == CheckResult::Excepted) {
    props.push_back(oscal::trestle_prop("waived", "true"));
  }
  return {{"subject-uuid", subject_uuid(report, stored.check.id)},
          {"type", "inventory-item"},
          {"title", flow},
          {"props", std::move(props)}};
}

json::array observation_props(const Report& report, const StoredCheck& stored) {
  const auto& verdict = stored.verdict.verdict;
  json::array props{oscal::trestle_prop("assessment-rule-id", stored.check.rule),
                    oscal::trestle_prop("assessment-check-id", stored.check.id),
                    oscal::prop("expectation", core::word(stored.check.expectation)),
                    oscal::prop("reachability", core::word(verdict.reachability)),
                    oscal::prop("proof", core::word(verdict.proof)),
                    oscal::prop("result", core::word(verdict.result))};
  if (!stored.check.exception.empty()) {
    props.push_back(oscal::prop("exception", stored.check.exception));
  }
  if (stored.verdict_record) {
    props.push_back(oscal::prop("log-index", std::to_string(*stored.verdict_record)));
    const auto leaf = report.leaf_sha256(stored.verdict_record);
    if (!leaf.empty()) props.push_back(oscal::prop("leaf-sha256", leaf));
  }
  return props;
}

json::array by_platform() {
  json::object actor{{"type", "assessment-platform"}, {"actor-uuid", oscal::platform_uuid()}};
  return json::array{json::object{{"actors", json::array{std::move(actor)}}}};
}

json::object observation_json(const Report& report, const StoredCheck& stored) {
  const auto& verdict = stored.verdict.verdict;
  json::object item{
      {"uuid", oscal::observation_uuid(report, stored)},
      {"title", oscal::text(headline(stored))},
      {"description", oscal::text(fmt::format(
                          "Expectation {}. {} tries, {} connected. {}",
                          core::word(stored.check.expectation), verdict.attempts, verdict.connected,
                          stored.check.gap.empty() ? core::explanation(verdict)
                                                   : "Not tested: " + stored.check.gap))}};
  item["props"] = observation_props(report, stored);
  item["methods"] = json::array{"TEST"};
  item["types"] = core::is_failure(verdict.result) ? json::array{"control-objective", "discovery"}
                                                   : json::array{"control-objective"};
  item["origins"] = by_platform();
  item["subjects"] = json::array{subject_json(report, stored)};
  if (stored.verdict_record) {
    const auto record = *stored.verdict_record;
    item["relevant-evidence"] = json::array{
        json::object{{"description", fmt::format("Evidence record {} of the log: the verdict, "
                                                 "read with `reachproof evidence show {}`",
                                                 record, record)}}};
  }
  item["collected"] = core::text(tried(report.run, stored).last);
  return item;
}

/// Passing checks of one rule between two segments, where each alone would be too many.
struct PassGroup {
  const StoredCheck* first = nullptr;
  int checks = 0;
  std::optional<evidence::LeafIndex> first_record;
  std::optional<evidence::LeafIndex> last_record;
};

std::string group_name(const core::Check& check) {
  return fmt::format("{}/{}/{}", check.rule, check.source_segment, check.destination_segment);
}

json::object group_json(const Report& report, const std::string& name, const PassGroup& group) {
  const auto& check = group.first->check;
  auto words = fmt::format("{} checks of rule {} from {} to {} came out as intended", group.checks,
                           check.rule, check.source_segment, check.destination_segment);
  json::object item{{"uuid", uuid_of("observation", report.run.header.run + "/" + name)},
                    {"title", oscal::text(words)}};
  if (group.first_record) {
    words += fmt::format("; their verdicts stand in evidence records {} to {}", *group.first_record,
                         *group.last_record);
  }
  item["description"] = oscal::text(words + ".");
  item["props"] = json::array{oscal::trestle_prop("assessment-rule-id", check.rule),
                              oscal::prop("checks", std::to_string(group.checks)),
                              oscal::prop("result", "pass")};
  item["methods"] = json::array{"TEST"};
  item["types"] = json::array{"control-objective"};
  item["origins"] = by_platform();
  item["collected"] = core::text(dated(report.run));
  return item;
}

/// The OSCAL observations, and by which of them each control is spoken of.
class Observations {
 public:
  explicit Observations(const Report& report) : report_(report) {
    const bool each = report.run.checks.size() <= kOscalChecksMax;
    std::map<std::string, PassGroup> groups;
    for (const auto& stored : report.run.checks) {
      if (each || subject_result(stored) != "pass") {
        add(stored);
      } else {
        add_to(groups[group_name(stored.check)], stored);
      }
    }
    for (const auto& [name, group] : groups) {
      auto item = group_json(report, name, group);
      relate(group.first->check, item["uuid"].as_string().c_str());
      list.push_back(std::move(item));
    }
  }

  json::array list;
  json::array items;  ///< inventory items: the flows that the subjects name
  std::map<std::string, json::array> by_control;

 private:
  void add(const StoredCheck& stored) {
    list.push_back(observation_json(report_, stored));
    relate(stored.check, oscal::observation_uuid(report_, stored));
    items.push_back({{"uuid", subject_uuid(report_, stored.check.id)},
                     {"description", oscal::text("Flow " + flow_text(stored.check))}});
  }

  void relate(const core::Check& check, const std::string& uuid) {
    for (const auto& control : check.controls) {
      by_control[control].push_back(json::object{{"observation-uuid", uuid}});
    }
  }

  static void add_to(PassGroup& group, const StoredCheck& stored) {
    if (group.first == nullptr) group.first = &stored;
    ++group.checks;
    if (!stored.verdict_record) return;
    const auto record = *stored.verdict_record;
    group.first_record = std::min(group.first_record.value_or(record), record);
    group.last_record = std::max(group.last_record.value_or(record), record);
  }

  const Report& report_;
};

std::string support_words(const Tally& tally) {
  return fmt::format("passed {} (proved {}), violations {}, broken {}, excepted {}, unproven {}",
                     tally.passes, tally.proved, tally.violations, tally.broken, tally.excepted,
                     tally.unproven);
}

json::object finding_json(const Report& report, const ControlSupport& control,
                          json::array observations, json::array risks) {
  const auto& tally = control.tally;
  const auto name = control.ref.empty() ? control.id : control.ref;
  const bool failed = tally.violations + tally.broken > 0;
  const bool unclear = tally.unproven + tally.excepted > 0;
  json::object status{{"state", failed || unclear ? "not-satisfied" : "satisfied"},
                      {"reason", failed    ? "fail"
                                 : unclear ? "other"
                                           : "pass"},
                      {"remarks", oscal::text(support_words(tally))}};
  const auto target = oscal::target_of(control);
  json::object item{{"uuid", uuid_of("finding", report.run.header.run + "/" + control.id)},
                    {"title", oscal::text(fmt::format("{}: {}", name, support_words(tally)))},
                    {"description", oscal::text(fmt::format(
                                        "Checks that support evidence for {1}: {0}. Of them: {2}.",
                                        tally.checks, name, support_words(tally)))}};
  item["target"] = {{"type", target.type}, {"target-id", target.id}, {"status", std::move(status)}};
  oscal::add_list(item, "related-observations", std::move(observations));
  oscal::add_list(item, "related-risks", std::move(risks));
  return item;
}

json::array findings_json(const Report& report, Observations& observations) {
  json::array findings;
  for (const auto& control : report.controls) {
    json::array risks;
    for (const auto& departure : report.departures) {
      const auto& named = departure.check->check.controls;
      if (!oscal::is_risk(*departure.check) || std::ranges::find(named, control.id) == named.end())
        continue;
      risks.push_back(json::object{{"risk-uuid", oscal::risk_uuid(report, *departure.check)}});
    }
    findings.push_back(finding_json(report, control, std::move(observations.by_control[control.id]),
                                    std::move(risks)));
  }
  return findings;
}

json::object log_entry(const Report& report, std::string_view title, core::WallTime when,
                       const std::string& remarks) {
  json::object by{{"party-uuid", oscal::party_uuid(oscal::assessor(report))}};
  return {{"uuid", uuid_of("log-entry", fmt::format("{}/{}", report.run.header.run, title))},
          {"title", title},
          {"start", core::text(when)},
          {"logged-by", json::array{std::move(by)}},
          {"remarks", oscal::text(remarks)}};
}

json::object log_json(const Report& report) {
  const auto& header = report.run.header;
  json::array entries{log_entry(report, "Run started", header.started,
                                header.why.empty() ? "no reason was given" : header.why)};
  for (const auto& item : report.untested) {
    auto entry = log_entry(report, "Not tested", header.started, item.subject + ": " + item.why);
    entry["uuid"] = uuid_of("log-entry", header.run + "/" + item.subject + "/" + item.why);
    entries.push_back(std::move(entry));
  }
  if (report.run.end) {
    entries.push_back(log_entry(report, "Run finished", report.run.end->finished, report.sentence));
  }
  return {{"entries", std::move(entries)}};
}

json::array result_props(const Report& report) {
  const auto& header = report.run.header;
  const auto& tally = report.tally;
  json::array props{oscal::prop("scenario-sha256", header.scenario_sha256),
                    oscal::prop("inventory-sha256", header.inventory_sha256),
                    oscal::prop("judge-version", std::to_string(header.judge_version)),
                    oscal::prop("checks", std::to_string(tally.checks)),
                    oscal::prop("proven-checks", std::to_string(tally.checks - tally.unproven)),
                    oscal::prop("first-record", std::to_string(report.run.first_record))};
  const auto* evidence = report.from.evidence;
  if (evidence != nullptr && evidence->checkpoint.size > 0) {
    props.push_back(oscal::prop("checkpoint-origin", evidence->checkpoint.origin));
    props.push_back(oscal::prop("checkpoint-size", std::to_string(evidence->checkpoint.size)));
  }
  return props;
}

json::object result_json(const Report& report) {
  const auto& header = report.run.header;
  json::object result{
      {"uuid", uuid_of("result", header.run)},
      {"title", oscal::text("Run " + header.run)},
      {"description", oscal::text(report.untested_sentence + " " + report.sentence)},
      {"start", core::text(header.started)}};
  if (report.run.end) result["end"] = core::text(report.run.end->finished);
  result["props"] = result_props(report);
  Observations observations(report);
  json::object local;
  oscal::add_list(local, "inventory-items", std::move(observations.items));
  local["assessment-assets"] = oscal::assessment_assets(report);
  result["local-definitions"] = std::move(local);
  result["reviewed-controls"] = oscal::reviewed_controls(report);
  result["assessment-log"] = log_json(report);
  oscal::add_list(result, "risks", oscal::risks(report));
  oscal::add_list(result, "findings", findings_json(report, observations));
  oscal::add_list(result, "observations", std::move(observations.list));
  std::string remarks;
  for (const auto& limitation : standing_limitations()) remarks += limitation + " ";
  result["remarks"] = oscal::text(remarks);
  return result;
}

}  // namespace

std::string oscal_results(const Report& report) {
  const auto& header = report.run.header;
  json::object results{{"uuid", uuid_of("assessment-results", header.run)}};
  results["metadata"] = oscal::metadata(
      report, fmt::format("Reachproof results, {}, run {}", header.scenario, header.run));
  results["import-ap"] = {{"href", "assessment-plan.json"}};
  results["results"] = json::array{result_json(report)};
  json::object document{{"assessment-results", std::move(results)}};
  return json::serialize(document) + "\n";
}

}  // namespace reachproof::reports
