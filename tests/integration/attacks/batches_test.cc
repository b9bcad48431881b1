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
  EXPECT_EQ(fleet.heard(), 1U);
  EXPECT_EQ(fleet.records("batch").size(), 1U);
  expect_still_served(2);
}

TEST_F(Batches, OneThatIsToldAgainInOtherWordsEndsTheSession) {
  good.say({good.batch(kSession, 1, outcome(1)), good.batch(kSession, 2, outcome(2))}, {report(2)});
  good.say({good.batch(kSession, 1, outcome(1, core::Outcome::Connected))}, {report(2)});
  EXPECT_EQ(fleet.heard(), 2U);
  EXPECT_EQ(fleet.records("batch").size(), 2U);
  EXPECT_EQ(fleet.recorded("plane-refusal", "batch-changed"), 1U);
  EXPECT_THAT(fleet.lost(), ElementsAre(HasSubstr("in different words")));
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

/// A message with its id a second time.
std::string twice(std::string line) {
  const auto at = line.find("\"id\":1");
  EXPECT_NE(at, std::string::npos) << line;
  return line.insert(at, "\"id\":1,");
}

TEST_F(Batches, WhatIsNoMessageEndsTheSessionAlone) {
  for (const auto& words :
       {std::string("nonsense\n"), std::string("{\"outcome\":{}}\n"), twice(outcome(1)),
        std::string(300'000, 'x') + "\n", "[" + std::string(10'000, '[') + "\n"}) {
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

TEST_F(Batches, AFullDiskConfirmsNothingOfASessionThatIsOverEither) {
  const auto rest = [this] {
    return std::vector{good.batch(kSession, 2, outcome(2)), good.batch(kSession, 3, outcome(3)),
                       good.batch(kSession, 4, outcome(4))};
  };
  good.say({good.batch(kSession, 1, outcome(1))}, {report(1)});
  fleet.close_sessions();
  good.say({}, {});  // it has forgotten the session, and so has the link
  fleet.on_loop([&] { fleet.keeper().full = true; });
  EXPECT_FALSE(good.say(rest(), {report(4)}));
  fleet.on_loop([&] { fleet.keeper().full = false; });
  EXPECT_EQ(acked(good.say({}, {report(4)})), 1U) << "confirmed, and on no disk";
  EXPECT_EQ(acked(good.say(rest(), {report(4)})), 4U);
  EXPECT_EQ(fleet.records("batch").size(), 4U);
}

/// The connection breaks while the disk is busy, and the probe comes again with more.
TEST_F(Batches, AnExchangeWaitsForTheOneBeforeToBeKept) {
  const auto first = good.batch(kSession, 1, outcome(1));
  const auto second = good.batch(kSession, 2, outcome(2));
  fleet.on_loop([&] { fleet.keeper().slow = true; });
  std::thread cut([&] { ProbeVoice(fleet, fleet.who("good")).say({first}, {report(1)}); });
  fleet.until_waiting(1);
  std::optional<protocol::ExchangeAnswer> answer;
  std::thread again([&] { answer = good.say({first, second}, {report(2)}); });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  fleet.on_loop([&] {
    EXPECT_EQ(fleet.keeper().waiting(), 1U) << "the second is judged before the first is kept";
    fleet.keeper().full = true;
    fleet.keeper().go_on();
    fleet.keeper().full = false;
    fleet.keeper().slow = false;
    while (fleet.keeper().waiting() > 0) fleet.keeper().go_on();
  });
  cut.join();
  again.join();
  EXPECT_EQ(acked(answer), 2U);
  EXPECT_EQ(fleet.heard(), 2U);
  EXPECT_EQ(fleet.records("batch").size(), 2U);
}

/// After a rollback a probe tells what is new before it knows that it must tell the rest again.
TEST_F(Batches, WhatALogHasLostIsTakenAfterWhatCameLater) {
  const std::string lost = "r-0-0";
  const auto piece = [&](std::uint64_t at) { return good.batch(lost, at, outcome(at)); };
  const auto so_far = report(5, lost);
  EXPECT_EQ(acked(good.say({piece(5)}, {so_far}), lost), 5U);
  // One after another, and nothing is confirmed that was not told.
  EXPECT_EQ(acked(good.say({piece(1), piece(2)}, {so_far}), lost), 2U);
  fleet.on_loop([&] { fleet.keeper().full = true; });
  EXPECT_FALSE(good.say({piece(3), piece(4), piece(5)}, {so_far}));
  fleet.on_loop([&] { fleet.keeper().full = false; });
  EXPECT_EQ(acked(good.say({piece(3), piece(4), piece(5)}, {so_far}), lost), 5U);
  EXPECT_EQ(acked(good.say({piece(1), piece(5)}, {so_far}), lost), 5U);
  EXPECT_EQ(fleet.records("batch").size(), 5U);
  // What the probe no longer has does not hold up the rest.
  EXPECT_EQ(acked(good.say({piece(9)}, {report(9, lost)}), lost), 9U);
  EXPECT_EQ(acked(good.say({piece(7), piece(9)}, {report(9, lost)}), lost), 7U);
  EXPECT_EQ(acked(good.say({piece(9)}, {report(9, lost)}), lost), 9U);
  EXPECT_EQ(fleet.heard(), 0U);
}

TEST_F(Batches, ASessionThatItsProbeForgotIsNotBegunASecondTime) {
  fleet.restore_session("r-1-7", "evil", {outcome(1), outcome(2)});
  const auto answer = evil.say({});
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->openings, IsEmpty());
  EXPECT_THAT(fleet.lost(), ElementsAre(HasSubstr("knows nothing of it")));
}

TEST_F(Batches, WhatWasToldBeforeARestartCannotBeToldOtherwiseAfterIt) {
  fleet.restore_session("r-1-7", "evil", {outcome(1), outcome(2)});
  evil.say({evil.batch("r-1-7", 2, outcome(2, core::Outcome::Connected))}, {report(2, "r-1-7")});
  EXPECT_EQ(fleet.recorded("plane-refusal", "batch-changed"), 1U);
  EXPECT_THAT(fleet.lost(), ElementsAre(HasSubstr("in different words")));
}

class Floods : public ::testing::Test {
 protected:
  static orchestrator::FleetLink::Options options() {
    orchestrator::FleetLink::Options small;
    small.batch_bytes_at_once = 100'000;
    small.batch_bytes_per_second = 50'000;
    small.late_bytes_at_once = 60'000;
    small.late_bytes_per_second = 1;
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
  EXPECT_GE(fleet.recorded("plane-refusal", "late-batches"), 1U);
  fleet.open_session(kSession, "good");
  good.say({});
  good.say({good.batch(kSession, 1, outcome(1))}, {{.session = kSession, .last_batch = 1}});
  EXPECT_EQ(fleet.heard(), 1U);
}

TEST_F(Floods, NeitherDoesOneThatIsMadeUpAndHasNoEnd) {
  for (std::uint64_t i = 1; i <= 60; ++i) {
    evil.say({evil.batch("made-up", i, std::string(10'000, 'x') + "\n")},
             {{.session = "made-up", .last_batch = i}});
  }
  EXPECT_LE(fleet.records("batch").size(), 6U);
  EXPECT_GE(fleet.recorded("plane-refusal", "late-batches"), 1U);
}

TEST_F(Floods, ALongerLogThatAProbeClaimsIsOneRecord) {
  fleet.on_loop([&] { fleet.fleet().link().set_log_size(10); });
  for (std::uint64_t i = 1; i <= 50; ++i) {
    evil.about().log_size = 100 + i;
    EXPECT_TRUE(evil.say({}));
  }
  EXPECT_EQ(fleet.records("rollback-seen").size(), 1U);
}

TEST_F(Floods, AFloodOfStrangersDoesNotHideWhatAProbeDid) {
  const auto stranger = fleet.person("stranger");
  for (int i = 0; i < 60; ++i) fleet.post(stranger, protocol::kExchangePath, "{}");
  EXPECT_LE(fleet.recorded("plane-refusal", stranger.id()), 20U);
  fleet.open_session(kSession, "good");
  evil.say({evil.batch(kSession, 1, outcome(1))}, {});
  EXPECT_EQ(fleet.recorded("plane-refusal", fleet.who("evil").id()), 1U);
}

}  // namespace
}  // namespace reachproof::test
