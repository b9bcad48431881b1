#pragma once

#include <boost/json/array.hpp>
#include <string>

#include "reports/report.h"

/// Departures as OSCAL risks. Internal to the OSCAL writers.
namespace reachproof::reports::oscal {

[[nodiscard]] std::string observation_uuid(const Report& report,
                                           const evidence::StoredCheck& check);
[[nodiscard]] std::string risk_uuid(const Report& report, const evidence::StoredCheck& check);
/// What fails, or would but for an exception.
[[nodiscard]] bool is_risk(const evidence::StoredCheck& check);
[[nodiscard]] boost::json::array risks(const Report& report);

}  // namespace reachproof::reports::oscal
