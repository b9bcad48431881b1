// Which controls the runs of a log support evidence for, what is due, what was never proven.
#include <gmock/gmock.h>

#include "tests/support/judged_log.h"
#include "tests/support/lab_up.h"

namespace reachproof::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Controls : public ::testing::Test {
 protected:
  void SetUp() override { use("[pci-11.4.5, hipaa-164.308-a-8]"); }
  /// A scenario whose one rule names these controls.
  void use(const std::string& controls, const std::string& cadence = "P90D") {
    write_file(
        folder_ / "scenario.yaml",
        "version: 1\nname: clinic\nowner: a@example.org\nservices: { s: [tcp/5432] }\n"
        "segments: { outside: { mode: enforce }, data: { mode: enforce } }\n"
        "workloads: { vendor: { segment: outside }, phi-db: { segment: data } }\n"
        "forbids: [ { id: X1, from: vendor, to: phi-db, service: s, controls: " +
            controls +
            " } ]\n"
            "controls: { hipaa-164.308-a-8: { framework: HIPAA, ref: \"164.308\", cadence: " +
            cadence + " } }\n");
  }
  Finished ledger(const std::string& day, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"controls", "ledger", "scenario.yaml", "--at", day});
    return reachproof(folder_, more);
  }
  TemporaryFolder folder_;
  test::JudgedLog log_{(folder_ / "reachproof.db").string()};
};

TEST_F(Controls, TheLedgerSaysWhenEachWasSupportedAndWhatIsDue) {
  const auto never = ledger("2026-12-01", {"--fail-on", "overdue"});
  EXPECT_EQ(never.exit, 4) << never.err;
  EXPECT_THAT(never.out, AllOf(HasSubstr("pci-11.4.5"), HasSubstr("never"), HasSubstr("overdue")));
  log_.run({.id = "r-1", .controls = {"pci-11.4.5", "hipaa-164.308-a-8"}});
  const auto kept = ledger("2026-12-01", {"--fail-on", "overdue"});
  EXPECT_EQ(kept.exit, 0) << kept.out;
  EXPECT_THAT(kept.out, AllOf(HasSubstr("P12M"), HasSubstr("2027-11-30"), HasSubstr("P90D"),
                              HasSubstr("2027-02-28"), HasSubstr("2 pass"),
                              HasSubstr("support evidence for"), Not(HasSubstr("compl"))));
  // The one whose cadence the scenario sets is due first.
  EXPECT_EQ(ledger("2027-03-01", {"--fail-on", "overdue"}).exit, 4);
  EXPECT_EQ(ledger("2027-03-01").exit, 0);
}

TEST_F(Controls, AnUnprovenVerdictSupportsNothing) {
  const std::string id = "X1/vendor/phi-db/tcp/5432";
  log_.run({.id = "r-1",
            .checks = {{.id = id, .result = core::CheckResult::Unproven}},
            .controls = {"pci-11.4.5"}});
  log_.run({.id = "r-2", .finished = false, .controls = {"pci-11.4.5"}});
  EXPECT_THAT(ledger("2026-12-01").out, Not(HasSubstr("r-")));
  log_.run({.id = "r-3",
            .checks = {{.id = id, .result = core::CheckResult::Violation}},
            .controls = {"pci-11.4.5"}});
  EXPECT_THAT(ledger("2026-12-01").out, AllOf(HasSubstr("r-3"), HasSubstr("1 violation")))
      << "a violation is evidence, too";
}

TEST_F(Controls, RunsAfterChangesAreListed) {
  log_.run({.id = "r-1", .change = "CHG-42"});
  EXPECT_THAT(ledger("2026-12-01").out, HasSubstr("CHG-42  2026-11-30T02:00:00.000Z  r-1"));
  const auto json =
      reachproof(folder_, {"--output", "json", "controls", "ledger", "scenario.yaml"});
  EXPECT_THAT(json.out, HasSubstr(R"("after_changes":[{"change":"CHG-42","run":"r-1")"));
}

TEST_F(Controls, ProposedOnesAreOffAndLabelled) {
  const auto list = reachproof(folder_, {"controls", "list"}).out;
  EXPECT_THAT(list, AllOf(HasSubstr("pci-11.4.6"), Not(HasSubstr("hipaa-nprm"))));
  const auto all = reachproof(folder_, {"controls", "list", "--include-proposed"}).out;
  EXPECT_THAT(all, AllOf(HasSubstr("hipaa-nprm-164.312-a-2-vi"), HasSubstr("PROPOSED")));
  use("[hipaa-nprm-164.312-a-2-vi]");
  const auto validated = reachproof(folder_, {"validate", "scenario.yaml"});
  EXPECT_THAT(validated.out + validated.err, HasSubstr("is of a PROPOSED rule, which is not law"));
  EXPECT_THAT(ledger("2026-12-01").out, Not(HasSubstr("hipaa-nprm")));
  EXPECT_THAT(ledger("2026-12-01", {"--include-proposed"}).out, HasSubstr("hipaa-nprm"));
}

TEST_F(Controls, WhatIsNotKnownIsSaid) {
  EXPECT_EQ(reachproof(folder_, {"controls", "show", "pci-99"}).exit, 2);
  EXPECT_THAT(reachproof(folder_, {"controls", "show", "pci-11.4.5"}).out,
              HasSubstr("every 12 months"));
  use("[pci-11.4.55]");
  EXPECT_EQ(reachproof(folder_, {"validate", "scenario.yaml"}).exit, 2);
  use("[pci-11.4.5]", "often");
  EXPECT_THAT(reachproof(folder_, {"validate", "scenario.yaml"}).err,
              HasSubstr("`often` is no span"));
}

TEST_F(Controls, CoverageSaysWhatWasProvenLastAndWhatNever) {
  const auto coverage = [&](std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"coverage", "scenario.yaml", "--at", "2026-12-05"});
    return reachproof(folder_, more).out;
  };
  EXPECT_THAT(coverage(), HasSubstr("nothing is covered"));
  const std::string id = "X1/vendor/phi-db/tcp/5432";
  log_.run({.id = "r-1", .started = "2026-11-29T02:00:00.000Z", .checks = {{.id = id}}});
  log_.run({.id = "r-2",
            .started = "2026-11-30T02:00:00.000Z",
            .checks = {{.id = id, .result = core::CheckResult::Unproven}}});
  EXPECT_THAT(coverage(), AllOf(HasSubstr("2026-11-29"), HasSubstr("data -> outside"),
                                HasSubstr("By 2 finished runs")));
  EXPECT_THAT(coverage({"--flows"}),
              AllOf(HasSubstr("vendor -> phi-db tcp/5432"), HasSubstr("r-1")));
  EXPECT_THAT(coverage({"--days", "5"}), HasSubstr("never proven, outside -> data: 1"));
  const auto json =
      reachproof(folder_, {"--output", "json", "coverage", "scenario.yaml", "--at", "2026-12-05"})
          .out;
  EXPECT_THAT(json, AllOf(HasSubstr(R"("run":"r-1")"),
                          HasSubstr(R"("pairs_without_flows":[{"from":"data","to":"outside"}])")));
}

}  // namespace
}  // namespace reachproof::testing
