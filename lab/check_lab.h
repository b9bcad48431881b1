#pragma once

#include "lab/model.h"
#include "scenarios/document.h"

namespace reachproof::lab {

/// Checks names and what refers to them: twice-used names, unknown segments and routers,
/// overlapping subnets. Runs before addresses are given.
void check_names(const Lab& lab, scenarios::Problems& problems);

/// Checks that every segment can reach every other, unless it is isolated. Wants sound names.
void check_reachability(const Lab& lab, scenarios::Problems& problems);

/// Checks the rules of every firewall: known names, one family in common. Wants addresses.
void check_rules(const Lab& lab, scenarios::Problems& problems);

}  // namespace reachproof::lab
