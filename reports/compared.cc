#include "reports/compared.h"

#include <algorithm>

#include "reports/run_text.h"

namespace reachproof::reports {

Compared::Compared(const evidence::StoredRun& baseline, const evidence::StoredRun& run)
    : baseline_(&baseline), diff_(core::diff(states(baseline), states(run))) {
  for (const auto* changes : {&diff_.opened, &diff_.dimmed, &diff_.lost_sight}) {
    for (const auto& change : *changes) new_.insert(change.id);
  }
}

bool Compared::is_new(const evidence::StoredCheck& check) const {
  return new_.contains(check.check.id);
}

int Compared::count_new(core::CheckResult result) const {
  int count = 0;
  for (const auto* changes : {&diff_.opened, &diff_.dimmed, &diff_.lost_sight}) {
    count += static_cast<int>(std::ranges::count_if(
        *changes, [&](const core::CheckChange& change) { return change.after.result == result; }));
  }
  return count;
}

}  // namespace reachproof::reports
