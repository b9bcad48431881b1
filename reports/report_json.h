#pragma once

#include "reports/report.h"

namespace reachproof::reports {

/// The whole model as one JSON object, as reports/report.schema.json describes it (`reachproof
/// schema report`). The page of html.h reads the same. Of more checks than `checks_max` the list
/// stays empty and `checks_left_out` counts them; departures are always there in full. Of more
/// pairs of workloads than kWorkloadCellsMax only those that depart from intent are listed.
void write_report_json(const Report& report, std::size_t checks_max, const Sink& sink);
inline constexpr std::size_t kWorkloadCellsMax = 250'000;

}  // namespace reachproof::reports
