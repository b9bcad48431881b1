#include "orchestrator/notify/retry.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace reachproof::orchestrator {
namespace {

using std::chrono::milliseconds;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

constexpr milliseconds kPauseMin = 1s;
constexpr milliseconds kPauseMax = 5min;
constexpr milliseconds kRetryAfterMax = 1h;

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

/// "Wed, 21 Oct 2015 07:28:00 GMT".
std::optional<core::WallTime> http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(25) != " GMT") return std::nullopt;
  const auto* month = std::ranges::find(kMonths, text.substr(8, 3));
  if (month == kMonths.end()) return std::nullopt;
  return core::parse_wall_time(fmt::format("{}-{:02}-{}T{}Z", text.substr(12, 4),
                                           month - kMonths.begin() + 1, text.substr(5, 2),
                                           text.substr(17, 8)));
}

}  // namespace

DeliveryFate fate_of(const DeliveryAnswer& answer) {
  if (answer.status == 0) return answer.taken ? DeliveryFate::Delivered : DeliveryFate::Again;
  if (answer.status >= 200 && answer.status < 300) return DeliveryFate::Delivered;
  const bool refused = answer.status == 400 || answer.status == 413 || answer.status == 422;
  return refused ? DeliveryFate::Refused : DeliveryFate::Again;
}

bool pauses_receiver(const DeliveryAnswer& answer) {
  if (fate_of(answer) != DeliveryFate::Again) return false;
  // A receiver that stumbles over one message may still take the others.
  return answer.status != 500;
}

std::string reason_of(const DeliveryAnswer& answer) {
  if (answer.status != 0) return fmt::format("http-{}", answer.status);
  return answer.taken ? "" : "no-answer";
}

milliseconds pause_after(int failures, std::optional<milliseconds> retry_after,
                         std::uint32_t random) {
  auto whole = kPauseMin;
  for (int i = 1; i < failures && whole < kPauseMax; ++i) whole *= 2;
  whole = std::min(whole, kPauseMax);
  const auto half = whole / 2;
  const milliseconds jittered = half + milliseconds(half.count() * std::int64_t{random} >> 32);
  return std::max(jittered, std::min(retry_after.value_or(milliseconds(0)), kRetryAfterMax));
}

std::optional<milliseconds> retry_after_of(std::string_view header, core::WallTime now) {
  if (const auto seconds = whole_number(header)) {
    return std::chrono::seconds(std::min<std::int64_t>(*seconds, 1'000'000));
  }
  const auto date = http_date(header);
  if (!date) return std::nullopt;
  return std::max(milliseconds(0), *date - now);
}

}  // namespace reachproof::orchestrator
