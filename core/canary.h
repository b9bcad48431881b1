#pragma once

#include <vector>

#include "core/judge.h"
#include "core/plan.h"

namespace reachproof::core {

/// Voids what is blocked in segments whose canary failed: the flow that must be denied got through,
/// or the one that must work did not. A canary that is itself unproven, or not in this plan, voids
/// nothing. Pure; `verdicts` are those of the plan's checks.
void apply_canaries(const Plan& plan, std::vector<CheckVerdict>& verdicts);

}  // namespace reachproof::core
