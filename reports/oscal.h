#pragma once

#include <string>

#include "reports/report.h"

/// OSCAL 1.1.3 (NIST) as JSON. UUIDs are of version 5, made from what they name: a check, a rule or
/// a party keeps its UUID in every export, and the same run gives the same bytes.
namespace reachproof::reports {

/// What was planned: an activity for each rule, one task, the controls that rules name.
[[nodiscard]] std::string oscal_plan(const Report& report);

/// What came of it: an OSCAL observation for each check (past kOscalChecksMax those that passed are
/// counted by rule and pair of segments), a risk for each departure that fails or is excepted, an
/// OSCAL finding for each control that rules name. It imports `assessment-plan.json` beside it.
[[nodiscard]] std::string oscal_results(const Report& report);
inline constexpr std::size_t kOscalChecksMax = 20'000;

}  // namespace reachproof::reports
