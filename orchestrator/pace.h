#pragma once

#include <chrono>
#include <map>
#include <string>

#include "core/rate.h"

namespace reachproof::orchestrator {

/// The rates that the runs of one process share: in all, and at each target, however many runs
/// overlap. Pure; times are of a monotonic clock.
class Pace {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// A try that is so little early is let go: timers are no finer.
  static constexpr std::chrono::milliseconds kTolerance{2};

  Pace(core::Rate rate, core::Rate per_target) : rate_(rate), per_target_(per_target) {}

  /// New limits; what was taken before still counts.
  void set(core::Rate rate, core::Rate per_target) {
    rate_ = rate;
    per_target_ = per_target;
  }
  /// Takes the next turn at this target, and says when it is: `now`, or later.
  Time take(const std::string& target, Time now);

 private:
  void forget(Time now);

  core::Rate rate_;
  core::Rate per_target_;
  Time next_{};
  std::map<std::string, Time> next_at_;  ///< by target
};

}  // namespace reachproof::orchestrator
