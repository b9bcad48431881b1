#pragma once

#include <string>

#include "core/plan.h"
#include "reports/look.h"

namespace reachproof::reports {

/// What a run of this plan will send, from where, at what rate, and what it leaves out and why.
[[nodiscard]] std::string plan_text(const core::Plan& plan, bool every_check, const Look& look);

}  // namespace reachproof::reports
