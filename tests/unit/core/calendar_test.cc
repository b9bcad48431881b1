#include "core/calendar.h"

#include <gmock/gmock.h>

namespace reachproof::core {
namespace {

WallTime at(const char* text) {
  return *parse_wall_time(text);
}
HoursWindow hours(const char* text) {
  return *HoursWindow::parse(text);
}

TEST(Dates, AreWrittenAsTheyAreRead) {
  for (const auto* date : {"1970-01-01", "2024-02-29", "2026-12-31", "2000-02-29"}) {
    EXPECT_EQ(text(*parse_date(date)), date);
  }
}

TEST(Dates, RefuseDaysThatDoNotExist) {
  for (const auto* date : {"2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-04-31",
                           "2026-01-00", "2026-1-01", "26-01-01", "2026/01/01", "2026-01-01 ", "",
                           "2026-01-1x", "-026-01-01", "2026-01-01T00:00:00Z"}) {
    EXPECT_EQ(parse_date(date), std::nullopt) << date;
  }
}

TEST(WallTimes, AreWrittenInUtcWithMilliseconds) {
  EXPECT_EQ(text(WallTime(std::chrono::milliseconds(0))), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(text(WallTime(std::chrono::milliseconds(-1))), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(text(at("2026-11-30T01:02:03.004Z")), "2026-11-30T01:02:03.004Z");
  EXPECT_EQ(text(at("2026-11-30T01:02:03Z")), "2026-11-30T01:02:03.000Z");
}

TEST(WallTimes, RefuseWhatTheyNeverWrite) {
  for (const auto* time :
       {"", "2026-11-30", "2026-11-30T01:02:03", "2026-11-30T01:02:03+00:00",
        "2026-11-30 01:02:03Z", "2026-11-30T24:00:00Z", "2026-11-30T24:00:59.000Z",
        "2026-11-30T01:60:03Z", "2026-11-30T01:02:61Z", "2026-11-30T01:02:03.4Z",
        "2026-11-30T01:02:03.0000Z", "2026-11-30T01:02:03,000Z", "2026-02-30T01:02:03Z",
        "2026-11-30T01:02:0 Z", "2026-11-30T01:02:03.-01Z", "2026-11-30t01:02:03Z"}) {
    EXPECT_EQ(parse_wall_time(time), std::nullopt) << time;
  }
}

TEST(Hours, ContainTheirBeginningAndNotTheirEnd) {
  const auto window = hours("01:00-05:00");
  EXPECT_FALSE(window.contains(at("2026-11-30T00:59:59.999Z")));
  EXPECT_TRUE(window.contains(at("2026-11-30T01:00:00Z")));
  EXPECT_TRUE(window.contains(at("2026-11-30T04:59:59.999Z")));
  EXPECT_FALSE(window.contains(at("2026-11-30T05:00:00Z")));
}

TEST(Hours, MayRunOverMidnight) {
  const auto window = hours("22:30-03:00");
  EXPECT_TRUE(window.contains(at("2026-11-30T22:30:00Z")));
  EXPECT_TRUE(window.contains(at("2026-11-30T23:59:59.999Z")));
  EXPECT_TRUE(window.contains(at("2026-12-01T00:00:00Z")));
  EXPECT_TRUE(window.contains(at("2026-12-01T02:59:59.999Z")));
  EXPECT_FALSE(window.contains(at("2026-12-01T03:00:00Z")));
  EXPECT_FALSE(window.contains(at("2026-11-30T12:00:00Z")));
}

TEST(Hours, UntilMidnightMayBeWrittenInTwoWays) {
  for (const auto* text : {"22:00-24:00", "22:00-00:00"}) {
    EXPECT_TRUE(hours(text).contains(at("2026-11-30T23:59:59.999Z"))) << text;
    EXPECT_FALSE(hours(text).contains(at("2026-11-30T00:00:00Z"))) << text;
  }
  EXPECT_TRUE(hours("00:00-24:00").contains(at("2026-11-30T12:00:00Z")));
}

TEST(Hours, HoldBeforeTheEpochToo) {
  EXPECT_TRUE(hours("22:00-24:00").contains(WallTime(std::chrono::milliseconds(-1))));
}

TEST(Hours, RefuseWhatNoClockShows) {
  for (const auto* text : {"", "01:00", "01:00-", "-05:00", "1:00-5:00", "01:00-25:00",
                           "01:60-05:00", "24:00-05:00", "24:01-05:00", "01:00-24:01",
                           "01:00-01:00", "01:00 - 05:00", "01:00-05:00Z", "01-00-05:00"}) {
    EXPECT_EQ(HoursWindow::parse(text), std::nullopt) << text;
  }
  EXPECT_EQ(hours("01:00-05:00").text(), "01:00-05:00");
}

}  // namespace
}  // namespace reachproof::core
