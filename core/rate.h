#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace reachproof::core {

/// So many events in each period: "50/s", "30/m", "2/h".
struct Rate {
  std::uint32_t count = 0;
  std::chrono::seconds per{1};

  static std::optional<Rate> parse(std::string_view text);
  /// The pause between two events that keeps the rate: rounded up, never a little too fast.
  [[nodiscard]] std::chrono::microseconds interval() const {
    const auto period = std::chrono::duration_cast<std::chrono::microseconds>(per);
    return (period + std::chrono::microseconds(count - 1)) / count;
  }
  auto operator<=>(const Rate&) const = default;
};

/// "250ms", "3s", "10m", "3h", "7d". At least 1 ms.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace reachproof::core
