#pragma once

#include <string>
#include <vector>

#include "reports/report.h"

/// What a run did not test, for report.cc.
namespace reachproof::reports {

/// What checks speak of that belongs to no segment, such as the cloud's metadata service.
[[nodiscard]] std::vector<std::string> outside_of(const evidence::StoredRun& run);
/// Needs the grids, and what is outside.
[[nodiscard]] Scope scope_of(const Report& report);
/// Needs the scope.
[[nodiscard]] std::vector<Untested> untested_of(const Report& report);
/// Needs both.
[[nodiscard]] std::string untested_sentence(const Report& report);

}  // namespace reachproof::reports
