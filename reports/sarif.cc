#include "reports/sarif.h"

#include <fmt/core.h>

#include <boost/json.hpp>

#include "core/hex.h"

namespace reachproof::reports {
namespace {

namespace json = boost::json;
using core::CheckResult;

/// What code scanning sorts by: 9 and above is critical, 7 high, 4 medium.
std::string_view security_severity(core::Severity severity) {
  switch (severity) {
    case core::Severity::Low:
      return "2.0";
    case core::Severity::Medium:
      return "5.0";
    case core::Severity::High:
      return "8.0";
    case core::Severity::Critical:
      return "9.5";
  }
  return "5.0";
}

json::object rule_json(const RuleUse& rule) {
  json::array tags{"security"};
  for (const auto& technique : rule.techniques) tags.push_back(json::string(technique));
  for (const auto& control : rule.controls) tags.push_back(json::string(control));
  json::object item{{"id", rule.id}};
  item["shortDescription"] = {{"text", rule.why.empty() ? rule.id : rule.why}};
  item["properties"] = {{"tags", std::move(tags)},
                        {"security-severity", security_severity(rule.severity)}};
  return item;
}

/// A path that a repository has: what stands before its own folders is cut away.
std::string artifact_uri(const std::string& file) {
  auto path = file.empty() ? std::string("scenario.yaml") : file;
  if (path.starts_with('/')) path = path.substr(path.rfind('/') + 1);
  while (path.starts_with("../") || path.starts_with("./")) path = path.substr(path.find('/') + 1);
  std::string uri;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        std::isalnum(byte) != 0 || std::string_view("-._~/").find(c) != std::string_view::npos;
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return uri;
}

json::object location_json(const RuleUse& rule, const core::Check& check) {
  json::object region{{"startLine", std::max(rule.line, 1)}};
  json::object artifact{{"uri", artifact_uri(rule.file)}, {"uriBaseId", "SRCROOT"}};
  json::object physical{{"artifactLocation", std::move(artifact)}, {"region", std::move(region)}};
  json::array logical{json::object{{"fullyQualifiedName", flow_text(check)}}};
  return {{"physicalLocation", std::move(physical)}, {"logicalLocations", std::move(logical)}};
}

std::string_view kind_of(const evidence::StoredCheck& check) {
  switch (check.verdict.verdict.result) {
    case CheckResult::Violation:
    case CheckResult::Broken:
    case CheckResult::Excepted:
      return "fail";
    case CheckResult::Unproven:
      return "open";
    case CheckResult::Pass:
      return check.has_verdict ? "pass" : "open";
    case CheckResult::InUse:
    case CheckResult::InUseNoted:
    case CheckResult::Idle:
      return "informational";
  }
  return "open";
}

std::string_view level_of(const evidence::StoredCheck& check) {
  const auto& verdict = check.verdict.verdict;
  if (kind_of(check) != "fail") return "none";
  const bool wide = verdict.reachability == core::Reachability::Open;
  return wide || verdict.result == CheckResult::Broken ? "error" : "warning";
}

std::string justification(const Report& report, const std::string& id) {
  for (const auto& use : report.exceptions) {
    if (use.id != id || use.rule == nullptr) continue;
    return fmt::format("{} until {}, {}: {}", id, core::text(use.rule->expires), use.rule->ticket,
                       use.rule->rationale);
  }
  return id;
}

json::object result_json(const Report& report, const Departure& departure, std::size_t rule) {
  const auto& stored = *departure.check;
  const auto& verdict = stored.verdict.verdict;
  auto text = headline(stored) + ": " + core::explanation(verdict) + ".";
  if (stored.verdict_record) text += fmt::format(" Evidence record {}.", *stored.verdict_record);
  json::object item{{"ruleId", stored.check.rule},
                    {"ruleIndex", rule},
                    {"kind", kind_of(stored)},
                    {"level", level_of(stored)}};
  item["message"] = {{"text", text}};
  item["locations"] = json::array{location_json(report.rules[rule], stored.check)};
  item["partialFingerprints"] = {
      {"reachproofCheck/v1", core::hex(evidence::sha256(stored.check.id))}};
  if (report.change) item["baselineState"] = departure.is_new ? "new" : "unchanged";
  if (verdict.result == CheckResult::Excepted) {
    item["suppressions"] =
        json::array{json::object{{"kind", "external"},
                                 {"status", "accepted"},
                                 {"justification", justification(report, stored.check.exception)}}};
  }
  return item;
}

json::object run_json(const Report& report) {
  json::array rules;
  std::map<std::string_view, std::size_t> places;
  for (const auto& rule : report.rules) {
    places[rule.id] = places.size();
    rules.push_back(rule_json(rule));
  }
  json::array results;
  for (const auto& departure : report.departures) {
    results.push_back(result_json(report, departure, places[departure.check->check.rule]));
  }
  const auto& header = report.run.header;
  json::object driver{{"name", "Reachproof"}, {"version", report.from.software}};
  driver["rules"] = std::move(rules);
  json::object run{{"tool", json::object{{"driver", std::move(driver)}}}};
  run["automationDetails"] = {{"id", fmt::format("reachproof/{}/{}", header.scenario, header.run)}};
  json::object invocation{{"executionSuccessful", report.run.end.has_value()},
                          {"startTimeUtc", core::text(header.started)}};
  if (report.run.end) invocation["endTimeUtc"] = core::text(report.run.end->finished);
  run["invocations"] = json::array{std::move(invocation)};
  run["columnKind"] = "utf16CodeUnits";
  run["results"] = std::move(results);
  run["properties"] = {{"summary", report.sentence},
                       {"notTested", report.untested_sentence},
                       {"checks", report.tally.checks},
                       {"passes", report.tally.passes}};
  return run;
}

}  // namespace

std::string sarif(const Report& report) {
  json::object document{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                        {"version", "2.1.0"},
                        {"runs", json::array{run_json(report)}}};
  return json::serialize(document) + "\n";
}

}  // namespace reachproof::reports
