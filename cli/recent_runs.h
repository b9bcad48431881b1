#pragma once

#include <functional>
#include <string>

#include "cli/verb.h"
#include "evidence/stored_run.h"

namespace reachproof::cli {

/// Finished runs of a scenario from `since` on, the newest first, each read whole and handed over;
/// runs whose detail was pruned are passed over. Nothing where there is no evidence file yet.
[[nodiscard]] Result<void> for_recent_runs(
    const EvidenceOptions& evidence, const std::string& scenario, core::WallTime since,
    const std::function<void(const evidence::StoredRun&)>& take);

}  // namespace reachproof::cli
