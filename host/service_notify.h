#pragma once

#include <chrono>
#include <optional>
#include <string_view>

/// What a service tells systemd over $NOTIFY_SOCKET (sd_notify(3), "standalone implementations").
namespace reachproof::host {

/// "READY=1", "STATUS=...", "WATCHDOG=1", "STOPPING=1"; without effect outside systemd.
void service_notify(std::string_view state);

/// How often WATCHDOG=1 is due (half of $WATCHDOG_USEC); nothing where no watchdog waits.
[[nodiscard]] std::optional<std::chrono::milliseconds> watchdog_interval();

}  // namespace reachproof::host
