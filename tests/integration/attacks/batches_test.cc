#include <fmt/core.h>
#include <gmock/gmock.h>

#include "tests/support/open_fleet.h"

/// An enrolled probe that lies about its results, or about whose they are.
namespace reachproof::test {
namespace {

using protocol::SessionReport;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kSession = "r-1-0";

class Batches : public ::testing::Test {
 protected:
  void SetUp() override {
    fleet.open_session(kSession, "good");
    EXPECT_TRUE(good.say({}, {}));
  }
  /// The good probe still works: its next result reaches the run.
  void expect_still_served(std::uint64_t sequence) {
    const auto before = fleet.heard();
    EXPECT_TRUE(good.say({good.batch(kSession, sequence, outcome(sequence))}, {report(sequence)}));
    EXPECT_EQ(fleet.heard(), before + 1);
    EXPECT_THAT(fleet.lost(), IsEmpty());
  }
  static SessionReport report(std::uint64_t last, const std::string& session = kSession) {
    return {.session = session, .last_batch = last};
  }
  static std::uint64_t acked(const std::optional<protocol::ExchangeAnswer>& answer,
                             const std::string& session = kSession) {
    if (!answer) return 0;
    for (const auto& ack : answer->acks) {
      if (ack.session == session) return ack.sequence;
    }
    return 0;
  }
  OpenFleet fleet;
  ProbeVoice good{fleet, fleet.who("good")};
  ProbeVoice evil{fleet, fleet.who("evil")};
  int sessions_ = 0;
};

TEST_F(Batches, AReplayedOneIsConfirmedAndCountsOnce) {
  const auto batch = good.batch(kSession, 1, outcome(1));
  EXPECT_EQ(acked(good.say({batch}, {report(1)})), 1U);
  EXPECT_EQ(acked(good.say({batch, batch}, {report(1)})), 1U);
  // The same place with other words changes nothing either.
  EXPECT_EQ(
      acked(good.say({good.batch(kSession, 1, outcome(1, core::Outcome::Connected))}, {report(1)})),
      1U);
  EXPECT_EQ(fleet.heard(), 1U);
  EXPECT_EQ(fleet.records("batch").size(), 1U);
  expect_still_served(2);
}

TEST_F(Batches, OneThatItsKeyHasNotSignedEndsTheSessionAndIsRecorded) {
  auto forged = good.batch(kSession, 1, outcome(1));
  forged.lines = outcome(1, core::Outcome::Connected);
  good.say({forged}, {report(1)});
  EXPECT_EQ(fleet.heard(), 0U);
  EXPECT_THAT(fleet.lost(), ElementsAre(HasSubstr("its key has not signed")));
  EXPECT_THAT(fleet.records("batch"), IsEmpty());
  EXPECT_EQ(fleet.recorded("plane-refusal", "batch-signature"), 1U);
}

TEST_F(Batches, AnotherProbesResultsAreNobodysToTell) {
  // In its own name, and by a copy of what the other one signed.
  evil.say({evil.batch(kSession, 1, outcome(1, core::Outcome::Connected))}, {report(1)});
  evil.say({good.batch(kSession, 1, outcome(1))}, {report(1)});
  EXPECT_EQ(fleet.heard(), 0U);
  EXPECT_THAT(fleet.records("batch"), IsEmpty());
  EXPECT_EQ(fleet.recorded("plane-refusal", "another probe's session"), 2U);
  EXPECT_EQ(fleet.recorded("plane-refusal", fleet.who("evil").id()), 2U);
  expect_still_served(1);
}

TEST_F(Batches, TheEndOfAnotherProbesSessionIsNotItsToTell) {
  evil.say(
      {},
      {{.session = kSession, .orders_got = 99, .last_batch = 0, .ended = true, .detail = "gone"}});
  EXPECT_THAT(fleet.lost(), IsEmpty());
  expect_still_served(1);
}

TEST_F(Batches, OneOutOfTurnWaitsForItsTurn) {
  const auto third = good.batch(kSession, 3, outcome(3));
  EXPECT_EQ(acked(good.say({third}, {report(3)})), 0U);
  EXPECT_THAT(fleet.records("batch"), IsEmpty());
  EXPECT_EQ(fleet.recorded("plane-refusal", "\"reason\":\"sequence\""), 1U);
  EXPECT_EQ(acked(good.say(
                {good.batch(kSession, 1, outcome(1)), good.batch(kSession, 2, outcome(2)), third},
                {report(3)})),
            3U);
  EXPECT_EQ(fleet.heard(), 3U);
}

TEST_F(Batches, WhatIsNoMessageEndsTheSessionAlone) {
  for (const auto& words : {std::string("nonsense\n"), std::string("{\"outcome\":{}}\n"),
                            std::string("{\"id\":1,\"id\":2}\n"), std::string(300'000, 'x') + "\n",
                            "[" + std::string(10'000, '[') + "\n"}) {
    const auto session = fmt::format("r-1-{}", ++sessions_);
    fleet.open_session(session, "good");
    const auto before = fleet.lost().size();
    std::uint64_t sequence = 0;
    for (std::size_t at = 0; at < words.size(); at += protocol::kBatchBytesMax) {
      ++sequence;
      good.say({good.batch(session, sequence, words.substr(at, protocol::kBatchBytesMax))},
               {report(sequence, session), report(0)});
    }
    EXPECT_EQ(fleet.lost().size(), before + 1) << words.substr(0, 40);
  }
  EXPECT_EQ(fleet.heard(), 0U);
}

TEST_F(Batches, BytesThatAreNoTextAreRefusedWithTheWholeExchange) {
  EXPECT_FALSE(good.say({good.batch(kSession, 1, "\xff\xfe\n")}, {report(1)}));
  EXPECT_EQ(good.status(), 400);
  expect_still_served(1);
}

TEST_F(Batches, OfASessionThatIsOverAreKeptLateAndCountForNothing) {
  good.say({good.batch(kSession, 1, outcome(1))}, {report(1)});
  fleet.close_sessions();
  good.say({good.batch(kSession, 2, outcome(2))}, {report(2)});
  EXPECT_EQ(fleet.heard(), 1U);
  EXPECT_EQ(fleet.recorded("batch", "\"late\":true"), 1U);
}

TEST_F(Batches, AFullDiskConfirmsNothingAndLosesNothing) {
  const auto batch = good.batch(kSession, 1, outcome(1));
  fleet.on_loop([&] { fleet.keeper().full = true; });
  EXPECT_FALSE(good.say({batch}, {report(1)}));
  EXPECT_EQ(good.status(), 503);
  EXPECT_EQ(fleet.heard(), 0U);
  fleet.on_loop([&] { fleet.keeper().full = false; });
  EXPECT_EQ(acked(good.say({batch}, {report(1)})), 1U);
  EXPECT_EQ(fleet.heard(), 1U);
}

class Floods : public ::testing::Test {
 protected:
  static orchestrator::FleetLink::Options options() {
    orchestrator::FleetLink::Options small;
    small.batch_bytes_at_once = 100'000;
    small.batch_bytes_per_second = 50'000;
    small.stray_bytes_max = 60'000;
    return small;
  }
  OpenFleet fleet{options()};
  ProbeVoice good{fleet, fleet.who("good")};
  ProbeVoice evil{fleet, fleet.who("evil")};
};

TEST_F(Floods, AProbeThatSaysTooMuchIsSlowedDownAndLosesNothing) {
  fleet.open_session(kSession, "good");
  good.say({});
  std::vector<protocol::Batch> batches;
  for (std::uint64_t i = 1; i <= 8; ++i) {
    std::string lines;
    while (lines.size() < 20'000) lines += outcome(i * 1000 + lines.size());
    batches.push_back(good.batch(kSession, i, lines));
  }
  const auto answer = good.say(batches, {{.session = kSession, .last_batch = 8}});
  ASSERT_TRUE(answer);
  EXPECT_GE(answer->pace_ms, 1000);
  EXPECT_LT(fleet.records("batch").size(), 6U);
  EXPECT_THAT(fleet.lost(), IsEmpty());
  // It does as it is told, and all of it arrives.
  std::uint64_t last = 0;
  for (int i = 0; i < 30 && last < 8; ++i) {
    const auto next = good.say({batches.begin() + static_cast<std::ptrdiff_t>(last), batches.end()},
                               {{.session = kSession, .last_batch = 8}});
    ASSERT_TRUE(next);
    last = next->acks.at(0).sequence;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  EXPECT_EQ(last, 8U);
  EXPECT_EQ(fleet.records("batch").size(), 8U);
}

TEST_F(Floods, SessionsThatNobodyBeganDoNotFillTheDisk) {
  for (int i = 0; i < 200; ++i) {
    const auto session = fmt::format("made-up-{}", i);
    evil.say({evil.batch(session, 1, std::string(10'000, 'x') + "\n")},
             {{.session = session, .last_batch = 1}});
  }
  EXPECT_LE(fleet.records("batch").size(), 6U);
  EXPECT_LE(fleet.records("plane-refusal").size(), 21U);
  EXPECT_GE(fleet.recorded("plane-refusal", "stray-batches"), 1U);
  fleet.open_session(kSession, "good");
  good.say({});
  good.say({good.batch(kSession, 1, outcome(1))}, {{.session = kSession, .last_batch = 1}});
  EXPECT_EQ(fleet.heard(), 1U);
}

}  // namespace
}  // namespace reachproof::test
