// A segment's canary: what its failure voids, and what it does not.
#include "core/canary.h"

#include <gmock/gmock.h>

#include <cmath>

namespace reachproof::core {
namespace {

using testing::HasSubstr;

class Canaries : public testing::Test {
 protected:
  Canaries() { plan_.canaries["data"] = {.denied = "X9", .allowed = "F9"}; }

  void check(const std::string& rule, const std::string& from, const std::string& to,
             Expectation expected, Reachability reachability, Reason reason = Reason::Connected) {
    Check check;
    check.id = rule + "/a/b/tcp/1";
    check.rule = rule;
    check.source_segment = from;
    check.destination_segment = to;
    check.expectation = expected;
    plan_.checks.push_back(check);
    CheckVerdict decided;
    decided.verdict.reachability = reachability;
    decided.verdict.reason = reason;
    decided.verdict.proof =
        reachability == Reachability::Inconclusive ? Proof::None : Proof::Proved;
    decided.verdict.result = result_of(reachability, decided.verdict.proof, expected);
    verdicts_.push_back(decided);
  }
  std::vector<CheckResult> results() {
    apply_canaries(plan_, verdicts_);
    std::vector<CheckResult> all;
    for (const auto& decided : verdicts_) all.push_back(decided.verdict.result);
    return all;
  }
  Plan plan_;
  std::vector<CheckVerdict> verdicts_;
};

TEST_F(Canaries, ADeniedOneThatGetsThroughVoidsWhatIsBlockedInItsSegmentAlone) {
  check("X9", "web", "data", Expectation::Deny, Reachability::Latent);
  check("X1", "web", "data", Expectation::Deny, Reachability::Blocked);
  check("X2", "data", "web", Expectation::Deny, Reachability::Blocked);
  check("X3", "web", "other", Expectation::Deny, Reachability::Blocked);
  check("F1", "web", "data", Expectation::Allow, Reachability::Blocked);
  check("X4", "web", "data", Expectation::Deny, Reachability::Open);
  using enum CheckResult;
  EXPECT_THAT(results(),
              testing::ElementsAre(Violation, Unproven, Unproven, Pass, Unproven, Violation));
  EXPECT_EQ(verdicts_[1].verdict.reason, Reason::CanaryFailed);
  EXPECT_EQ(verdicts_[1].verdict.proof, Proof::None);
  EXPECT_THAT(verdicts_[1].verdict.detail, HasSubstr("enforcement is off"));
}

TEST_F(Canaries, AnAllowedOneThatIsNotOpenVoidsAsWell) {
  check("F9", "web", "data", Expectation::Allow, Reachability::Blocked);
  check("X1", "web", "data", Expectation::Deny, Reachability::Blocked);
  EXPECT_THAT(results(), testing::ElementsAre(CheckResult::Unproven, CheckResult::Unproven));
  EXPECT_THAT(verdicts_[1].verdict.detail, HasSubstr("must work"));
}

TEST_F(Canaries, OnesThatSingOrWereNotTestedVoidNothing) {
  check("X9", "web", "data", Expectation::Deny, Reachability::Blocked);
  check("F9", "web", "data", Expectation::Allow, Reachability::Open);
  check("X1", "web", "data", Expectation::Deny, Reachability::Blocked);
  EXPECT_EQ(results()[2], CheckResult::Pass);
  plan_.checks.clear();
  verdicts_.clear();
  check("X9", "web", "data", Expectation::Deny, Reachability::Inconclusive, Reason::WitnessLost);
  check("F9", "web", "data", Expectation::Allow, Reachability::Inconclusive, Reason::NotRun);
  check("X1", "web", "data", Expectation::Deny, Reachability::Blocked);
  EXPECT_EQ(results()[2], CheckResult::Pass);
}

TEST(LeakRate, IsBoundedByTheExactBinomialBoundForNoSuccess) {
  EXPECT_DOUBLE_EQ(leak_rate_bound(0), 1.0);
  EXPECT_NEAR(leak_rate_bound(1), 0.95, 1e-12);
  EXPECT_NEAR(leak_rate_bound(3), 0.6316, 1e-4);
  EXPECT_NEAR(leak_rate_bound(59), 0.0495, 1e-4);
  for (const int n : {1, 10, 100, 1000}) {
    // A leak of that rate would stay unseen in one of twenty such runs.
    EXPECT_NEAR(std::pow(1.0 - leak_rate_bound(n), n), 0.05, 1e-9);
  }
}

}  // namespace
}  // namespace reachproof::core
