// What must hold of every observation whatever.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/support/every_observation.h"

namespace reachproof::core {
namespace {

constexpr std::array kExpectations{Expectation::Deny, Expectation::Allow, Expectation::Permit};

/// Runs `take` over everything of up to two tries, and over random ones of more.
void for_all(const std::function<void(const Observation&)>& take) {
  test::for_every_observation(take);
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  test::for_random_observations(seed, 50'000, take);
}

/// Something positive that speaks for a block of this try: a witness that accounts for it on a
/// path whose source lives or whose port listens, or a target proven to listen.
bool has_positive_proof(const Observation& seen, std::size_t i) {
  const auto outcome = seen.attempts[i].outcome;
  const bool tried = outcome == Outcome::Refused || outcome == Outcome::TimedOut ||
                     outcome == Outcome::Unreachable;
  const bool alive = seen.source != SourceProof::None;
  const bool listening = seen.port == PortState::Listening;
  if (!tried || seen.witness == WitnessState::Lost) return false;
  if (seen.witness == WitnessState::None) return alive && listening;
  if (i >= seen.sightings.size()) return false;
  return seen.sightings[i].arrived ? listening && seen.sightings[i].answer != HostAnswer::Accepted
                                   : alive;
}

TEST(JudgeProperties, NothingIsBlockedWithoutPositiveProofOfEveryTry) {
  for_all([](const Observation& seen) {
    if (judge(seen, Expectation::Deny).reachability != Reachability::Blocked) return;
    ASSERT_FALSE(seen.attempts.empty());
    for (std::size_t i = 0; i < seen.attempts.size(); ++i) {
      ASSERT_TRUE(has_positive_proof(seen, i)) << test::text(seen);
    }
  });
}

TEST(JudgeProperties, WhatConnectedOnceIsNeverBlockedAndNeverPassesADenial) {
  for_all([](const Observation& seen) {
    const bool connected = std::ranges::any_of(
        seen.attempts, [](const Attempt& a) { return a.outcome == Outcome::Connected; });
    if (!connected) return;
    const auto verdict = judge(seen, Expectation::Deny);
    ASSERT_NE(verdict.reachability, Reachability::Blocked) << test::text(seen);
    ASSERT_NE(verdict.result, CheckResult::Pass) << test::text(seen);
  });
}

TEST(JudgeProperties, UdpSilenceWithoutAWitnessIsNeverBlocked) {
  for_all([](const Observation& seen) {
    const bool silent = std::ranges::any_of(
        seen.attempts, [](const Attempt& a) { return a.outcome == Outcome::TimedOut; });
    if (!silent || seen.protocol == Protocol::Tcp || seen.witness == WitnessState::Armed) return;
    ASSERT_NE(judge(seen, Expectation::Deny).reachability, Reachability::Blocked)
        << test::text(seen);
  });
}

TEST(JudgeProperties, JudgingIsDeterministicAndItsVerdictsAreSane) {
  for_all([](const Observation& seen) {
    for (const auto expected : kExpectations) {
      const auto verdict = judge(seen, expected);
      const auto again = judge(seen, expected);
      ASSERT_EQ(verdict.reachability, again.reachability);
      ASSERT_EQ(verdict.reason, again.reason);
      ASSERT_EQ(verdict.detail, again.detail);
      const bool inconclusive = verdict.reachability == Reachability::Inconclusive;
      ASSERT_EQ(inconclusive, verdict.proof == Proof::None) << test::text(seen);
      ASSERT_EQ(inconclusive, verdict.result == CheckResult::Unproven) << test::text(seen);
      ASSERT_NE(sentence(verdict.reason), "?");
      ASSERT_LE(verdict.connected, verdict.attempts);
      ASSERT_LE(verdict.attempts, static_cast<int>(seen.attempts.size()));
      ASSERT_EQ(verdict.connected,
                std::ranges::count(seen.attempts, Outcome::Connected, &Attempt::outcome));
    }
  });
}

TEST(JudgeProperties, TheExpectationChangesTheResultAndNotWhatWasSeen) {
  for_all([](const Observation& seen) {
    const auto deny = judge(seen, Expectation::Deny);
    for (const auto expected : kExpectations) {
      const auto other = judge(seen, expected);
      ASSERT_EQ(deny.reachability, other.reachability);
      ASSERT_EQ(deny.proof, other.proof);
      ASSERT_EQ(deny.reason, other.reason);
    }
  });
}

TEST(JudgeProperties, TheOrderOfTriesDoesNotChangeTheVerdict) {
  for_all([](const Observation& seen) {
    Observation reversed = seen;
    std::ranges::reverse(reversed.attempts);
    std::ranges::reverse(reversed.sightings);
    const auto one = judge(seen, Expectation::Deny);
    const auto two = judge(reversed, Expectation::Deny);
    ASSERT_EQ(one.reachability, two.reachability) << test::text(seen);
    ASSERT_EQ(one.proof, two.proof) << test::text(seen);
  });
}

bool is_violation(const Observation& seen) {
  return judge(seen, Expectation::Deny).result == CheckResult::Violation;
}

void expect_no_pass(const Observation& before, const Observation& after) {
  ASSERT_NE(judge(after, Expectation::Deny).result, CheckResult::Pass)
      << test::text(before) << "  and then  " << test::text(after);
}

TEST(JudgeProperties, AnotherTryNeverTurnsAViolationIntoAPass) {
  test::for_every_observation([](const Observation& seen) {
    if (!is_violation(seen)) return;
    for (const auto& kind : test::every_try(seen.witness)) {
      Observation more = seen;
      more.attempts.push_back({.outcome = kind.outcome, .nonce = kind.nonce});
      if (seen.witness == WitnessState::Armed) more.sightings.push_back(kind.sighting);
      ASSERT_NO_FATAL_FAILURE(expect_no_pass(seen, more));
    }
  });
}

TEST(JudgeProperties, LearningOfPortAndSourceNeverTurnsAViolationIntoAPass) {
  test::for_every_observation([](const Observation& seen) {
    if (!is_violation(seen)) return;
    for (const auto source : {SourceProof::FirstHop, SourceProof::Reached}) {
      for (const auto port : {PortState::Listening, PortState::NotListening}) {
        Observation more = seen;
        if (seen.source == SourceProof::None) more.source = source;
        if (seen.port == PortState::Unproven) more.port = port;
        ASSERT_NO_FATAL_FAILURE(expect_no_pass(seen, more));
      }
    }
  });
}

TEST(JudgeProperties, AWitnessThatComesForwardNeverTurnsAViolationIntoAPass) {
  const auto kinds = test::every_try(WitnessState::Armed);
  test::for_every_observation([&](const Observation& seen) {
    if (!is_violation(seen) || seen.witness != WitnessState::None) return;
    for (const auto& first : kinds) {
      Observation more = seen;
      more.witness = WitnessState::Armed;
      more.sightings.assign(seen.attempts.size(), first.sighting);
      ASSERT_NO_FATAL_FAILURE(expect_no_pass(seen, more));
    }
  });
}

TEST(JudgeProperties, LosingTheWitnessNeverMakesAPassOfAnything) {
  for_all([](const Observation& seen) {
    if (seen.witness != WitnessState::Lost) return;
    ASSERT_NE(judge(seen, Expectation::Deny).result, CheckResult::Pass) << test::text(seen);
  });
}

TEST(JudgeProperties, ForgettingTheLastSightingNeverMakesAPass) {
  for_all([](const Observation& seen) {
    if (seen.sightings.empty()) return;
    Observation less = seen;
    less.sightings.pop_back();
    ASSERT_NE(judge(less, Expectation::Deny).result, CheckResult::Pass) << test::text(seen);
  });
}

TEST(JudgeProperties, PolicyNeverMakesAPassOfWhatWasNone) {
  for_all([](const Observation& seen) {
    for (const auto expected : kExpectations) {
      if (judge(seen, expected).result == CheckResult::Pass) continue;
      for (const bool proved : {false, true}) {
        for (const bool excepted : {false, true}) {
          const auto verdict = judge(seen, expected, {proved, excepted});
          ASSERT_NE(verdict.result, CheckResult::Pass) << test::text(seen);
        }
      }
    }
  });
}

}  // namespace
}  // namespace reachproof::core
