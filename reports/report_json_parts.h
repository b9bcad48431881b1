#pragma once

#include <boost/json/value.hpp>
#include <utility>

#include "reports/report.h"

/// The parts of the JSON report, each as reports/report.schema.json names it. Internal.
namespace reachproof::reports {

[[nodiscard]] boost::json::value not_tested_json(const Report& report);
[[nodiscard]] boost::json::value summary_json(const Report& report);
[[nodiscard]] boost::json::value run_json(const Report& report);
[[nodiscard]] boost::json::value change_json(const Report& report);  ///< null without a baseline
[[nodiscard]] boost::json::value point_json(const RunPoint& run);
[[nodiscard]] boost::json::value scope_json(const Report& report);
[[nodiscard]] boost::json::value cell_json(const std::pair<std::uint32_t, std::uint32_t>& place,
                                           const Cell& cell);
[[nodiscard]] boost::json::value check_json(const Report& report,
                                            const evidence::StoredCheck& check);
/// A check with its rule's place, its life over the runs, and all that was tried and seen.
[[nodiscard]] boost::json::value departure_json(const Report& report, const Departure& departure);
[[nodiscard]] boost::json::value rule_json(const RuleUse& rule);
[[nodiscard]] boost::json::value exception_json(const ExceptionUse& use);
[[nodiscard]] boost::json::value control_json(const ControlSupport& control);
[[nodiscard]] boost::json::value technique_json(const TechniqueExposure& exposure);
/// Null where the report was made without the log.
[[nodiscard]] boost::json::value evidence_json(const Report& report);

}  // namespace reachproof::reports
