#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/calendar.h"

/// What to do after an attempt to deliver. Pure.
namespace reachproof::orchestrator {

/// What came of one attempt.
struct DeliveryAnswer {
  int status = 0;      ///< of HTTP; 0: no answer came, or there is no HTTP
  bool taken = false;  ///< without HTTP: whether it was delivered
  std::optional<std::chrono::milliseconds> retry_after;
  std::string error;  ///< where there was no answer; holds no secret
};

enum class DeliveryFate {
  Delivered,
  Again,    ///< later: the receiver, the way there or a setting is at fault, and can be mended
  Refused,  ///< this very message is not wanted (400, 413, 422), and will not be the next time
};
[[nodiscard]] DeliveryFate fate_of(const DeliveryAnswer& answer);
/// Whether the receiver as a whole should be left alone until then, not just this message.
[[nodiscard]] bool pauses_receiver(const DeliveryAnswer& answer);
/// For counters and the delivery log: "http-503", "no-answer", "failed".
[[nodiscard]] std::string reason_of(const DeliveryAnswer& answer);

/// How long to wait after so many failures in a row (from 1): doubling from 1 s to 5 min, of which
/// a random half is taken (`random` from 0 to 2^32 - 1), so that many senders do not come back
/// together. What the receiver asked for is a minimum, of at most one hour.
[[nodiscard]] std::chrono::milliseconds pause_after(
    int failures, std::optional<std::chrono::milliseconds> retry_after, std::uint32_t random);

/// The Retry-After header (RFC 9110, 10.2.3): seconds, or a date in the IMF-fixdate form.
[[nodiscard]] std::optional<std::chrono::milliseconds> retry_after_of(std::string_view header,
                                                                      core::WallTime now);

/// A message is given up when it could not be delivered for so long.
inline constexpr std::chrono::hours kDeliveryAgeMax{72};

}  // namespace reachproof::orchestrator
