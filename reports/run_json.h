#pragma once

#include <string>

#include "core/diff.h"
#include "evidence/stored_run.h"
#include "reports/compared.h"
#include "reports/run_text.h"

/// The same for programs: one JSON object in a versioned envelope,
/// {"apiVersion":"reachproof/v1","kind":...}. Pure.
namespace reachproof::reports {

/// With what changed, where it is compared with another run; null where not.
[[nodiscard]] std::string results_json(const evidence::StoredRun& run, const ResultFilter& filter,
                                       const Compared* compared = nullptr);
/// One check with everything that was observed.
[[nodiscard]] std::string explanation_json(const evidence::StoredRun& run,
                                           const std::vector<const evidence::StoredCheck*>& checks);
[[nodiscard]] std::string diff_json(const evidence::StoredRun& before,
                                    const evidence::StoredRun& after, const core::RunDiff& diff);
[[nodiscard]] std::string plan_json(const core::Plan& plan);

}  // namespace reachproof::reports
