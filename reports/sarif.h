#pragma once

#include <string>

#include "reports/report.h"

namespace reachproof::reports {

/// SARIF 2.1.0 for code scanning on the scenario's repository: a rule for each flow and forbid, a
/// result for each check that is not as intended, located at the line of its rule. What passed is
/// counted in the run's properties, and not listed.
[[nodiscard]] std::string sarif(const Report& report);

}  // namespace reachproof::reports
