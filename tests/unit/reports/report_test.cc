#include "reports/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/stored_runs.h"

namespace reachproof::reports {
namespace {

using core::CheckResult;
using test::empty_run;
using test::made_run;
using test::stored_check;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;

/// A run that is told check by check.
class Told {
 public:
  Told& check(const std::string& source, const std::string& destination, CheckResult result,
              core::Severity severity = core::Severity::Medium) {
    core::Check check;
    check.id = "X1/" + source + "/" + destination + "/tcp/22";
    check.rule = "X1";
    check.source = source;
    check.destination = destination;
    check.source_segment = "s-" + source;
    check.destination_segment = "s-" + destination;
    check.port = {core::Protocol::Tcp, 22};
    check.severity = severity;
    if (result == CheckResult::Excepted) check.exception = "E1";
    run.checks.push_back(stored_check(check, result, run.header.started, 3));
    return *this;
  }
  [[nodiscard]] Report report() const { return make_report({.run = &run}); }
  evidence::StoredRun run = empty_run();
};

TEST(Report, SaysWhatWasNotTestedBesideHowItEnded) {
  Told told;
  told.check("a", "b", CheckResult::Violation).check("b", "a", CheckResult::Pass);
  told.run.gaps.push_back({"X2", "no endpoint is known"});
  told.run.probes.push_back({.endpoint = "b-1", .lost = "it went away"});
  told.run.refusals.push_back({"a-1", 7, "scope", "10.0.0.9 is not permitted"});
  const auto report = told.report();
  EXPECT_EQ(report.sentence, "1 violation, of 2 checks.");
  EXPECT_EQ(report.untested_sentence,
            "Not tested: 1 part of a rule, what 1 lost probe should have done, what probes "
            "refused, 2 of 4 ordered pairs of segments, udp, icmp, IPv6.");
  EXPECT_THAT(report.untested, Contains(Field(&Untested::why, "no endpoint is known")));
  EXPECT_THAT(report.untested, Contains(Field(&Untested::why, HasSubstr("10.0.0.9"))));
}

TEST(Report, AnEmptyRunIsNoSuccess) {
  const auto run = empty_run();
  EXPECT_EQ(make_report({.run = &run}).sentence,
            "Nothing was checked: the plan of this run holds no check.");
}

TEST(Report, ARunThatNeverFinishedProvesNothing) {
  Told told;
  told.check("a", "b", CheckResult::Pass);
  told.run.end.reset();
  told.run.checks[0].has_verdict = false;
  told.run.checks[0].verdict = {};
  const auto report = told.report();
  EXPECT_EQ(report.sentence, "This run never finished, and proves nothing.");
  EXPECT_EQ(report.tally.unproven, 1);
  EXPECT_EQ(report.tally.passes, 0);
  ASSERT_EQ(report.departures.size(), 1U);
  EXPECT_THAT(report.untested_sentence, HasSubstr("the whole run"));
}

TEST(Report, DeparturesComeWorstFirstAndSevereOnesBeforeOthers) {
  Told told;
  told.check("a", "b", CheckResult::Unproven, core::Severity::Critical)
      .check("a", "c", CheckResult::Violation, core::Severity::Low)
      .check("a", "d", CheckResult::Pass)
      .check("a", "e", CheckResult::Violation, core::Severity::High);
  std::vector<std::string> order;
  for (const auto& departure : told.report().departures) {
    order.push_back(departure.check->check.destination);
  }
  EXPECT_THAT(order, ::testing::ElementsAre("e", "c", "b"));
}

TEST(Report, ACellShowsItsWorstCheckAndTheRecordsOfItsVerdicts) {
  Told told;
  for (int i = 0; i < 100; ++i) told.check("a", "b", CheckResult::Pass);
  told.check("a", "b", CheckResult::Violation);
  told.run.checks[0].verdict_record = 2;
  told.run.checks[100].verdict_record = 9;
  const auto report = told.report();
  ASSERT_EQ(report.segments.cells.size(), 1U);
  const auto& cell = report.segments.cells.begin()->second;
  EXPECT_EQ(cell.worst->verdict.verdict.result, CheckResult::Violation);
  EXPECT_EQ(cell.checks, 101);
  EXPECT_EQ(cell.failing, 1);
  EXPECT_EQ(cell.first_record, 2U);
  EXPECT_EQ(cell.last_record, 9U);
}

TEST(Report, AgainstABaselineItSaysWhatIsNew) {
  Told before;
  before.check("a", "b", CheckResult::Violation).check("a", "c", CheckResult::Pass);
  Told after;
  after.check("a", "b", CheckResult::Violation).check("a", "c", CheckResult::Violation);
  before.run.header.run = "r-before";
  const auto report = make_report({.run = &after.run, .baseline = &before.run});
  EXPECT_EQ(report.sentence, "2 violations, of 2 checks; 1 of them new since r-before.");
  ASSERT_EQ(report.departures.size(), 2U);
  EXPECT_EQ(report.departures[0].is_new, report.departures[0].check->check.destination == "c");
  EXPECT_NE(report.departures[0].is_new, report.departures[1].is_new);
}

TEST(Report, ExceptionsOfTheScenarioAreThereUsedOrNot) {
  Told told;
  told.check("a", "b", CheckResult::Excepted);
  core::Scenario scenario;
  scenario.exceptions = {{.id = "E1", .owner = "o"}, {.id = "E2", .owner = "p"}};
  const auto report = make_report({.run = &told.run, .scenario = &scenario});
  ASSERT_EQ(report.exceptions.size(), 2U);
  EXPECT_EQ(report.exceptions[0].open, 1);
  EXPECT_EQ(report.exceptions[0].rule->owner, "o");
  EXPECT_TRUE(report.exceptions[1].checks.empty());
  EXPECT_EQ(report.tally.passes, 0);
}

TEST(Report, ARuleOfTheDefaultStandsWhereTheScenarioHasItsDefaults) {
  Told told;
  told.check("a", "b", CheckResult::Violation);
  core::Scenario scenario;
  scenario.text = "version: 1\nname: x\ndefaults:\n  expectation: deny\n";
  auto report = make_report({.run = &told.run, .scenario = &scenario, .scenario_uri = "s/x.yaml"});
  ASSERT_EQ(report.rules.size(), 1U);
  EXPECT_EQ(report.rules[0].line, 3);
  EXPECT_EQ(report.rules[0].file, "s/x.yaml");
}

TEST(Report, TheLineOfRunsEndsWithThisOneAndKnowsNoOtherScenario) {
  Told told;
  told.run.first_record = 1000;
  std::vector<evidence::RunSummary> runs;
  for (int i = 0; i < 40; ++i) {
    runs.push_back({.header = told.run.header, .first_record = static_cast<std::uint64_t>(30 * i)});
    runs.back().header.run = "r-" + std::to_string(i);
    if (i == 33) runs.back().header.scenario = "another";
  }
  const auto report = make_report({.run = &told.run, .history = &runs});
  ASSERT_EQ(report.history.size(), kHistoryRunsMax);
  EXPECT_EQ(report.history.back().run, "r-32");
  EXPECT_EQ(report.history.front().run, "r-3");
}

TEST(Report, AMillionChecksAreSummedUp) {
  const auto run = made_run({.segments = 5, .workloads_each = 10, .ports = 400});
  const auto report = make_report({.run = &run});
  EXPECT_EQ(report.tally.checks, 1'000'000);
  EXPECT_EQ(report.segments.cells.size(), 25U);
  EXPECT_EQ(report.workloads.cells.size(), 2'500U);
  EXPECT_EQ(static_cast<int>(report.departures.size()),
            report.tally.violations + report.tally.unproven);
}

}  // namespace
}  // namespace reachproof::reports
