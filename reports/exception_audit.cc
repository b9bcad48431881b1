#include "reports/exception_audit.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>

namespace reachproof::reports {
namespace {

namespace json = boost::json;

/// What the runs say, the newest first: a run in which no check leans on it says nothing of paths.
void add_use(ExceptionAudit& audit, std::span<const evidence::StoredRun> runs) {
  audit.unused = !runs.empty();
  bool closed = false;
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    std::size_t checks = 0;
    std::size_t open = 0;
    std::size_t blocked = 0;
    for (const auto& check : run->checks) {
      if (check.check.exception != audit.rule->id) continue;
      ++checks;
      const auto result = check.verdict.verdict.result;
      open += check.has_verdict && result == core::CheckResult::Excepted ? 1 : 0;
      blocked += check.has_verdict && result == core::CheckResult::Pass ? 1 : 0;
    }
    if (checks == 0) continue;
    if (audit.unused) {
      audit.unused = false;
      audit.checks = checks;
      audit.open = open;
      closed = blocked == checks;
    }
    if (open > 0 && audit.last_used.empty()) audit.last_used = run->header.run;
  }
  audit.stale = closed;
}

std::uint32_t port_count(const std::vector<core::PortRange>& ports) {
  std::uint32_t count = 0;
  for (const auto& range : ports) count += range.size();
  return count;
}

std::string days(int count) {
  return fmt::format("{} day{}", count, count == 1 ? "" : "s");
}

}  // namespace

std::vector<ExceptionAudit> audit_exceptions(const core::Scenario& scenario, core::Date day,
                                             std::span<const evidence::StoredRun> runs) {
  std::vector<ExceptionAudit> audits;
  for (const auto& rule : scenario.exceptions) {
    ExceptionAudit audit{.rule = &rule};
    audit.days_left = static_cast<int>((rule.expires - day).count());
    audit.expired = rule.expires < day;
    audit.not_yet = day < rule.created;
    audit.expiring = !audit.expired && audit.days_left <= kExpiringDays;
    audit.review_due = rule.review_by && *rule.review_by < day;
    // Beyond its time no check leans on it: only what is in force can be unused.
    if (rule.in_force(day)) add_use(audit, runs);
    audit.broad = audit.checks > kBroadChecks || port_count(rule.ports) > kBroadPorts;
    audits.push_back(std::move(audit));
  }
  return audits;
}

std::vector<std::string> remarks(const ExceptionAudit& audit) {
  std::vector<std::string> said;
  if (audit.expired) said.push_back(fmt::format("expired {} ago", days(-audit.days_left)));
  if (audit.not_yet) said.push_back("not in force before " + core::text(audit.rule->created));
  if (audit.expiring) said.push_back(fmt::format("expires in {}", days(audit.days_left)));
  if (audit.review_due) said.push_back("review was due " + core::text(*audit.rule->review_by));
  if (audit.unused) said.emplace_back("unused");
  if (audit.stale) said.emplace_back("stale: the path is closed");
  if (audit.broad) said.push_back(fmt::format("broad: {} checks lean on it", audit.checks));
  return said;
}

std::string exception_audit_json(const std::vector<ExceptionAudit>& audits) {
  json::array list;
  for (const auto& audit : audits) {
    const auto& rule = *audit.rule;
    json::array compensating;
    for (const auto& measure : rule.compensating) compensating.emplace_back(measure);
    list.push_back({{"id", rule.id},
                    {"of", rule.of},
                    {"owner", rule.owner},
                    {"approver", rule.approver},
                    {"requested_by", rule.requested_by},
                    {"ticket", rule.ticket},
                    {"rationale", rule.rationale},
                    {"compensating", std::move(compensating)},
                    {"created", core::text(rule.created)},
                    {"expires", core::text(rule.expires)},
                    {"days_left", audit.days_left},
                    {"expired", audit.expired},
                    {"not_yet", audit.not_yet},
                    {"expiring", audit.expiring},
                    {"review_due", audit.review_due},
                    {"unused", audit.unused},
                    {"stale", audit.stale},
                    {"broad", audit.broad},
                    {"checks", audit.checks},
                    {"open", audit.open},
                    {"last_used", audit.last_used}});
  }
  const json::object object{
      {"apiVersion", "reachproof/v1"}, {"kind", "ExceptionAudit"}, {"exceptions", std::move(list)}};
  return json::serialize(object) + "\n";
}

}  // namespace reachproof::reports
