#pragma once

#include <optional>

#include "cli/verb.h"
#include "evidence/stored_run.h"
#include "orchestrator/run_service.h"

namespace reachproof::cli {

/// A run of launched probes, made and read back from its evidence.
struct LaunchedRun {
  orchestrator::RunResult result;
  evidence::StoredRun stored;
};

/// Makes a run of the plan; `request` brings its limits, its reason and the proof that it needs.
/// Nothing where it failed, which is said, and the exit code is then set.
[[nodiscard]] std::optional<LaunchedRun> launch_run(Context& context, const Documents& documents,
                                                    const core::Plan& plan,
                                                    const EvidenceOptions& evidence, bool quiet,
                                                    orchestrator::RunRequest request);

}  // namespace reachproof::cli
