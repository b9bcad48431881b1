#pragma once

#include <vector>

#include "core/judge.h"

/// The judge's second half: what was said above the network. Internal to core/.
namespace reachproof::core {

/// Refines the verdict on the network by what the service answered. `reached[i]` says whether the
/// i-th attempt connected to the destination itself, and not to something in between.
[[nodiscard]] Verdict judge_above(Verdict network, const Observation& seen, Expectation expected,
                                  const JudgePolicy& policy, const std::vector<bool>& reached);

}  // namespace reachproof::core
