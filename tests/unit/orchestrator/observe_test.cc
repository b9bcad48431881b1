#include "orchestrator/observe.h"

#include <gmock/gmock.h>

#include "tests/support/network.h"

/// From what was reported to what is known: nothing may be called known that nobody has shown.
namespace reachproof::orchestrator {
namespace {

using core::Outcome;

/// web may not reach cache, which has no probe; db, which has one, may connect there.
class Gathered : public ::testing::Test {
 protected:
  Gathered() {
    auto network = test::shop()
                       .flow("F1", "db", "cache", "tcp/6379")
                       .permitted()
                       .forbid("X1", "web", "cache", "tcp/6379");
    inventory_ = network.inventory;
    plan_ = network.plan();
    facts_.tries.resize(plan_.trials.size());
    for (std::size_t t = 0; t < plan_.trials.size(); ++t) {
      const auto& check = plan_.checks[plan_.trials[t].check];
      auto& order = facts_.tries[t].order;
      order.protocol = check.port.protocol;
      order.port = check.port.port;
      order.address = check.paths[plan_.trials[t].path].address;
      if (check.id == "X1/web/cache/tcp/6379") of_the_forbid_.push_back(t);
    }
  }

  /// What the forbid's tries came to, each from a port of its own.
  void tried(const std::vector<Outcome>& outcomes) {
    ASSERT_LE(outcomes.size(), of_the_forbid_.size());
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      report(i).outcome = outcomes[i];
      report(i).source = *core::IpAddress::parse("10.1.0.1");
      report(i).source_port = static_cast<core::Port>(40000 + i);
    }
  }
  protocol::OutcomeReport& report(std::size_t number) {
    return facts_.tries.at(of_the_forbid_.at(number)).report;
  }

  /// Unreachable is the network's word that no such host is there.
  void vantage_saw(Outcome before, Outcome after) {
    LivenessFacts liveness;
    for (auto [facts, outcome] : {std::pair{&liveness.before, before}, {&liveness.after, after}}) {
      facts->report.outcome = outcome;
      facts->order.address = *core::IpAddress::parse("10.2.0.2");
      facts->report.source = *core::IpAddress::parse("10.2.0.1");
      if (outcome != Outcome::Unreachable) continue;
      facts->report.icmp = core::IcmpError{3, 1, *core::IpAddress::parse("10.2.0.254")};
    }
    facts_.liveness[{
        "db-1", "cache-1", *core::IpAddress::parse("10.2.0.2"), {core::Protocol::Tcp, 6379}}] =
        liveness;
  }

  [[nodiscard]] core::Observation seen() const {
    const auto all = observations(plan_, inventory_, facts_);
    return all.at(plan_.trials.at(of_the_forbid_.front()).check).at(0);
  }

  core::Inventory inventory_;
  core::Plan plan_;
  RunFacts facts_;
  std::vector<std::size_t> of_the_forbid_;
};

TEST_F(Gathered, ATargetThatWasAliveBeforeAndAfterIsListening) {
  vantage_saw(Outcome::Connected, Outcome::Connected);
  EXPECT_EQ(seen().port, core::PortState::Listening);
}

TEST_F(Gathered, WithoutLivenessBeforeTheFirstTryTheTargetIsNotProven) {
  for (const auto before :
       {Outcome::TimedOut, Outcome::Refused, Outcome::NotRun, Outcome::LocalError}) {
    vantage_saw(before, Outcome::Connected);
    EXPECT_EQ(seen().port, core::PortState::Unproven);
    vantage_saw(Outcome::Connected, before);
    EXPECT_EQ(seen().port, core::PortState::Unproven);
  }
}

TEST_F(Gathered, ATargetThatNobodyAskedIsNotProven) {
  EXPECT_EQ(seen().port, core::PortState::Unproven);
}

TEST_F(Gathered, ATargetOfWhichTheNetworkSaysThatItIsNotThereIsNotListening) {
  vantage_saw(Outcome::Unreachable, Outcome::Unreachable);
  EXPECT_EQ(seen().port, core::PortState::NotListening);
}

TEST_F(Gathered, OneIcmpErrorBesideSilenceIsAnAnswer) {
  vantage_saw(Outcome::TimedOut, Outcome::Unreachable);
  EXPECT_EQ(seen().port, core::PortState::NotListening);
  vantage_saw(Outcome::Unreachable, Outcome::TimedOut);
  EXPECT_EQ(seen().port, core::PortState::NotListening);
}

TEST_F(Gathered, SilenceAloneDoesNotShowThatNothingListens) {
  vantage_saw(Outcome::TimedOut, Outcome::TimedOut);
  EXPECT_EQ(seen().port, core::PortState::Unproven);
}

TEST_F(Gathered, ATargetThatAnsweredOnceIsNotShownDead) {
  for (const auto other : {Outcome::Connected, Outcome::Refused, Outcome::LocalError}) {
    vantage_saw(other, Outcome::Unreachable);
    EXPECT_EQ(seen().port, core::PortState::Unproven);
    vantage_saw(Outcome::Unreachable, other);
    EXPECT_EQ(seen().port, core::PortState::Unproven);
  }
}

TEST_F(Gathered, AFiveTupleThatServesTwiceIsOurOwnFailureTheSecondTime) {
  vantage_saw(Outcome::Connected, Outcome::Connected);
  tried({Outcome::TimedOut, Outcome::TimedOut});
  EXPECT_EQ(seen().attempts.at(1).outcome, Outcome::TimedOut);
  report(1).source_port = report(0).source_port;
  EXPECT_EQ(seen().attempts.at(0).outcome, Outcome::TimedOut);
  EXPECT_EQ(seen().attempts.at(1).outcome, Outcome::LocalError);
  EXPECT_THAT(seen().attempts.at(1).detail, ::testing::HasSubstr("served before"));
}

TEST_F(Gathered, ATryOfWhichNothingWasReportedDidNotRun) {
  tried({Outcome::TimedOut});
  EXPECT_EQ(seen().attempts.at(1).outcome, Outcome::NotRun);
}

}  // namespace
}  // namespace reachproof::orchestrator
