#pragma once

#include <string>

#include "evidence/stored_run.h"

namespace reachproof::evidence {

/// The run that another is compared with: an id, "previous" (the newest that finished), or
/// "last-green" (the newest that finished without a violation or a broken flow; unproven and
/// excepted checks do not count against it). Runs of that scenario alone, and, where `before` names
/// a run of the log, only those that began before it. NotFound says what there is instead.
[[nodiscard]] Result<StoredRun> load_baseline(const LogReader& log, const std::string& name,
                                              const std::string& scenario,
                                              const std::string& before = "");

}  // namespace reachproof::evidence
