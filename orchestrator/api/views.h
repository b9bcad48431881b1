#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "core/diff.h"
#include "evidence/stored_run.h"
#include "orchestrator/api/access.h"
#include "orchestrator/api/backend.h"

/// What callers see of each thing, as JSON; openapi.json says the same in its schemas. Pure.
namespace reachproof::orchestrator::api {

[[nodiscard]] boost::json::object view(const ProbeView& probe);
[[nodiscard]] boost::json::object view(const ProbeTokenView& token);
[[nodiscard]] boost::json::object view(const RunProgress& progress);
[[nodiscard]] boost::json::object view(const ScheduleView& schedule);
[[nodiscard]] boost::json::object view(const FindingView& finding);
[[nodiscard]] boost::json::object view(const EngagementView& engagement);
[[nodiscard]] boost::json::object view(const StopView& stop);
[[nodiscard]] boost::json::object view(const IntegrationView& integration);
[[nodiscard]] boost::json::object view(const DeliveryView& delivery);
[[nodiscard]] boost::json::object view(const ApiToken& token, const LastUse* use,
                                       core::WallTime now);

/// A run without its checks; `running` where it is being made.
[[nodiscard]] boost::json::object run_view(const evidence::RunHeader& header,
                                           const std::optional<evidence::RunEnd>& end,
                                           bool running);
[[nodiscard]] boost::json::object verdict_view(const evidence::StoredCheck& check);
/// What was observed on each path of the check.
[[nodiscard]] boost::json::object observations_view(const evidence::StoredCheck& check);
[[nodiscard]] boost::json::object diff_view(const std::string& before, const std::string& after,
                                            const core::RunDiff& diff);

[[nodiscard]] std::vector<std::string> segments_of(const FindingView& finding);

}  // namespace reachproof::orchestrator::api
