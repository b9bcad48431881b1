#include "orchestrator/desk/schedule_desk.h"

#include <gmock/gmock.h>

#include "tests/support/memory_keeper.h"

namespace reachproof::orchestrator {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const core::WallTime kMidnight = *core::parse_wall_time("2026-11-30T00:00:00Z");

class Schedules : public ::testing::Test {
 protected:
  std::unique_ptr<ScheduleDesk> desk(const core::Schedule& schedule) {
    ScheduleDesk::Hooks hooks;
    hooks.start = [this](const core::Schedule&,
                         std::optional<core::WallTime> end) -> Result<std::string> {
      ended = end;
      if (!refusal.empty()) return fail(ErrorCode::Refused, refusal);
      return "r-" + std::to_string(++runs);
    };
    hooks.running = [this](const std::string&) { return running; };
    hooks.standing = [this](const core::Schedule&) { return standing; };
    hooks.say = [](std::string_view, const std::string&) {};
    auto made = std::make_unique<ScheduleDesk>(keeper, std::move(hooks));
    for (const auto& record : keeper.records) made->restore(record.body);
    EXPECT_TRUE(made->load({schedule}, kMidnight));
    return made;
  }
  /// "event run" of each record of an occurrence.
  std::vector<std::string> events() {
    std::vector<std::string> words;
    for (const auto& record : keeper.records) {
      const auto text = [&](const std::string& key) {
        const auto at = record.body.find("\"" + key + "\":\"") + key.size() + 4;
        return record.body.substr(at, record.body.find('"', at) - at);
      };
      words.push_back(text("event") + (text("run").empty() ? "" : " " + text("run")));
    }
    return words;
  }
  test::MemoryKeeper keeper;
  core::Schedule hourly{.name = "hourly", .cron = "0 * * * *", .window = minutes(20)};
  ScheduleDesk::Standing standing{.segments = {"office"}, .vantages = 4, .connected = 4};
  std::string refusal;
  std::optional<core::WallTime> ended;  ///< when the newest run is to end
  bool running = false;
  int runs = 0;
};

TEST_F(Schedules, EachOccurrenceIsDecidedOnceAlsoOverARestart) {
  auto first = desk(hourly);
  first->tick(kMidnight + minutes(30));
  first->tick(kMidnight + minutes(60));
  first->tick(kMidnight + minutes(61));
  EXPECT_THAT(events(), ElementsAre("started r-1"));
  auto second = desk(hourly);
  second->tick(kMidnight + minutes(62));
  EXPECT_THAT(events(), ElementsAre("started r-1"));
  second->tick(kMidnight + minutes(190));
  EXPECT_THAT(events(), ElementsAre("started r-1", "missed", "late r-2"));
}

TEST_F(Schedules, APauseIsARecordAndWhatItLeavesOutIsAGap) {
  auto schedules = desk(hourly);
  schedules->tick(kMidnight + minutes(1));
  Result<void> done;
  schedules->pause("hourly", {.token = "t", .name = "ada"}, "a move",
                   [&](Result<void> kept) { done = std::move(kept); });
  EXPECT_TRUE(done);
  schedules->tick(kMidnight + minutes(60));
  EXPECT_THAT(events(), ElementsAre("pause", "paused"));
  EXPECT_TRUE(schedules->find("hourly")->paused);
  EXPECT_EQ(schedules->find("hourly")->paused_by, "ada");
  EXPECT_FALSE(schedules->find("hourly")->next.has_value());
  auto again = desk(hourly);  // a restart forgets no pause
  again->tick(kMidnight + minutes(120));
  EXPECT_EQ(runs, 0);
  again->resume("hourly", {.token = "t", .name = "ada"}, [](const Result<void>&) {});
  again->tick(kMidnight + minutes(180));
  EXPECT_THAT(events(), ElementsAre("pause", "paused", "paused", "resume", "started r-1"));
}

TEST_F(Schedules, APauseThatCannotBeKeptDoesNotHold) {
  auto schedules = desk(hourly);
  keeper.full = true;
  Result<void> done;
  schedules->pause("hourly", {.token = "t", .name = "ada"}, "",
                   [&](Result<void> kept) { done = std::move(kept); });
  EXPECT_FALSE(done);
  EXPECT_FALSE(schedules->find("hourly")->paused);
}

TEST_F(Schedules, WaitsForItsVantagesAsLongAsItsWindowLasts) {
  hourly.vantages_online = 75;
  standing.connected = 2;
  auto schedules = desk(hourly);
  schedules->tick(kMidnight + minutes(1));
  schedules->tick(kMidnight + minutes(60));
  EXPECT_THAT(events(), IsEmpty());
  standing.connected = 3;
  schedules->tick(kMidnight + minutes(70));
  EXPECT_THAT(events(), ElementsAre("late r-1"));
  EXPECT_EQ(ended, kMidnight + minutes(80)) << "its window began when it was due";
  standing.connected = 0;
  schedules->tick(kMidnight + minutes(125));
  schedules->tick(kMidnight + minutes(141));
  EXPECT_THAT(events(), ElementsAre("late r-1", "missed"));
  EXPECT_THAT(keeper.records.back().body, HasSubstr("0 of its 4 vantages are connected"));
}

TEST_F(Schedules, WhatWasRefusedOrOverlappedSaysSo) {
  auto schedules = desk(hourly);
  schedules->tick(kMidnight + minutes(1));
  refusal = "no engagement allows this run";
  schedules->tick(kMidnight + minutes(60));
  EXPECT_THAT(keeper.records.back().body, HasSubstr("no engagement allows this run"));
  refusal.clear();
  running = true;
  schedules->tick(kMidnight + minutes(120));
  schedules->preempted("hourly", "r-9", "schedule urgent");
  EXPECT_THAT(events(), ElementsAre("refused", "overlapped", "preempted r-9"));
  running = false;
  EXPECT_EQ(schedules->find("hourly")->state, "preempted");
}

TEST_F(Schedules, AZoneThatNobodyKnowsLeavesTheOldSchedulesInForce) {
  auto schedules = desk(hourly);
  EXPECT_FALSE(schedules->load({{.name = "other", .cron = "0 0 * * *", .timezone = "Mars/Base"}},
                               kMidnight));
  EXPECT_NE(schedules->schedule("hourly"), nullptr);
}

}  // namespace
}  // namespace reachproof::orchestrator
