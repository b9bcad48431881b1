#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/inventory.h"
#include "core/scenario.h"
#include "evidence/stored_run.h"

/// A run as evidence records: the bytes that are hashed and kept. docs/evidence-format.md lists
/// the fields. Lists are cut into several records below kBodyBytesMax.
namespace reachproof::evidence {

/// Records of the beginning: run-started, snapshots of scenario and inventory, plan, gaps.
[[nodiscard]] std::vector<Record> records_of_start(const RunHeader& header,
                                                   const core::Scenario& scenario,
                                                   const core::Inventory& inventory,
                                                   const core::Plan& plan);

/// probes and refusals, each only where there are any.
[[nodiscard]] std::vector<Record> records_of_probes(const std::string& run,
                                                    const std::vector<ProbeRecord>& probes,
                                                    const std::vector<RefusalRecord>& refusals);

/// observations: `observations[i]` are those of check i, one for each path.
[[nodiscard]] std::vector<Record> records_of_observations(
    const std::string& run, core::WallTime started,
    std::span<const std::vector<core::Observation>> observations);

[[nodiscard]] std::vector<Record> records_of_verdicts(const std::string& run,
                                                      std::span<const core::CheckVerdict> verdicts);

[[nodiscard]] Record record_of_end(const std::string& run, const RunEnd& end);

}  // namespace reachproof::evidence
