#pragma once

#include <optional>
#include <string>

#include "cli/verb.h"
#include "core/findings.h"
#include "reports/report.h"

namespace reachproof::cli {

/// Everything that a report is made from, held as long as it is written.
struct ReportData {
  evidence::StoredRun run;
  std::optional<evidence::StoredRun> baseline;
  std::optional<core::Scenario> scenario;     ///< nothing where this version cannot read it
  std::vector<evidence::RunSummary> history;  ///< all runs of the log
  core::FindingBook findings;
  evidence::RunEvidence evidence;

  [[nodiscard]] reports::ReportSources view() const;
};

/// Reads a run with its scenario, hashes, proofs and findings. `baseline` may be empty; Usage where
/// it is a run of another scenario.
[[nodiscard]] Result<ReportData> load_report_sources(const EvidenceOptions& evidence,
                                                     const std::string& run,
                                                     const std::string& baseline);

}  // namespace reachproof::cli
