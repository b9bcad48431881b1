#pragma once

#include "core/calendar.h"
#include "core/scenario.h"
#include "scenarios/document.h"

namespace reachproof::scenarios {

/// Reports where the rules of a scenario contradict each other:
///
/// - a flow that meets a forbid, unless exceptions in force cover all that they share;
/// - an exception that allows more than the forbid lifts, or whose forbid is the default while
///   another forbids the same;
/// - two flows that speak of the same connection (a warning).
///
/// Rules with an empty end or without ports were reported before, and are passed over.
/// With `lapsed_is_told`, a flow that a forbid meets because an exception has expired is a warning.
void report_conflicts(const core::Scenario& scenario, core::Date today, bool lapsed_is_told,
                      Problems& problems);

}  // namespace reachproof::scenarios
