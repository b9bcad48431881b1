#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/cron.h"

namespace reachproof::core {

/// What is known of one schedule when somebody looks at the clock.
struct ScheduleFacts {
  CronExpression cron;
  ZoneRules zone;
  std::chrono::milliseconds window{0};  ///< how long after its time it may still begin
  WallTime handled{};                   ///< everything up to here was decided before
  bool running = false;                 ///< its last run is not over
};

/// What becomes of one occurrence.
struct ScheduleTurn {
  enum class What {
    Run,
    Late,        ///< run it, though its time is more than a minute ago
    Missed,      ///< its window is over, or a later occurrence is due as well
    Overlapped,  ///< the run before it is not over
  };
  What what = What::Run;
  WallTime occurrence{};
  int more = 0;  ///< of a Missed: so many occurrences before it were missed too, and are not listed
};

/// Decides every occurrence after `handled` up to now, the oldest first. At most one is run; of a
/// long absence the newest 100 missed ones are listed.
[[nodiscard]] std::vector<ScheduleTurn> turns(const ScheduleFacts& facts, WallTime now);

[[nodiscard]] std::string_view word(ScheduleTurn::What what);

}  // namespace reachproof::core
