// Bugs that other tools of this kind had, as rules that must hold here for ever
// (docs of the peers' own: netassert, cyclonus, kubernetes e2e, illuminatio, cilium, cloudprober).
#include "core/judge.h"
#include "tests/support/network.h"
#include "tests/support/observe.h"

namespace reachproof::core {
namespace {

using enum Outcome;
using test::arrived;
using test::IsBecause;
using test::IsInconclusive;
using test::not_arrived;
using test::observe;
using test::Results;

Verdict denied(const Observation& seen) {
  return judge(seen, Expectation::Deny);
}

// 1
TEST(PeersBugs, NoShareOfSuccessesIsTooSmallToBeALeak) {
  for (const auto& [connects, tries] : {std::pair{2, 3}, {7, 10}, {1, 1000}}) {
    auto seen = observe();
    for (int i = 0; i < tries; ++i) seen.attempt(i < connects ? Connected : TimedOut);
    const auto verdict = denied(seen.listening().source_alive());
    EXPECT_EQ(verdict.reachability, Reachability::Open);
    EXPECT_THAT(verdict, Results(CheckResult::Violation));
    EXPECT_EQ(verdict.connected, connects);
    EXPECT_EQ(verdict.attempts, tries);
  }
}

// 2
TEST(PeersBugs, OneDatagramSeenOfManySentIsReachable) {
  auto seen = observe().udp().attempts(std::vector<Outcome>(9, TimedOut)).witness_not_arrived();
  auto sightings = seen.seen().sightings;
  sightings[4] = arrived(HostAnswer::Accepted);
  EXPECT_EQ(denied(seen.witness(sightings).source_alive()).reachability, Reachability::OneWay);
  sightings[4] = arrived(HostAnswer::Nothing);
  EXPECT_EQ(denied(seen.witness(sightings).not_listening().source_alive()).reachability,
            Reachability::Latent);
}

// 3
TEST(PeersBugs, AWitnessThatWasNotThereForEveryTryProvesNothing) {
  const auto late = observe()
                        .attempts({TimedOut, TimedOut})
                        .source_alive()
                        .listening()
                        .witness_lost("armed after the first attempt");
  EXPECT_THAT(denied(late), IsInconclusive(Reason::WitnessLost));
}

// 5
TEST(PeersBugs, WithoutACaptureTheProofIsAtMostCorroborated) {
  for (const auto outcome : {Connected, Refused, TimedOut, Unreachable}) {
    EXPECT_NE(denied(observe().attempts({outcome}).no_witness().listening().source_alive()).proof,
              Proof::Proved);
  }
}

// 6
TEST(PeersBugs, AFailureOfOurOwnProgramSaysNothingOfThePath) {
  EXPECT_THAT(
      denied(observe().attempts({LocalError}).witness_not_arrived().listening().source_alive()),
      IsInconclusive(Reason::LocalError));
}

// 7
TEST(PeersBugs, AnEndpointThatWasNotTriedIsCounted) {
  auto network = test::shop()
                     .endpoint("db-2", "db", {"10.2.0.7"})
                     .endpoint("db-3", "db", {"10.2.0.8"})
                     .forbid("X1", "web", "db", "tcp/22");
  const auto check = test::check(network.plan(), "X1/web/db/tcp/22");
  EXPECT_EQ(check.paths.size() + static_cast<std::size_t>(check.pairs_untried), 3U);
  EXPECT_GT(check.pairs_untried, 0);
}

// 8, 9, 23
TEST(PeersBugs, ATryWhoseProbeWasCutOffDidNotRun) {
  const auto seen = observe()
                        .attempts({TimedOut, NotRun})
                        .because("the probe went away")
                        .witness_not_arrived()
                        .listening()
                        .source_alive();
  EXPECT_THAT(denied(seen), IsInconclusive(Reason::NotRun));
}

// 10
TEST(PeersBugs, TryingAgainUntilItIsBlockedDoesNotHelp) {
  const auto seen = observe().attempts({Connected, TimedOut, TimedOut}).listening().source_alive();
  EXPECT_THAT(denied(seen), Results(CheckResult::Violation));
}

// 11, 16
TEST(PeersBugs, WhereNothingWasProvenToListenABlockIsNotConcluded) {
  for (const auto outcome : {Refused, TimedOut, Unreachable}) {
    for (const auto port : {PortState::Unproven, PortState::NotListening}) {
      EXPECT_EQ(
          denied(observe().attempts({outcome}).no_witness().port(port).source_alive()).reachability,
          Reachability::Inconclusive);
    }
  }
}

// 13
TEST(PeersBugs, ADatagramIntoSilenceIsNoSuccessAndNoBlock) {
  EXPECT_THAT(denied(observe().udp().attempts({TimedOut}).no_witness().listening().source_alive()),
              IsInconclusive(Reason::UdpSilence));
}

// 17, 32
TEST(PeersBugs, ARefusalThatTheWitnessDidNotSeeArriveIsABlock) {
  EXPECT_THAT(denied(observe().attempts({Refused}).witness_not_arrived().source_alive()),
              IsBecause(Reachability::Blocked, Proof::Proved, Reason::RejectedOnTheWay));
}

// 18
TEST(PeersBugs, ADeadServiceIsLatentAndDoesNotPassAnAllow) {
  const auto seen = observe()
                        .attempts({Refused})
                        .witness_arrived(HostAnswer::Reset)
                        .not_listening()
                        .source_alive();
  const auto verdict = judge(seen, Expectation::Allow);
  EXPECT_EQ(verdict.reachability, Reachability::Latent);
  EXPECT_THAT(verdict, Results(CheckResult::Broken));
}

// 19
TEST(PeersBugs, AWitnessLostInMidRunIsReportedAndNotPassedOver) {
  const auto verdict = denied(observe()
                                  .attempts({TimedOut, TimedOut})
                                  .listening()
                                  .source_alive()
                                  .witness_lost("its probe ended"));
  EXPECT_THAT(verdict, IsInconclusive(Reason::WitnessLost));
  EXPECT_EQ(verdict.detail, "its probe ended");
  EXPECT_THAT(sentence(verdict.reason), testing::HasSubstr("witness was lost"));
}

// 22
TEST(PeersBugs, AnErrorOfDiallingIsNeitherSuccessNorBlock) {
  for (const auto* why : {"no route to the destination from here", "out of file descriptors",
                          "no free source port"}) {
    const auto verdict =
        denied(observe().attempt(LocalError).because(why).listening().source_alive());
    EXPECT_THAT(verdict, IsInconclusive(Reason::LocalError));
    EXPECT_EQ(verdict.detail, why);
  }
  EXPECT_THAT(denied(observe().attempt(DnsFailed).because("NXDOMAIN").listening().source_alive()),
              IsInconclusive(Reason::DnsFailed));
}

// 24, 33
TEST(PeersBugs, NoAttemptAndNoFindingAreNoPass) {
  for (const auto expected : {Expectation::Deny, Expectation::Allow}) {
    EXPECT_THAT(judge(observe().listening().source_alive(), expected),
                Results(CheckResult::Unproven));
    EXPECT_THAT(combine({}, expected).verdict, Results(CheckResult::Unproven));
  }
}

// 26
TEST(PeersBugs, ReachingOneWaySaysNothingOfTheOther) {
  const auto network =
      test::shop().forbid("X1", "web", "db", "tcp/22").forbid("X2", "db", "web", "tcp/22");
  EXPECT_THAT(test::ids(network.plan()),
              testing::UnorderedElementsAre("X1/web/db/tcp/22", "X2/db/web/tcp/22"));
}

// 27
TEST(PeersBugs, AMiddleboxThatAnswersForAnUnusedAddressIntercepts) {
  EXPECT_THAT(denied(observe().attempts({Connected}).witness_not_arrived()),
              IsInconclusive(Reason::Intercepted));
  EXPECT_THAT(denied(observe().attempts({Connected}).no_witness().not_listening()),
              IsInconclusive(Reason::Intercepted));
}

// 28
TEST(PeersBugs, AnIcmpErrorDoesNotOutweighAConnection) {
  EXPECT_THAT(denied(observe().attempts({Unreachable, Connected})),
              Results(CheckResult::Violation));
}

// 29
TEST(PeersBugs, EveryCheckOfAPlanHasTriesOrAReason) {
  auto network = test::shop()
                     .flow("F1", "web", "cache", "tcp/6379")
                     .forbid("X1", "cache", "db", "tcp/22")
                     .blackout("web", "11:00-13:00", "");
  const auto plan = network.plan();
  std::set<std::uint32_t> tried;
  for (const auto& trial : plan.trials) tried.insert(trial.check);
  for (std::uint32_t i = 0; i < plan.checks.size(); ++i) {
    EXPECT_NE(tried.contains(i), !plan.checks[i].gap.empty()) << plan.checks[i].id;
  }
}

}  // namespace
}  // namespace reachproof::core
