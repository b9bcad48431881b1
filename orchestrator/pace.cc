#include "orchestrator/pace.h"

#include <algorithm>

namespace reachproof::orchestrator {
namespace {

/// More targets than this are not remembered once their turn is over.
constexpr std::size_t kRememberedMax = 4096;

}  // namespace

Pace::Time Pace::take(const std::string& target, Time now) {
  if (next_at_.size() > kRememberedMax) forget(now);
  auto& next_here = next_at_[target];
  const auto turn = std::max({now, next_, next_here});
  next_ = std::max(next_, now) + rate_.interval();
  next_here = turn + per_target_.interval();
  return turn - now <= kTolerance ? now : turn;
}

void Pace::forget(Time now) {
  std::erase_if(next_at_, [&](const auto& entry) { return entry.second <= now; });
}

}  // namespace reachproof::orchestrator
