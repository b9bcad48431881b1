// When schedules are due: cron expressions, time zones, missed and overlapped turns.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "core/schedule_book.h"

namespace reachproof::core {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

WallTime at(const char* text) {
  return *parse_wall_time(text);
}

CronExpression cron(const char* text) {
  return *CronExpression::parse(text);
}

/// Clocks of central Europe in 2026: forward on 29 March, back on 25 October, both at 01:00 UTC.
ZoneRules berlin() {
  return {
      .name = "Europe/Berlin",
      .before = hours(1),
      .changes = {{at("2026-03-29T01:00:00Z"), hours(2)}, {at("2026-10-25T01:00:00Z"), hours(1)}}};
}

std::string next(const char* expression, const char* after, const ZoneRules& zone) {
  const auto moment = cron(expression).next_after(at(after), zone);
  return moment ? text(*moment) : "never";
}

TEST(Cron, ANightlyTimeIsThatOfTheZoneInSummerAndInWinter) {
  EXPECT_EQ(next("15 2 * * *", "2026-01-10T12:00:00Z", berlin()), "2026-01-11T01:15:00.000Z");
  EXPECT_EQ(next("15 2 * * *", "2026-07-10T12:00:00Z", berlin()), "2026-07-11T00:15:00.000Z");
}

TEST(Cron, ATimeThatTheClocksSkipIsDueOnceRightAfterTheGap) {
  EXPECT_EQ(next("30 2 * * *", "2026-03-28T12:00:00Z", berlin()), "2026-03-29T01:00:00.000Z");
  EXPECT_EQ(next("30 2 * * *", "2026-03-29T01:00:00Z", berlin()), "2026-03-30T00:30:00.000Z");
}

TEST(Cron, ATimeThatComesTwiceIsDueTheFirstTimeAlone) {
  EXPECT_EQ(next("30 2 * * *", "2026-10-24T12:00:00Z", berlin()), "2026-10-25T00:30:00.000Z");
  EXPECT_EQ(next("30 2 * * *", "2026-10-25T00:30:00Z", berlin()), "2026-10-26T01:30:00.000Z");
}

TEST(Cron, EveryHourGoesByElapsedTimeThroughBothChanges) {
  for (const char* begin : {"2026-03-28T22:00:00Z", "2026-10-24T22:00:00Z"}) {
    auto moment = at(begin);
    for (int i = 0; i < 8; ++i) {
      const auto following = cron("0 * * * *").next_after(moment, berlin());
      ASSERT_TRUE(following);
      EXPECT_EQ(*following - moment, hours(1)) << text(moment);
      moment = *following;
    }
  }
}

TEST(Cron, EitherDayFitsWhereBothAreRestricted) {
  // The 13th, and every Friday: 2026-11-13 is a Friday, the 20th another.
  EXPECT_EQ(next("0 0 13 * 5", "2026-11-13T00:00:00Z", {}), "2026-11-20T00:00:00.000Z");
  EXPECT_EQ(next("0 0 13 * 5", "2026-12-12T00:00:00Z", {}), "2026-12-13T00:00:00.000Z");
  EXPECT_EQ(next("0 0 * * 7", "2026-11-26T00:00:00Z", {}), "2026-11-29T00:00:00.000Z");
}

TEST(Cron, ADayThatNeverComesIsNever) {
  EXPECT_EQ(next("0 0 30 2 *", "2026-01-01T00:00:00Z", {}), "never");
  EXPECT_EQ(next("0 0 29 2 *", "2096-03-01T00:00:00Z", {}), "2104-02-29T00:00:00.000Z");
}

TEST(Cron, AgreesWithAWalkOverEveryMinute) {
  std::mt19937 random(20261126);
  const std::array<const char*, 6> expressions{"*/7 * * * *",  "5,35 3-5 * * *", "0 */6 * * *",
                                               "10 12 * 11 1", "0 0 1 * *",      "59 23 28-31 * *"};
  for (int round = 0; round < 60; ++round) {
    const auto* text_of = expressions[static_cast<std::size_t>(round) % expressions.size()];
    const auto expression = cron(text_of);
    auto moment = at("2026-01-01T00:00:00Z") + minutes(random() % (300 * 1440));
    const auto found = expression.next_after(moment, {});
    ASSERT_TRUE(found);
    EXPECT_GT(*found, moment);
    // Nothing between: asked again from a minute before, the answer is the same.
    EXPECT_EQ(expression.next_after(*found - minutes(1), {}), found) << text_of;
    EXPECT_EQ(expression.next_after(moment + (*found - moment) / 2, {}), found) << text_of;
  }
}

ScheduleFacts hourly(const char* handled) {
  return {.cron = cron("0 * * * *"), .zone = {}, .window = minutes(10), .handled = at(handled)};
}

TEST(ScheduleBook, IsRunOnItsTimeAndOnce) {
  auto facts = hourly("2026-11-26T10:00:00Z");
  EXPECT_TRUE(turns(facts, at("2026-11-26T10:59:59Z")).empty());
  const auto due = turns(facts, at("2026-11-26T11:00:00Z"));
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].what, ScheduleTurn::What::Run);
  facts.handled = due[0].occurrence;
  EXPECT_TRUE(turns(facts, at("2026-11-26T11:00:30Z")).empty());
}

