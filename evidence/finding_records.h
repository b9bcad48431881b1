#pragma once

#include <span>
#include <vector>

#include "core/findings.h"
#include "core/judge.h"
#include "core/plan.h"
#include "evidence/log.h"

/// Findings as evidence: from a run's verdicts, to records, and back. docs/evidence-format.md.
namespace reachproof::evidence {

/// What a check's finding is known by: SHA-256 over scenario, rule, both segments, port and
/// expectation, apart by 0x1f.
[[nodiscard]] std::string fingerprint_of(const std::string& scenario, const core::Check& check);

/// What a judged run says of each fingerprint. Checks of a fingerprint are taken together, the
/// worst one decides.
[[nodiscard]] core::FindingRun finding_run(const std::string& scenario, const core::Plan& plan,
                                           std::span<const core::CheckVerdict> verdicts);

[[nodiscard]] Record record_of_finding(const core::FindingEvent& event);
/// The event in a record of kind "finding"; Corrupt where it cannot be read.
[[nodiscard]] Result<core::FindingEvent> finding_event(std::string_view body);

/// The book of a log: the fold of its "finding" records.
[[nodiscard]] Result<core::FindingBook> load_findings(const LogReader& log);

}  // namespace reachproof::evidence
