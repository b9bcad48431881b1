#include "orchestrator/pace.h"

#include <gtest/gtest.h>

namespace reachproof::orchestrator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Pace::Time kBegin = Pace::Time(std::chrono::hours(1));

TEST(Pace, RunsThatOverlapShareOneRate) {
  Pace pace({.count = 10, .per = seconds(1)}, {.count = 1000, .per = seconds(1)});
  Pace::Time last{};
  for (int i = 0; i < 40; ++i) {
    const auto turn = pace.take(i % 2 == 0 ? "a" : "b", kBegin);  // two runs, turn by turn
    EXPECT_GE(turn, last);
    last = turn;
  }
  EXPECT_EQ(last - kBegin, milliseconds(3900));
}

TEST(Pace, ATargetIsTriedAtItsOwnRateWhoeverTries) {
  Pace pace({.count = 1000, .per = seconds(1)}, {.count = 2, .per = seconds(1)});
  EXPECT_EQ(pace.take("a", kBegin), kBegin);
  EXPECT_EQ(pace.take("a", kBegin) - kBegin, milliseconds(500));
  EXPECT_EQ(pace.take("b", kBegin), kBegin);  // the other target need not wait for it
  EXPECT_EQ(pace.take("a", kBegin) - kBegin, milliseconds(1000));
}

TEST(Pace, WhatWasNotUsedIsNotSavedUp) {
  Pace pace({.count = 10, .per = seconds(1)}, {.count = 1000, .per = seconds(1)});
  EXPECT_EQ(pace.take("a", kBegin), kBegin);
  const auto later = kBegin + seconds(60);
  EXPECT_EQ(pace.take("a", later), later);
  EXPECT_EQ(pace.take("b", later) - later, milliseconds(100));
}

TEST(Pace, NewLimitsHoldFromTheNextTryOn) {
  Pace pace({.count = 1, .per = seconds(10)}, {.count = 1000, .per = seconds(1)});
  EXPECT_EQ(pace.take("a", kBegin), kBegin);
  pace.set({.count = 10, .per = seconds(1)}, {.count = 1000, .per = seconds(1)});
  EXPECT_EQ(pace.take("b", kBegin) - kBegin, seconds(10));
  EXPECT_EQ(pace.take("c", kBegin) - kBegin, seconds(10) + milliseconds(100));
}

TEST(Pace, RemembersNoMoreTargetsThanItMust) {
  Pace pace({.count = 1'000'000, .per = seconds(1)}, {.count = 1000, .per = seconds(1)});
  auto now = kBegin;
  for (int i = 0; i < 100'000; ++i) {
    now += milliseconds(1);
    EXPECT_EQ(pace.take(std::to_string(i), now), now);
  }
}

}  // namespace
}  // namespace reachproof::orchestrator
