#pragma once

#include <cstdint>

#include "core/observation.h"

namespace reachproof::probe {

[[nodiscard]] std::int64_t monotonic_us();
[[nodiscard]] core::Moment moment_now();

}  // namespace reachproof::probe
