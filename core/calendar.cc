#include "core/calendar.h"

#include <fmt/core.h>

#include <charconv>

namespace reachproof::core {
namespace {

constexpr int kSpanCountMax = 40'000;

/// All of `text` as a number of exactly that many digits.
std::optional<int> digits(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return text.empty() ? std::nullopt : std::optional(value);
}

std::optional<std::chrono::minutes> time_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = digits(text.substr(0, 2));
  const auto minute = digits(text.substr(3, 2));
  if (!hour || !minute || *minute > 59) return std::nullopt;
  if (*hour > 24 || (*hour == 24 && *minute != 0)) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute);
}

}  // namespace

std::optional<Date> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = digits(text.substr(0, 4));
  const auto month = digits(text.substr(5, 2));
  const auto day = digits(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return Date(date);
}

std::string text(Date date) {
  const std::chrono::year_month_day ymd(date);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(ymd.year()),
                     static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()));
}

std::string text(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{}T{:02}:{:02}:{:02}.{:03}Z", text(day), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::optional<WallTime> parse_wall_time(std::string_view text) {
  if (text.size() < 20 || text[10] != 'T' || text.back() != 'Z') return std::nullopt;
  const auto date = parse_date(text.substr(0, 10));
  const auto minutes = time_of_day(text.substr(11, 5));
  const auto seconds = digits(text.substr(17, 2));
  if (!date || !minutes || !seconds || text[16] != ':' || *seconds > 60) return std::nullopt;
  if (*minutes >= std::chrono::hours(24)) return std::nullopt;  // the end of a window, not a time
  WallTime time = WallTime(*date) + *minutes + std::chrono::seconds(*seconds);
  if (text.size() == 20) return time;
  if (text.size() != 24 || text[19] != '.') return std::nullopt;
  const auto fraction = digits(text.substr(20, 3));
  if (!fraction) return std::nullopt;
  return time + std::chrono::milliseconds(*fraction);
}

std::optional<HoursWindow> HoursWindow::parse(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto begin = time_of_day(text.substr(0, dash));
  const auto end = time_of_day(text.substr(dash + 1));
  if (!begin || !end || *begin == *end || *begin == std::chrono::hours(24)) return std::nullopt;
  return HoursWindow{*begin, *end};
}

bool HoursWindow::contains(WallTime time) const {
  const auto of_day = time - std::chrono::floor<std::chrono::days>(time);
  if (begin < end) return of_day >= begin && of_day < end;
  return of_day >= begin || of_day < end;
}

std::string HoursWindow::text() const {
  return fmt::format("{:02}:{:02}-{:02}:{:02}", begin.count() / 60, begin.count() % 60,
                     end.count() / 60, end.count() % 60);
}

std::optional<CalendarSpan> CalendarSpan::parse(std::string_view text) {
  if (text.size() < 3 || text.front() != 'P') return std::nullopt;
  CalendarSpan span{.count = 0, .unit = text.back()};
  const auto digits = text.substr(1, text.size() - 2);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), span.count);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  const bool known = span.unit == 'Y' || span.unit == 'M' || span.unit == 'D';
  if (!whole || !known || span.count < 1 || span.count > kSpanCountMax) return std::nullopt;
  return span;
}

std::string CalendarSpan::text() const {
  return fmt::format("P{}{}", count, unit);
}

WallTime CalendarSpan::after(WallTime time) const {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const auto rest = time - day;
  if (unit == 'D') return day + std::chrono::days(count) + rest;
  std::chrono::year_month_day date{day};
  date += unit == 'Y' ? std::chrono::months(12 * count) : std::chrono::months(count);
  if (!date.ok()) date = date.year() / date.month() / std::chrono::last;
  return Date{date} + rest;
}

}  // namespace reachproof::core
