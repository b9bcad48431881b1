#include "core/cron.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace reachproof::core {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;

struct CronField {
  const char* name;
  int min;
  int max;
};

constexpr std::array<CronField, 5> kFields{{{"minute", 0, 59},
                                            {"hour", 0, 23},
                                            {"day of the month", 1, 31},
                                            {"month", 1, 12},
                                            {"day of the week", 0, 7}}};
constexpr std::size_t kExpressionBytesMax = 500;
/// The 29th of February is at most eight years away (1896 to 1904, 2096 to 2104).
constexpr int kDaysAhead = 8 * 366 + 1;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::optional<int> number(std::string_view digits) {
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size() || value < 0) {
    return std::nullopt;
  }
  return value;
}

/// "*", "5", "1-5", the first and the last with "/2" behind it or not. False where it is neither.
template <std::size_t N>
bool take_part(std::string_view part, const CronField& field, std::bitset<N>& chosen) {
  int step = 1;
  const auto slash = part.find('/');
  if (slash != std::string_view::npos) {
    const auto given = number(part.substr(slash + 1));
    if (!given || *given < 1 || *given > field.max) return false;
    step = *given;
  }
  const auto range = part.substr(0, slash);
  const auto dash = range.find('-');
  const bool any = range == "*";
  if (slash != std::string_view::npos && !any && dash == std::string_view::npos) return false;
  const auto first = any ? field.min : number(range.substr(0, dash));
  const auto last = any                              ? field.max
                    : dash == std::string_view::npos ? first
                                                     : number(range.substr(dash + 1));
  if (!first || !last || *first < field.min || *last > field.max || *first > *last) return false;
  for (int value = *first; value <= *last; value += step) {
    chosen.set(static_cast<std::size_t>(value));
  }
  return true;
}

template <std::size_t N>
std::string take_field(std::string_view text, const CronField& field, std::bitset<N>& chosen) {
  for (const auto part : split(text, ',')) {
    if (take_part(part, field, chosen)) continue;
    return fmt::format("its {} cannot be `{}` (from {} to {})", field.name, part, field.min,
                       field.max);
  }
  return "";
}

}  // namespace

seconds ZoneRules::offset_at(WallTime utc) const {
  const auto after = std::ranges::upper_bound(changes, utc, {}, &Change::at);
  return after == changes.begin() ? before : std::prev(after)->offset;
}

WallTime ZoneRules::first_moment_of(WallTime local) const {
  // Each stretch between two changes shows one run of local times; the first that shows it wins.
  seconds offset = before;
  for (std::size_t i = 0; i <= changes.size(); ++i) {
    const WallTime moment = local - offset;
    const bool begun = i == 0 || moment >= changes[i - 1].at;
    if (!begun) return changes[i - 1].at;  // it was skipped
    if (i == changes.size() || moment < changes[i].at) return moment;
    offset = changes[i].offset;
  }
  return local - offset;
}

tl::expected<CronExpression, std::string> CronExpression::parse(std::string_view text) {
  if (text.size() > kExpressionBytesMax) return tl::unexpected<std::string>("it is too long");
  const auto fields = split(text, ' ');
  if (fields.size() != kFields.size()) {
    return tl::unexpected(
        fmt::format("it has {} fields, not 5 with one space between them", fields.size()));
  }
  CronExpression cron;
  std::string fault = take_field(fields[0], kFields[0], cron.minutes_);
  if (fault.empty()) fault = take_field(fields[1], kFields[1], cron.hours_);
  if (fault.empty()) fault = take_field(fields[2], kFields[2], cron.days_);
  if (fault.empty()) fault = take_field(fields[3], kFields[3], cron.months_);
  if (fault.empty()) fault = take_field(fields[4], kFields[4], cron.weekdays_);
  if (!fault.empty()) return tl::unexpected(fault);
  if (cron.weekdays_.test(7)) cron.weekdays_.set(0);
  cron.any_hour_ = fields[1].starts_with('*');
  cron.any_day_ = fields[2].starts_with('*');
  cron.any_weekday_ = fields[4].starts_with('*');
  return cron;
}

bool CronExpression::fits_day(sys_days local_day) const {
  const std::chrono::year_month_day date(local_day);
  if (!months_.test(static_cast<unsigned>(date.month()))) return false;
  const bool day = days_.test(static_cast<unsigned>(date.day()));
  const bool weekday = weekdays_.test(std::chrono::weekday(local_day).c_encoding());
  if (any_day_ || any_weekday_) return day && weekday;
  return day || weekday;
}

std::optional<WallTime> CronExpression::next_by_elapsed_time(WallTime after,
                                                             const ZoneRules& zone) const {
  WallTime moment = floor<minutes>(after) + minutes(1);
  const WallTime end = after + days(kDaysAhead);
  while (moment < end) {
    const WallTime local = moment + zone.offset_at(moment);
    const auto day = floor<days>(local);
    if (!fits_day(day)) {
      const auto skip = zone.first_moment_of(WallTime(day + days(1)));
      moment = std::max<WallTime>(moment + minutes(1), skip);
      continue;
    }
    const auto minute = std::chrono::duration_cast<minutes>(local - day).count();
    if (hours_.test(static_cast<std::size_t>(minute / 60)) &&
        minutes_.test(static_cast<std::size_t>(minute % 60))) {
      return moment;
    }
    moment += minutes(1);
  }
  return std::nullopt;
}

std::optional<WallTime> CronExpression::next_after(WallTime after, const ZoneRules& zone) const {
  if (any_hour_) return next_by_elapsed_time(after, zone);
  // A day before, since a local time may have been skipped up to now.
  const auto first_day = floor<days>(after + zone.offset_at(after)) - days(1);
  for (int i = 0; i < kDaysAhead; ++i) {
    const auto day = first_day + days(i);
    if (!fits_day(day)) continue;
    for (std::size_t hour = 0; hour < 24; ++hour) {
      if (!hours_.test(hour)) continue;
      for (std::size_t minute = 0; minute < 60; ++minute) {
        if (!minutes_.test(minute)) continue;
        const auto moment = zone.first_moment_of(
            WallTime(day) + minutes(static_cast<std::int64_t>(hour * 60 + minute)));
        if (moment > after) return moment;
      }
    }
  }
  return std::nullopt;
}

}  // namespace reachproof::core
