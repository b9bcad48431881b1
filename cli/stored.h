#pragma once

#include <optional>
#include <string>

#include "cli/verb.h"
#include "evidence/stored_run.h"

namespace reachproof::cli {

/// Reads a run of an evidence file; nothing where that failed, and then it has been said.
[[nodiscard]] std::optional<evidence::StoredRun> stored_run(Context& context,
                                                            const EvidenceOptions& evidence,
                                                            const std::string& name);

}  // namespace reachproof::cli
