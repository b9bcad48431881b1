#pragma once

#include <array>
#include <bitset>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "core/calendar.h"

/// When a schedule is due. Pure: the zone's rules and the time come in.
namespace reachproof::core {

/// How a time zone's clocks stood and stand: offsets from UTC, each from a moment on.
struct ZoneRules {
  struct Change {
    WallTime at{};
    std::chrono::seconds offset{0};  ///< local time minus UTC
  };
  std::string name = "UTC";
  std::chrono::seconds before{0};  ///< before the first change
  std::vector<Change> changes;     ///< by time

  [[nodiscard]] std::chrono::seconds offset_at(WallTime utc) const;
  /// The moment at which clocks there first show this local time; where they skip it, the first
  /// moment after the gap.
  [[nodiscard]] WallTime first_moment_of(WallTime local) const;
};

/// A cron expression of five fields: minute, hour, day of month, month, day of week (0 and 7 are
/// Sunday); numbers, `*`, ranges, steps, lists. Where both days are restricted either may fit
/// (POSIX crontab).
///
/// Daylight saving: an expression with a fixed hour whose local time is skipped is due once, right
/// after the gap; one whose local time comes twice is due once, the first time. With `*` or `*/N`
/// as its hour it goes by elapsed time: as often as minutes pass.
class CronExpression {
 public:
  /// The error says what is wrong, to follow "the cron expression is wrong: ".
  static tl::expected<CronExpression, std::string> parse(std::string_view text);

  /// The first moment after `after` at which it is due; nothing where there is none in eight years.
  [[nodiscard]] std::optional<WallTime> next_after(WallTime after, const ZoneRules& zone) const;

 private:
  [[nodiscard]] bool fits_day(std::chrono::sys_days local_day) const;
  [[nodiscard]] std::optional<WallTime> next_by_elapsed_time(WallTime after,
                                                             const ZoneRules& zone) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<8> weekdays_;
  bool any_hour_ = false;
  bool any_day_ = false;
  bool any_weekday_ = false;
};

}  // namespace reachproof::core
