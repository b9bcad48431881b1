#include "probe/clock.h"

#include <ctime>

namespace reachproof::probe {

std::int64_t monotonic_us() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

core::Moment moment_now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  const auto since_epoch =
      std::chrono::seconds(now.tv_sec) +
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::nanoseconds(now.tv_nsec));
  return {core::WallTime(since_epoch), monotonic_us()};
}

}  // namespace reachproof::probe
