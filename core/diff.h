#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/verdict.h"

/// What changed between two runs of one scenario. Pure.
namespace reachproof::core {

/// How one check ended in one run, as far as a comparison cares.
struct CheckState {
  CheckResult result = CheckResult::Unproven;
  Reachability reachability = Reachability::Inconclusive;
  /// What it tests, whatever rule names it: a check whose rule was renamed is the same one. Empty:
  /// it is known by its id alone.
  std::string flow;
};

struct CheckChange {
  std::string id;
  CheckState before;
  CheckState after;
};

struct RunDiff {
  std::vector<CheckChange> opened;      ///< failing now, and not before
  std::vector<CheckChange> closed;      ///< failing before, and shown not to fail now
  std::vector<CheckChange> lost_sight;  ///< failing before, unproven now: not closed
  std::vector<CheckChange> dimmed;      ///< unproven now, and neither failing nor unproven before
  std::vector<CheckChange> changed;     ///< anything else that differs
  std::vector<std::string> added;       ///< checks that only the newer run has
  std::vector<std::string> removed;     ///< checks that only the older run has
  int persisting = 0;                   ///< failing in both
};

/// Checks are told apart by their id, and where only one of the runs has it by their flow: of
/// several of one flow a failing one counts. A check that is new and fails is both added and
/// opened; one that is new and unproven both added and dimmed.
[[nodiscard]] RunDiff diff(const std::map<std::string, CheckState>& before,
                           const std::map<std::string, CheckState>& after);

}  // namespace reachproof::core
