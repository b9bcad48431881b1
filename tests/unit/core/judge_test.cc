// Each row of the judge's table (design, section 1), and its near misses.
#include "core/judge.h"

#include "tests/support/observe.h"

namespace reachproof::core {
namespace {

using enum Outcome;
using enum Reachability;
using enum Proof;
using test::arrived;
using test::Is;
using test::IsBecause;
using test::IsInconclusive;
using test::not_arrived;
using test::observe;
using test::Results;

Verdict judged(const Observation& seen) {
  return judge(seen, Expectation::Deny);
}

// Row 1
TEST(JudgeTable, ANonceThatCameBackProvesOpenWithoutAnyOtherFact) {
  const auto seen = observe().attempt(Connected, NonceAnswer::Returned);
  EXPECT_THAT(judged(seen), IsBecause(Open, Proved, Reason::NonceReturned));
}

TEST(JudgeTable, ANonceThatCameBackOutweighsWhateverTheWitnessSays) {
  EXPECT_THAT(judged(observe().attempt(Connected, NonceAnswer::Returned).witness_not_arrived()),
              Is(Open, Proved));
  EXPECT_THAT(judged(observe().attempt(Connected, NonceAnswer::Returned).witness_lost()),
              Is(Open, Proved));
  EXPECT_THAT(judged(observe().attempt(Connected, NonceAnswer::Returned).not_listening()),
              Is(Open, Proved));
}

// Row 2
TEST(JudgeTable, AHandshakeThatTheWitnessSawProvesOpen) {
  for (const auto nonce : {NonceAnswer::NotSent, NonceAnswer::Lost, NonceAnswer::Wrong}) {
    const auto verdict =
        judged(observe().attempt(Connected, nonce).witness_arrived(HostAnswer::Accepted));
    EXPECT_THAT(verdict, IsBecause(Open, Proved, Reason::HandshakeSeen));
    EXPECT_NE(verdict.detail, "");
  }
}

TEST(JudgeTable, ALostNonceIsNotedAsCutAfterTheHandshake) {
  const auto verdict =
      judged(observe().attempt(Connected, NonceAnswer::Lost).witness_arrived(HostAnswer::Accepted));
  EXPECT_THAT(verdict.detail, testing::HasSubstr("cut after the handshake"));
}

// Row 3
TEST(JudgeTable, AConnectionThatNeverArrivedWasIntercepted) {
  for (const auto nonce : {NonceAnswer::NotSent, NonceAnswer::Lost, NonceAnswer::Wrong}) {
    const auto seen = observe().attempt(Connected, nonce).witness_not_arrived().source_alive();
    EXPECT_THAT(judged(seen), IsInconclusive(Reason::Intercepted));
  }
}

TEST(JudgeTable, AConnectionThatArrivedButThatTheHostDidNotAcceptIsNeverOpen) {
  for (const auto answer : {HostAnswer::Nothing, HostAnswer::Reset, HostAnswer::PortUnreachable,
                            HostAnswer::OtherIcmp}) {
    const auto verdict = judged(observe().attempts({Connected}).witness_arrived(answer));
    EXPECT_EQ(verdict.reachability, Inconclusive);
  }
}

// Row 4
TEST(JudgeTable, AConnectionToAPortThatDoesNotListenWasIntercepted) {
  EXPECT_THAT(judged(observe().attempts({Connected}).no_witness().not_listening()),
              IsInconclusive(Reason::Intercepted));
}

// Row 5
TEST(JudgeTable, AConnectionWithoutWitnessIsOpenButOnlyCorroborated) {
  EXPECT_THAT(judged(observe().attempts({Connected}).no_witness()),
              IsBecause(Open, Corroborated, Reason::Connected));
  EXPECT_THAT(judged(observe().attempts({Connected}).no_witness().listening().source_alive()),
              Is(Open, Corroborated));
}

// Row 6
TEST(JudgeTable, AnAnswerThatGotLostOnTheWayBackIsOneWay) {
  for (const auto failed : {Refused, TimedOut, Unreachable}) {
    for (const auto port : {PortState::Unproven, PortState::Listening, PortState::NotListening}) {
      const auto seen =
          observe().attempts({failed}).witness_arrived(HostAnswer::Accepted).port(port);
      EXPECT_THAT(judged(seen), IsBecause(OneWay, Proved, Reason::ReplyLost));
    }
  }
}

// Row 7
TEST(JudgeTable, AHostThatStopsWhatItServesHasItsOwnFirewall) {
  for (const auto failed : {Refused, TimedOut, Unreachable}) {
    for (const auto answer : {HostAnswer::Nothing, HostAnswer::Reset, HostAnswer::PortUnreachable,
                              HostAnswer::OtherIcmp}) {
      const auto seen = observe().attempts({failed}).witness_arrived(answer).listening();
      EXPECT_THAT(judged(seen), IsBecause(Blocked, Proved, Reason::HostFirewall));
    }
  }
}

TEST(JudgeTable, WithoutProofThatThePortListensAHostFirewallIsNotConcluded) {
  for (const auto answer : {HostAnswer::Nothing, HostAnswer::Reset, HostAnswer::PortUnreachable,
                            HostAnswer::OtherIcmp}) {
    const auto seen = observe().attempts({TimedOut}).witness_arrived(answer).source_alive();
    EXPECT_THAT(judged(seen), IsInconclusive(Reason::PortNotProven));
  }
}

// Row 8
TEST(JudgeTable, AClosedPortThatThePacketReachedIsLatent) {
  for (const auto failed : {Refused, TimedOut, Unreachable}) {
    for (const auto answer : {HostAnswer::Reset, HostAnswer::PortUnreachable}) {
      const auto seen = observe().attempts({failed}).witness_arrived(answer).not_listening();
      EXPECT_THAT(judged(seen), IsBecause(Latent, Proved, Reason::NothingListens));
    }
  }
}

TEST(JudgeTable, AnotherIcmpErrorOfTheHostIsNoProofOfALatentPath) {
  EXPECT_EQ(judged(observe()
                       .attempts({Unreachable})
                       .witness_arrived(HostAnswer::OtherIcmp)
                       .not_listening()
                       .source_alive())
                .reachability,
            Inconclusive);
}

// Row 9
TEST(JudgeTable, SilenceOfAHostThatDropsWhatItDoesNotServeIsLatent) {
  for (const auto protocol : {Protocol::Tcp, Protocol::Udp}) {
    const auto seen = observe()
                          .over(protocol)
                          .attempts({TimedOut})
                          .witness_arrived(HostAnswer::Nothing)
                          .not_listening();
    EXPECT_THAT(judged(seen), IsBecause(Latent, Proved, Reason::HostDropsUnserved));
  }
}

TEST(JudgeTable, ARefusalThatTheHostDidNotSendIsNotItsSilence) {
  for (const auto failed : {Refused, Unreachable}) {
    const auto seen = observe()
                          .attempts({failed})
                          .witness_arrived(HostAnswer::Nothing)
                          .not_listening()
                          .source_alive();
    EXPECT_EQ(judged(seen).reachability, Inconclusive);
  }
}

// Rows 10 and 11
TEST(JudgeTable, WhatNeverArrivedWasBlockedOnTheWay) {
  const auto blocked = [](Outcome outcome) {
    return judged(observe().attempts({outcome}).witness_not_arrived().source_alive());
  };
  EXPECT_THAT(blocked(Refused), IsBecause(Blocked, Proved, Reason::RejectedOnTheWay));
  EXPECT_THAT(blocked(TimedOut), IsBecause(Blocked, Proved, Reason::DroppedOnTheWay));
  EXPECT_THAT(blocked(Unreachable), IsBecause(Blocked, Proved, Reason::RejectedByIcmp));
}

TEST(JudgeTable, AnIcmpRejectKeepsItsCodeAndItsSender) {
  const auto seen = observe().attempts({Unreachable}).witness_not_arrived().source_alive();
  EXPECT_THAT(judged(seen).detail, testing::HasSubstr("ICMP 3/13 from 10.0.0.1"));
}

TEST(JudgeTable, AnAliveFirstHopIsEnoughOfALivingSource) {
  EXPECT_THAT(judged(observe().attempts({TimedOut}).witness_not_arrived().source_first_hop()),
              Is(Blocked, Proved));
}

TEST(JudgeTable, WithoutALivingSourceAWitnessThatSawNothingProvesNothing) {
  for (const auto failed : {Refused, TimedOut, Unreachable}) {
    for (const auto port : {PortState::Unproven, PortState::Listening, PortState::NotListening}) {
      EXPECT_THAT(judged(observe().attempts({failed}).witness_not_arrived().port(port)),
                  IsInconclusive(Reason::SourceNotAlive));
    }
  }
}

// Rows 12 to 15
TEST(JudgeTable, WithoutWitnessATargetProvenAliveCorroboratesABlock) {
  const auto blocked = [](Outcome outcome) {
    return judged(observe().attempts({outcome}).no_witness().listening().source_alive());
  };
  EXPECT_THAT(blocked(Refused), IsBecause(Blocked, Corroborated, Reason::RejectedOnTheWay));
  EXPECT_THAT(blocked(Unreachable), IsBecause(Blocked, Corroborated, Reason::RejectedByIcmp));
  EXPECT_THAT(blocked(TimedOut), IsBecause(Blocked, Corroborated, Reason::DroppedOnTheWay));
}

TEST(JudgeTable, ADropWithoutWitnessSaysThatALostAnswerLooksTheSame) {
  EXPECT_THAT(judged(observe().attempts({TimedOut}).listening().source_alive()).detail,
              testing::HasSubstr("lost answer"));
}

TEST(JudgeTable, ARefusalWithoutWitnessOrLivenessCouldBeAnybodys) {
  for (const auto port : {PortState::Unproven, PortState::NotListening}) {
    EXPECT_THAT(judged(observe().attempts({Refused}).no_witness().port(port).source_alive()),
                IsInconclusive(Reason::RefusedByWhom));
  }
}

TEST(JudgeTable, SilenceWithoutWitnessOrLivenessProvesNothing) {
  for (const auto failed : {TimedOut, Unreachable}) {
    for (const auto port : {PortState::Unproven, PortState::NotListening}) {
      EXPECT_THAT(judged(observe().attempts({failed}).no_witness().port(port).source_alive()),
                  IsInconclusive(Reason::TargetNotAlive));
    }
  }
}

TEST(JudgeTable, WithoutWitnessADeadSourceProvesNothingEither) {
  for (const auto failed : {Refused, TimedOut, Unreachable}) {
    EXPECT_THAT(judged(observe().attempts({failed}).no_witness().listening()),
                IsInconclusive(Reason::SourceNotAlive));
  }
}

// Row 16
TEST(JudgeTable, SilenceOverUdpWithoutWitnessProvesNothingHoweverAliveTheTarget) {
  EXPECT_THAT(judged(observe().udp().attempts({TimedOut, TimedOut}).listening().source_alive()),
              IsInconclusive(Reason::UdpSilence));
}

TEST(JudgeTable, SilenceOverUdpWithAWitnessThatSawNothingIsADrop) {
  EXPECT_THAT(judged(observe().udp().attempts({TimedOut}).witness_not_arrived().source_alive()),
              IsBecause(Blocked, Proved, Reason::DroppedOnTheWay));
}

// The last row
TEST(JudgeTable, ALostWitnessMakesEveryFailureInconclusive) {
  for (const auto failed : {Refused, TimedOut, Unreachable}) {
    const auto verdict =
        judged(observe().attempts({failed}).witness_lost("gone").listening().source_alive());
    EXPECT_THAT(verdict, IsInconclusive(Reason::WitnessLost));
    EXPECT_EQ(verdict.detail, "gone");
  }
}

TEST(JudgeTable, AnArmedWitnessThatIsSilentAboutATryHasLostIt) {
  const auto seen =
      observe().attempts({TimedOut, TimedOut}).witness({not_arrived()}).listening().source_alive();
  EXPECT_THAT(judged(seen), IsInconclusive(Reason::WitnessLost));
}

TEST(JudgeTable, WhatSaysNothingAboutThePathIsInconclusiveForItsOwnReason) {
  const auto why = [](Outcome outcome) {
    return judged(
        observe().attempt(outcome).because("why").witness_not_arrived().listening().source_alive());
  };
  EXPECT_THAT(why(DnsFailed), IsInconclusive(Reason::DnsFailed));
  EXPECT_THAT(why(LocalError), IsInconclusive(Reason::LocalError));
  EXPECT_THAT(why(NotRun), IsInconclusive(Reason::NotRun));
  EXPECT_EQ(why(NotRun).detail, "why");
}

TEST(JudgeTable, NoAttemptIsNoProof) {
  EXPECT_THAT(judged(observe().witness({}).listening().source_alive()),
              IsInconclusive(Reason::NoAttempts));
}

// Mixtures
TEST(JudgeMixtures, OneFailureThatIsNotProvenKeepsTheWholeFromBeingBlocked) {
  for (const auto weak : {DnsFailed, LocalError, NotRun}) {
    const auto seen =
        observe().attempts({TimedOut, weak, TimedOut}).witness_not_arrived().source_alive();
    EXPECT_EQ(judged(seen).reachability, Inconclusive) << word(weak);
  }
}

TEST(JudgeMixtures, BlockedInSeveralWaysIsBlocked) {
  EXPECT_THAT(judged(observe()
                         .attempts({TimedOut, Refused, Unreachable})
                         .witness_not_arrived()
                         .source_alive()),
              Is(Blocked, Proved));
  const auto by_host_and_on_the_way = observe()
                                          .attempts({TimedOut, TimedOut})
                                          .witness({not_arrived(), arrived(HostAnswer::Nothing)})
                                          .listening()
                                          .source_alive();
  EXPECT_THAT(judged(by_host_and_on_the_way), Is(Blocked, Proved));
}

TEST(JudgeMixtures, OnePacketThatArrivedIsOneTooMany) {
  const auto one_way = observe()
                           .attempts({TimedOut, TimedOut, TimedOut})
                           .witness({not_arrived(), arrived(HostAnswer::Accepted), not_arrived()})
                           .source_alive();
  EXPECT_THAT(judged(one_way), Is(OneWay, Proved));
  const auto latent = observe()
                          .attempts({TimedOut, Refused})
                          .witness({not_arrived(), arrived(HostAnswer::Reset)})
                          .not_listening()
                          .source_alive();
  EXPECT_THAT(judged(latent), Is(Latent, Proved));
}

TEST(JudgeMixtures, TheRatioIsKept) {
  const auto verdict =
      judged(observe().attempts({TimedOut, Connected, TimedOut, NotRun}).no_witness());
  EXPECT_EQ(verdict.connected, 1);
  EXPECT_EQ(verdict.attempts, 3);
}

// Policy
TEST(JudgePolicies, DemandingProvedMakesACorroboratedPassUnproven) {
  const auto seen = observe().attempts({TimedOut}).listening().source_alive();
  EXPECT_THAT(judge(seen, Expectation::Deny), Results(CheckResult::Pass));
  EXPECT_THAT(judge(seen, Expectation::Deny, {.require_proved = true}),
              Results(CheckResult::Unproven));
}

TEST(JudgePolicies, AWeaklyProvenLeakIsStillALeak) {
  EXPECT_THAT(judge(observe().attempts({Connected}), Expectation::Deny, {.require_proved = true}),
              Results(CheckResult::Violation));
}

TEST(JudgePolicies, AnExceptionTurnsAViolationIntoExceptedAndKeepsTheTruth) {
  const auto seen = observe().attempt(Connected, NonceAnswer::Returned);
  const auto verdict = judge(seen, Expectation::Deny, {.exception_in_force = true});
  EXPECT_THAT(verdict, Results(CheckResult::Excepted));
  EXPECT_THAT(verdict, Is(Open, Proved));
}

}  // namespace
}  // namespace reachproof::core
