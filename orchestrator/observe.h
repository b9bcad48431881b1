#pragma once

#include <vector>

#include "core/inventory.h"
#include "core/judge.h"
#include "orchestrator/run_facts.h"

/// From what was gathered to what is known, and judged. Pure.
namespace reachproof::orchestrator {

/// For each check of the plan, one observation for each of its paths.
[[nodiscard]] std::vector<std::vector<core::Observation>> observations(
    const core::Plan& plan, const core::Inventory& inventory, const RunFacts& facts);

/// The verdict of each check. `paths[i]` are the observations of check i.
[[nodiscard]] std::vector<core::CheckVerdict> verdicts(
    const core::Plan& plan, const std::vector<std::vector<core::Observation>>& paths,
    bool require_proved);

}  // namespace reachproof::orchestrator
