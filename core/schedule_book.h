#pragma once

#include <chrono>
#include <string>
#include <string_view>
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
  bool paused = false;                  ///< somebody wants no runs of it
  bool waiting = false;                 ///< it cannot begin now: too few of its vantages are there
  std::chrono::milliseconds jitter{0};
  std::uint64_t seed = 0;  ///< of the jitter: the same for the same schedule
};

/// What becomes of one occurrence.
struct ScheduleTurn {
  enum class What {
    Run,
    Late,        ///< run it, though its time is more than a minute ago
    Missed,      ///< its window is over, or a later occurrence is due as well
    Overlapped,  ///< the run before it is not over
    Paused,      ///< somebody has paused the schedule
  };
  What what = What::Run;
  WallTime occurrence{};
  int more = 0;  ///< of a Missed: so many occurrences before it were missed too, and are not listed
};

/// How much later than its time an occurrence begins: from 0 up to `jitter`, spread evenly over
/// schedules and days, the same whenever it is asked.
[[nodiscard]] std::chrono::milliseconds jitter_of(const ScheduleFacts& facts, WallTime occurrence);

/// A schedule's seed, by its name.
[[nodiscard]] std::uint64_t jitter_seed(std::string_view name);

/// Decides every occurrence after `handled` up to now, the oldest first. At most one is run; of a
/// long absence the newest 100 missed ones are listed.
/// One that waits for its vantages is not decided while its window lasts.
[[nodiscard]] std::vector<ScheduleTurn> turns(const ScheduleFacts& facts, WallTime now);

[[nodiscard]] std::string_view word(ScheduleTurn::What what);

}  // namespace reachproof::core
