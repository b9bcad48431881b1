#pragma once

#include <chrono>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace reachproof::core {

/// Wall-clock time in UTC, to the millisecond.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
using Date = std::chrono::sys_days;

/// "2026-12-12"; refuses days that do not exist.
[[nodiscard]] std::optional<Date> parse_date(std::string_view text);
[[nodiscard]] std::string text(Date date);

/// "2026-11-30T00:00:00.000Z" (RFC 3339, always UTC, always milliseconds).
[[nodiscard]] std::string text(WallTime time);
/// Accepts what text(WallTime) writes; the fraction may be missing.
[[nodiscard]] std::optional<WallTime> parse_wall_time(std::string_view text);

/// A daily window in UTC, "01:00-05:00". The end is not part of it; a window whose end is not
/// after its beginning runs over midnight.
struct HoursWindow {
  std::chrono::minutes begin{0};
  std::chrono::minutes end{0};

  static std::optional<HoursWindow> parse(std::string_view text);
  [[nodiscard]] bool contains(WallTime time) const;
  [[nodiscard]] std::string text() const;
  auto operator<=>(const HoursWindow&) const = default;
};

/// A span of the calendar: "P7Y", "P18M" or "P400D" (ISO 8601, one unit).
struct CalendarSpan {
  int count = 7;
  char unit = 'Y';

  static std::optional<CalendarSpan> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  /// A day that the month does not have becomes its last.
  [[nodiscard]] WallTime after(WallTime time) const;
};

}  // namespace reachproof::core
