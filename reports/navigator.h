#pragma once

#include <string>

#include "reports/report.h"

namespace reachproof::reports {

/// An ATT&CK Navigator layer (format 4.5): for each technique that rules name, the share of its
/// checks that are violations, in percent. That is exposure: the reachability which the technique
/// needs, never its use.
[[nodiscard]] std::string navigator_layer(const Report& report);

}  // namespace reachproof::reports
