#include "probe/deadline_wheel.h"

#include <gmock/gmock.h>

#include <map>
#include <random>

namespace reachproof::probe {
namespace {

constexpr std::int64_t kTick = DeadlineWheel::kTickUs;
constexpr std::int64_t kSecond = 1'000'000;

std::vector<std::uint32_t> expired(DeadlineWheel& wheel, std::int64_t now) {
  std::vector<std::uint32_t> slots;
  wheel.advance(now, [&](std::uint32_t slot) { slots.push_back(slot); });
  return slots;
}

// Against a sorted list: never early, at most a tick late, once each.
TEST(DeadlineWheel, DoesWhatASortedListDoes) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    std::int64_t now = 1 + static_cast<std::int64_t>(random() % 1'000'000'000);
    DeadlineWheel wheel(50, now);
    std::map<std::uint32_t, std::int64_t> list;
    for (int step = 0; step < 2000; ++step) {
      const auto slot = static_cast<std::uint32_t>(random() % 50);
      switch (random() % 4) {
        case 0:
        case 1:
          list[slot] = now + 1 +
                       static_cast<std::int64_t>(random() % (random() % 2 ? 20'000 : 60 * kSecond));
          wheel.set(slot, list[slot]);
          break;
        case 2:
          wheel.clear(slot);
          list.erase(slot);
          break;
        default:
          now += static_cast<std::int64_t>(random() % (random() % 8 ? 10'000 : 80 * kSecond));
          wheel.advance(now, [&](std::uint32_t due) {
            ASSERT_TRUE(list.contains(due)) << "fired without a deadline";
            ASSERT_LE(list[due], now) << "early";
            list.erase(due);
          });
          for (const auto& [left, deadline] : list) ASSERT_GT(deadline + kTick, now) << "late";
      }
      ASSERT_EQ(wheel.empty(), list.empty());
    }
  }
}

TEST(DeadlineWheel, ADeadlineIsNeverEarlyAndAtMostATickLate) {
  for (const std::int64_t offset : {std::int64_t{0}, std::int64_t{1}, kTick - 1}) {
    DeadlineWheel wheel(1, 0);
    const auto deadline = 100 * kTick + offset;
    wheel.set(0, deadline);
    EXPECT_TRUE(expired(wheel, deadline - 1).empty());
    EXPECT_THAT(expired(wheel, deadline + kTick), testing::ElementsAre(0));
    EXPECT_TRUE(wheel.empty());
  }
}

TEST(DeadlineWheel, ADeadlineThatHasPassedAlreadyFiresAtOnce) {
  DeadlineWheel wheel(1, 0);
  expired(wheel, 10 * kSecond);
  wheel.set(0, 9 * kSecond);
  EXPECT_THAT(expired(wheel, 10 * kSecond + kTick), testing::ElementsAre(0));
}

TEST(DeadlineWheel, AfterALongPauseAFreshDeadlineIsNotEarly) {
  for (const std::int64_t pause : {10 * kSecond, 66 * kSecond, 70 * kSecond, 3600 * kSecond}) {
    DeadlineWheel wheel(2, 0);
    const auto now = pause;
    wheel.set(0, now + 60 * kSecond);
    EXPECT_TRUE(expired(wheel, now).empty()) << pause;
    EXPECT_TRUE(expired(wheel, now + 60 * kSecond - 1).empty()) << pause;
    EXPECT_THAT(expired(wheel, now + 60 * kSecond + kTick), testing::ElementsAre(0)) << pause;
  }
}

TEST(DeadlineWheel, AfterALongPauseAllThatIsDueFires) {
  DeadlineWheel wheel(3, 0);
  wheel.set(0, 1 * kSecond);
  wheel.set(1, 30 * kSecond);
  wheel.set(2, 60 * kSecond);
  EXPECT_THAT(expired(wheel, 1000 * kSecond), testing::UnorderedElementsAre(0, 1, 2));
}

TEST(DeadlineWheel, ASlotHasOneDeadlineTheLastOne) {
  DeadlineWheel wheel(1, 0);
  wheel.set(0, kSecond);
  wheel.set(0, 2 * kSecond);
  EXPECT_TRUE(expired(wheel, kSecond + 2 * kTick).empty());
  EXPECT_THAT(expired(wheel, 2 * kSecond + kTick), testing::ElementsAre(0));
}

TEST(DeadlineWheel, WhatFiresMaySetAndClear) {
  DeadlineWheel wheel(3, 0);
  wheel.set(0, kTick);
  wheel.set(1, kTick);
  wheel.set(2, kTick);
  std::vector<std::uint32_t> fired;
  wheel.advance(3 * kTick, [&](std::uint32_t slot) {
    fired.push_back(slot);
    if (fired.size() == 1) wheel.clear((slot + 1) % 3);
    wheel.set(slot, 10 * kTick);
  });
  EXPECT_EQ(fired.size(), 2U);
  EXPECT_THAT(expired(wheel, 12 * kTick), testing::UnorderedElementsAreArray(fired));
}

TEST(DeadlineWheel, ClearingWhatIsNotSetDoesNothing) {
  DeadlineWheel wheel(1, 0);
  wheel.clear(0);
  EXPECT_TRUE(wheel.empty());
}

}  // namespace
}  // namespace reachproof::probe
