#pragma once

#include <string>
#include <vector>

#include "reports/report.h"

/// What a run did not test, for report.cc.
namespace reachproof::reports {

/// Needs the grids.
[[nodiscard]] Scope scope_of(const Report& report);
/// Needs the scope.
[[nodiscard]] std::vector<Untested> untested_of(const Report& report);
/// Needs both.
[[nodiscard]] std::string untested_sentence(const Report& report);

}  // namespace reachproof::reports
