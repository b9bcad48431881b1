// From a run's verdicts to findings, to records, and back.
#include "evidence/finding_records.h"

#include <gmock/gmock.h>

namespace reachproof::evidence {
namespace {

using core::CheckResult;
using core::Expectation;
using core::FindingKind;
using core::FindingOutcome;
using testing::SizeIs;

core::Check check(const char* source, core::Port port, Expectation expectation) {
  return {.rule = "X01",
          .source = source,
          .destination = "db",
          .source_segment = "office",
          .destination_segment = "data",
          .port = {core::Protocol::Tcp, port},
          .expectation = expectation,
          .severity = core::Severity::High};
}

core::CheckVerdict verdict(CheckResult result, core::Reachability reachability) {
  return {.verdict = {.reachability = reachability, .result = result}};
}

TEST(FindingRun, TakesTheChecksOfAFingerprintTogetherAndTheWorstDecides) {
  core::Plan plan;
  plan.checks = {check("pc", 22, Expectation::Deny), check("printer", 22, Expectation::Deny),
                 check("pc", 443, Expectation::Allow)};
  const std::vector verdicts{verdict(CheckResult::Pass, core::Reachability::Blocked),
                             verdict(CheckResult::Violation, core::Reachability::Latent),
                             verdict(CheckResult::Unproven, core::Reachability::Inconclusive)};
  const auto run = finding_run("shop", plan, verdicts);
  ASSERT_THAT(run.facts, SizeIs(3));
  for (const auto& fact : run.facts) {
    const auto& about = fact.subject;
    EXPECT_EQ(about.scenario, "shop");
    if (about.kind == FindingKind::Violation) {
      EXPECT_EQ(about.title, "office to data, tcp/22");
      EXPECT_EQ(about.port, "tcp/22");
      EXPECT_EQ(about.source_segment, "office");
      EXPECT_EQ(about.reachability, core::Reachability::Latent);
      EXPECT_EQ(fact.outcome, FindingOutcome::Failed);
    } else if (about.kind == FindingKind::Broken) {
      EXPECT_EQ(fact.outcome, FindingOutcome::Unknown);
    } else {
      EXPECT_EQ(about.fingerprint.size(), 64U);
    }
  }
}

TEST(FindingRun, GivesTheSameFingerprintInEveryRunAndAnotherToEveryScenario) {
  core::Plan plan;
  plan.checks = {check("pc", 22, Expectation::Deny)};
  const std::vector verdicts{verdict(CheckResult::Pass, core::Reachability::Blocked)};
  const auto print = [&](const char* scenario) {
    return finding_run(scenario, plan, verdicts).facts.front().subject.fingerprint;
  };
  // printf 'shop\x1fX01\x1foffice\x1fdata\x1ftcp/22\x1fdeny' | sha256sum
  EXPECT_EQ(print("shop"), "afae8dcda194c6088bcc245b0283fe9d576e232c72f8047fae3690075eafe179");
  EXPECT_NE(print("shop"), print("ward"));
}

TEST(FindingRecord, IsReadAsItWasWritten) {
  const core::FindingEvent event{.what = core::FindingEvent::What::Reopened,
                                 .subject = {.fingerprint = "f0",
                                             .kind = FindingKind::Broken,
                                             .scenario = "shop",
                                             .rule = "F01",
                                             .source_segment = "office",
                                             .destination_segment = "data",
                                             .port = "udp/53",
                                             .title = "office to data, udp/53",
                                             .severity = core::Severity::Critical,
                                             .reachability = core::Reachability::OneWay},
                                 .run = "r-1",
                                 .at = *core::parse_wall_time("2026-11-30T01:02:03.004Z"),
                                 .why = "\"so\""};
  const auto record = record_of_finding(event);
  EXPECT_EQ(record.kind, "finding");
  EXPECT_EQ(record.body,
            R"({"destination":"data","event":"reopened","finding":"broken","fingerprint":"f0",)"
            R"("kind":"finding","port":"udp/53","reachability":"one-way","rule":"F01","run":"r-1",)"
            R"("scenario":"shop","severity":"critical","source":"office",)"
            R"("time":"2026-11-30T01:02:03.004Z","title":"office to data, udp/53",)"
            R"("why":"\"so\""})");
  const auto again = finding_event(record.body);
  ASSERT_TRUE(again);
  EXPECT_EQ(record_of_finding(*again).body, record.body);
  EXPECT_FALSE(finding_event("{}"));
  EXPECT_FALSE(finding_event("[1"));
}

}  // namespace
}  // namespace reachproof::evidence