TEST(ScheduleBook, IsLateWithinItsWindowAndMissedBeyondIt) {
  const auto facts = hourly("2026-11-26T10:00:00Z");
  EXPECT_EQ(turns(facts, at("2026-11-26T11:05:00Z"))[0].what, ScheduleTurn::What::Late);
  EXPECT_EQ(turns(facts, at("2026-11-26T11:30:00Z"))[0].what, ScheduleTurn::What::Missed);
}

TEST(ScheduleBook, IsNotRunWhileItsLastRunIsNotOver) {
  auto facts = hourly("2026-11-26T10:00:00Z");
  facts.running = true;
  EXPECT_EQ(turns(facts, at("2026-11-26T11:00:10Z"))[0].what, ScheduleTurn::What::Overlapped);
}

TEST(ScheduleBook, ListsTheNewestOfALongAbsenceAndCountsTheRest) {
  const auto missed = turns(hourly("2026-11-01T00:00:00Z"), at("2026-11-26T10:00:05Z"));
  ASSERT_EQ(missed.size(), 100U);
  EXPECT_EQ(missed.front().more, 25 * 24 + 10 - 100);
  EXPECT_EQ(missed.back().what, ScheduleTurn::What::Run);
}

TEST(ScheduleBook, JitterSpreadsOccurrencesAndIsTheSameWheneverItIsAsked) {
  auto facts = hourly("2026-11-26T10:00:00Z");
  facts.jitter = minutes(10);
  facts.seed = jitter_seed("nightly");
  std::set<std::chrono::milliseconds> spread;
  for (int hour = 0; hour < 24; ++hour) {
    const auto when = at("2026-11-26T00:00:00Z") + std::chrono::hours(hour);
    const auto later = jitter_of(facts, when);
    EXPECT_EQ(jitter_of(facts, when), later);
    EXPECT_GE(later, minutes(0));
    EXPECT_LT(later, minutes(10));
    spread.insert(later);
  }
  EXPECT_GT(spread.size(), 20U);
  const auto due = at("2026-11-26T11:00:00Z");
  const auto later = jitter_of(facts, due);
  EXPECT_TRUE(turns(facts, due + later - std::chrono::milliseconds(1)).empty());
  const auto decided = turns(facts, due + later);
  ASSERT_EQ(decided.size(), 1U);
  EXPECT_EQ(decided[0].what, ScheduleTurn::What::Run);
  EXPECT_EQ(decided[0].occurrence, due);
}

TEST(ScheduleBook, WhatIsPausedIsNeitherRunNorMissed) {
  auto facts = hourly("2026-11-26T10:00:00Z");
  facts.paused = true;
  const auto decided = turns(facts, at("2026-11-26T12:30:00Z"));
  ASSERT_EQ(decided.size(), 2U);
  EXPECT_EQ(decided[0].what, ScheduleTurn::What::Paused);
  EXPECT_EQ(decided[1].what, ScheduleTurn::What::Paused);
}

TEST(ScheduleBook, WhatWaitsIsDecidedWhenItsWindowIsOver) {
  auto facts = hourly("2026-11-26T10:00:00Z");
  facts.waiting = true;
  EXPECT_TRUE(turns(facts, at("2026-11-26T11:09:00Z")).empty());
  const auto decided = turns(facts, at("2026-11-26T11:11:00Z"));
  ASSERT_EQ(decided.size(), 1U);
  EXPECT_EQ(decided[0].what, ScheduleTurn::What::Missed);
}

}  // namespace
}  // namespace reachproof::core
