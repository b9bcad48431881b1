#pragma once

#include <string>

#include "core/diff.h"
#include "evidence/stored_run.h"
#include "reports/look.h"

/// A run for people at a terminal. Pure: evidence in, text out.
namespace reachproof::reports {

struct ResultFilter {
  std::string result;       ///< word of a result, empty for any
  std::string source;       ///< workload or segment, empty for any
  std::string destination;  ///< likewise
  std::string port;         ///< "tcp/5432" or "5432", empty for any
  [[nodiscard]] bool keeps(const evidence::StoredCheck& check) const;
};

/// One sentence, then the counts: what an impatient reader needs.
[[nodiscard]] std::string summary(const evidence::StoredRun& run, const Look& look);

/// The departures: violations, broken, excepted, unproven, each with what the facts were.
[[nodiscard]] std::string findings(const evidence::StoredRun& run, const Look& look);

/// Every check that the filter keeps, one a line.
[[nodiscard]] std::string results(const evidence::StoredRun& run, const ResultFilter& filter,
                                  const Look& look);

enum class MatrixView { Intended, Observed, Difference };
enum class MatrixBy { Segment, Workload };
/// Sources down, destinations across. A cell shows its worst check and how many there are.
[[nodiscard]] std::string matrix(const evidence::StoredRun& run, MatrixView view, MatrixBy by,
                                 const Look& look);

/// One check, told in full: the rule, the plan, the attempts, the sightings, why this verdict.
[[nodiscard]] std::string explanation(const evidence::StoredRun& run,
                                      const evidence::StoredCheck& check, const Look& look);

[[nodiscard]] std::string diff_text(const evidence::StoredRun& before,
                                    const evidence::StoredRun& after, const core::RunDiff& diff,
                                    const Look& look);
[[nodiscard]] std::map<std::string, core::CheckState> states(const evidence::StoredRun& run);

/// What was not tested, and why: gaps of rules, gaps of checks grouped by reason, lost probes,
/// refusals, endpoint pairs beyond the samples.
[[nodiscard]] std::string limitations(const evidence::StoredRun& run, const Look& look);

}  // namespace reachproof::reports
