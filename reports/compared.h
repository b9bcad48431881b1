#pragma once

#include <set>
#include <string>

#include "core/diff.h"
#include "evidence/stored_run.h"

namespace reachproof::reports {

/// A run beside the one that it is compared with. Holds a pointer to it, which must outlive this.
class Compared {
 public:
  Compared(const evidence::StoredRun& baseline, const evidence::StoredRun& run);

  [[nodiscard]] const evidence::StoredRun& baseline() const { return *baseline_; }
  [[nodiscard]] const core::RunDiff& diff() const { return diff_; }
  /// The check fails, or is unproven, and was not so in the baseline.
  [[nodiscard]] bool is_new(const evidence::StoredCheck& check) const;
  /// Checks of the run that came to this result since the baseline. What failed and is unproven now
  /// counts with the unproven ones.
  [[nodiscard]] int count_new(core::CheckResult result) const;

 private:
  const evidence::StoredRun* baseline_;
  core::RunDiff diff_;
  std::set<std::string> new_;  ///< ids
};

}  // namespace reachproof::reports
