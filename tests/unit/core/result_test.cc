// What a reachability means for an expectation, and how paths make one verdict.
#include "core/judge.h"

#include "tests/support/observe.h"

namespace reachproof::core {
namespace {

using enum Reachability;
using enum Proof;
using test::Is;
using test::Results;

constexpr std::array kAll{Open, OneWay, Latent, Blocked, Inconclusive};

std::string row(Expectation expected, const JudgePolicy& policy = {}, Proof proof = Proved) {
  std::string words;
  for (const auto r : kAll) {
    words += std::string(word(result_of(r, r == Inconclusive ? None : proof, expected, policy)));
    words += ' ';
  }
  return words;
}

TEST(ResultOf, IsTheSecondTableOfTheDesign) {
  EXPECT_EQ(row(Expectation::Deny), "violation violation violation pass unproven ");
  EXPECT_EQ(row(Expectation::Allow), "pass broken broken broken unproven ");
  EXPECT_EQ(row(Expectation::Permit), "in-use in-use-noted in-use-noted idle unproven ");
}

TEST(ResultOf, AnExceptionExcusesViolationsAloneAndIsNeverAPass) {
  const JudgePolicy excepted{.exception_in_force = true};
  EXPECT_EQ(row(Expectation::Deny, excepted), "excepted excepted excepted pass unproven ");
  EXPECT_EQ(row(Expectation::Allow, excepted), row(Expectation::Allow));
}

TEST(ResultOf, AWeakProofMayAccuseButNotExcuse) {
  const JudgePolicy strict{.require_proved = true};
  EXPECT_EQ(row(Expectation::Deny, strict, Corroborated),
            "violation violation violation unproven unproven ");
  EXPECT_EQ(row(Expectation::Allow, strict, Corroborated),
            "unproven unproven unproven unproven unproven ");
  EXPECT_EQ(row(Expectation::Deny, strict, Proved), row(Expectation::Deny));
}

PathVerdict path(int pair, Reachability reachability, Proof proof = Proved) {
  return {pair,
          {.reachability = reachability,
           .proof = reachability == Inconclusive ? None : proof,
           .connected = reachability == Open ? 1 : 0,
           .attempts = 2}};
}

CheckVerdict combined(const std::vector<PathVerdict>& paths, Expectation expected,
                      const JudgePolicy& policy = {}) {
  return combine(paths, expected, policy);
}

TEST(Combine, NoPathAtAllIsUnproven) {
  for (const auto e : {Expectation::Deny, Expectation::Allow, Expectation::Permit}) {
    const auto check = combined({}, e);
    EXPECT_THAT(check.verdict, Results(CheckResult::Unproven));
    EXPECT_EQ(check.deciding_path, -1);
  }
}

TEST(Combine, OneWayInIsAWayIn) {
  const auto check =
      combined({path(0, Blocked), path(1, Blocked), path(2, Open)}, Expectation::Deny);
  EXPECT_EQ(check.deciding_path, 2);
  EXPECT_THAT(check.verdict, Results(CheckResult::Violation));
}

TEST(Combine, OneUnprovenPathLeavesADeniedCheckUnproven) {
  EXPECT_THAT(combined({path(0, Blocked), path(1, Inconclusive)}, Expectation::Deny).verdict,
              Results(CheckResult::Unproven));
}

TEST(Combine, AViolationOutweighsAnUnprovenPath) {
  EXPECT_THAT(combined({path(0, Inconclusive), path(1, Latent)}, Expectation::Deny).verdict,
              Results(CheckResult::Violation));
}

TEST(Combine, TheWeakerProofSpeaksForABlockedCheck) {
  EXPECT_THAT(
      combined({path(0, Blocked), path(1, Blocked, Corroborated)}, Expectation::Deny).verdict,
      Is(Blocked, Corroborated));
}

TEST(Combine, ARequiredPairWorksOverAnyOfItsAddresses) {
  const auto check = combined({path(0, Blocked), path(0, Open)}, Expectation::Allow);
  EXPECT_THAT(check.verdict, Results(CheckResult::Pass));
  EXPECT_EQ(check.deciding_path, 1);
}

TEST(Combine, EveryRequiredPairMustWork) {
  for (const auto bad : {Blocked, OneWay, Latent}) {
    EXPECT_THAT(combined({path(0, Open), path(1, bad)}, Expectation::Allow).verdict,
                Results(CheckResult::Broken));
    EXPECT_THAT(combined({path(1, bad), path(0, Open)}, Expectation::Allow).verdict,
                Results(CheckResult::Broken));
  }
  EXPECT_THAT(combined({path(0, Open), path(1, Inconclusive)}, Expectation::Allow).verdict,
              Results(CheckResult::Unproven));
}

TEST(Combine, AnAddressThatCouldNotBeTestedKeepsAPairFromBeingCalledBroken) {
  EXPECT_THAT(combined({path(0, Blocked), path(0, Inconclusive)}, Expectation::Allow).verdict,
              Results(CheckResult::Unproven));
}

TEST(Combine, AWeaklyProvenPairIsNotHiddenBehindAWellProvenOne) {
  const std::vector<PathVerdict> paths{path(0, Open, Proved), path(1, Open, Corroborated)};
  EXPECT_THAT(combined(paths, Expectation::Allow).verdict, Is(Open, Corroborated));
  EXPECT_THAT(combined(paths, Expectation::Allow, {.require_proved = true}).verdict,
              Results(CheckResult::Unproven));
}

TEST(Combine, OfTheAddressesOfAPairTheBestProvenSpeaks) {
  const std::vector<PathVerdict> paths{path(0, Open, Corroborated), path(0, Open, Proved)};
  EXPECT_THAT(combined(paths, Expectation::Allow, {.require_proved = true}).verdict,
              Results(CheckResult::Pass));
}

TEST(Combine, AWellProvenBreakIsNotHiddenBehindAWeaklyProvenOne) {
  const std::vector<PathVerdict> paths{path(0, Blocked, Corroborated), path(1, OneWay, Proved)};
  EXPECT_THAT(combined(paths, Expectation::Allow, {.require_proved = true}).verdict,
              Results(CheckResult::Broken));
}

TEST(Combine, APermittedCheckIsAsOpenAsItsMostOpenPath) {
  EXPECT_THAT(combined({path(0, Blocked), path(1, Open)}, Expectation::Permit).verdict,
              Results(CheckResult::InUse));
  EXPECT_THAT(combined({path(0, Blocked), path(1, Latent)}, Expectation::Permit).verdict,
              Results(CheckResult::InUseNoted));
  EXPECT_THAT(combined({path(0, Blocked), path(1, Blocked)}, Expectation::Permit).verdict,
              Results(CheckResult::Idle));
}

TEST(Combine, CountsTheTriesOfAllPaths) {
  const auto verdict =
      combined({path(0, Open), path(1, Blocked), path(2, Open)}, Expectation::Deny).verdict;
  EXPECT_EQ(verdict.connected, 2);
  EXPECT_EQ(verdict.attempts, 6);
}

TEST(Combine, AnExceptionHoldsForTheCheckAsAWhole) {
  EXPECT_THAT(
      combined({path(0, Blocked), path(1, Open)}, Expectation::Deny, {.exception_in_force = true})
          .verdict,
      Results(CheckResult::Excepted));
}

// A pass of the whole needs a pass of every path (denied), or of every pair (required).
TEST(Combine, NeverPassesWhatOneOfItsPathsDoesNot) {
  std::vector<PathVerdict> kinds;
  for (const auto r : kAll) {
    kinds.push_back(path(0, r, Proved));
    kinds.push_back(path(0, r, Corroborated));
  }
  for (const bool strict : {false, true}) {
    const JudgePolicy policy{.require_proved = strict};
    for (auto a : kinds) {
      for (auto b : kinds) {
        b.pair = 1;
        for (const auto e : {Expectation::Deny, Expectation::Allow}) {
          const auto result = [&](const PathVerdict& p) {
            return result_of(p.verdict.reachability, p.verdict.proof, e, policy);
          };
          const bool passes = combined({a, b}, e, policy).verdict.result == CheckResult::Pass;
          const bool both = result(a) == CheckResult::Pass && result(b) == CheckResult::Pass;
          EXPECT_EQ(passes, both) << test::words_of(a.verdict) << " | " << test::words_of(b.verdict)
                                  << " " << word(e) << (strict ? " strict" : "");
        }
      }
    }
  }
}

}  // namespace
}  // namespace reachproof::core
