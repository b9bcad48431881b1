#pragma once

#include <chrono>

#include "core/calendar.h"

namespace reachproof::host {

/// This host's wall clock, in whole milliseconds.
[[nodiscard]] inline core::WallTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace reachproof::host
