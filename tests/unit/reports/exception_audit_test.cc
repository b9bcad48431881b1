#include "reports/exception_audit.h"

#include <gmock/gmock.h>

#include "tests/support/stored_runs.h"

namespace reachproof::reports {
namespace {

using core::CheckResult;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

core::Date day(const char* text) {
  return *core::parse_date(text);
}

core::Scenario scenario_with(const char* id) {
  core::Scenario scenario;
  core::ExceptionRule rule;
  rule.id = id;
  rule.of = "X1";
  rule.created = day("2026-11-01");
  rule.expires = day("2026-12-31");
  rule.ports = {*core::PortRange::parse("tcp/22")};
  scenario.exceptions.push_back(rule);
  return scenario;
}

/// A run whose checks lean on an exception and end so.
evidence::StoredRun run_of(const char* id, const char* exception,
                           const std::vector<CheckResult>& results) {
  evidence::StoredRun run;
  run.header.run = id;
  for (const auto result : results) {
    evidence::StoredCheck check;
    check.check.exception = exception;
    check.verdict = test::verdict_as(result);
    check.has_verdict = true;
    run.checks.push_back(check);
  }
  return run;
}

ExceptionAudit audited(const char* as_of, const std::vector<evidence::StoredRun>& runs) {
  static const auto scenario = scenario_with("E1");
  return audit_exceptions(scenario, day(as_of), runs).at(0);
}

TEST(ExceptionAudit, ItsTimeDecidesFirst) {
  EXPECT_THAT(remarks(audited("2026-11-15", {})), IsEmpty());
  EXPECT_THAT(remarks(audited("2026-12-17", {})), ElementsAre("expires in 14 days"));
  EXPECT_THAT(remarks(audited("2026-12-30", {})), ElementsAre("expires in 1 day"));
  EXPECT_THAT(remarks(audited("2026-12-31", {})), ElementsAre("expires in 0 days"));
  EXPECT_THAT(remarks(audited("2027-01-03", {})), ElementsAre("expired 3 days ago"));
  EXPECT_THAT(remarks(audited("2026-10-01", {})), ElementsAre("not in force before 2026-11-01"));
}

TEST(ExceptionAudit, OneThatNoCheckLeansOnIsUnused) {
  EXPECT_THAT(remarks(audited("2026-11-15", {run_of("r-1", "E9", {CheckResult::Excepted})})),
              ElementsAre("unused"));
  EXPECT_THAT(remarks(audited("2027-01-03", {run_of("r-1", "E9", {CheckResult::Excepted})})),
              ElementsAre("expired 3 days ago"));
}

TEST(ExceptionAudit, OneWhosePathIsClosedIsStaleAndOneThatIsUnprovenIsNot) {
  const auto open = run_of("r-1", "E1", {CheckResult::Excepted, CheckResult::Pass});
  const auto closed = run_of("r-2", "E1", {CheckResult::Pass, CheckResult::Pass});
  const auto unsure = run_of("r-3", "E1", {CheckResult::Pass, CheckResult::Unproven});
  EXPECT_THAT(remarks(audited("2026-11-15", {open})), IsEmpty());
  const auto stale = audited("2026-11-15", {open, closed});
  EXPECT_THAT(remarks(stale), ElementsAre("stale: the path is closed"));
  EXPECT_EQ(stale.last_used, "r-1");
  EXPECT_THAT(remarks(audited("2026-11-15", {open, closed, unsure})), IsEmpty());
}

TEST(ExceptionAudit, OneThatManyChecksLeanOnIsBroad) {
  const std::vector<CheckResult> many(kBroadChecks + 1, CheckResult::Excepted);
  EXPECT_THAT(remarks(audited("2026-11-15", {run_of("r-1", "E1", many)})),
              ElementsAre("broad: 21 checks lean on it"));
}

TEST(ExceptionAudit, JsonHasAllOfIt) {
  const auto scenario = scenario_with("E1");
  const auto text = exception_audit_json(audit_exceptions(scenario, day("2027-01-03"), {}));
  EXPECT_THAT(text, HasSubstr("\"kind\":\"ExceptionAudit\""));
  EXPECT_THAT(text, HasSubstr("\"days_left\":-3,\"expired\":true"));
}

}  // namespace
}  // namespace reachproof::reports
