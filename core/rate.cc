#include "core/rate.h"

#include <charconv>

namespace reachproof::core {
namespace {

/// Splits "250ms" into 250 and "ms".
std::optional<std::pair<std::int64_t, std::string_view>> number_and_rest(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number <= 0 || number > 1'000'000'000) return std::nullopt;
  return std::pair{number, text.substr(static_cast<std::size_t>(end - text.data()))};
}

}  // namespace

std::optional<Rate> Rate::parse(std::string_view text) {
  const auto parts = number_and_rest(text);
  if (!parts || parts->first > 1'000'000) return std::nullopt;
  const auto count = static_cast<std::uint32_t>(parts->first);
  if (parts->second == "/s") return Rate{count, std::chrono::seconds(1)};
  if (parts->second == "/m") return Rate{count, std::chrono::seconds(60)};
  if (parts->second == "/h") return Rate{count, std::chrono::seconds(3600)};
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto parts = number_and_rest(text);
  if (!parts) return std::nullopt;
  const auto [number, unit] = *parts;
  if (unit == "ms") return std::chrono::milliseconds(number);
  if (unit == "s") return std::chrono::seconds(number);
  if (unit == "m") return std::chrono::minutes(number);
  if (unit == "h") return std::chrono::hours(number);
  if (unit == "d") return std::chrono::hours(number * 24);
  return std::nullopt;
}

}  // namespace reachproof::core
