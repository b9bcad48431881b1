#pragma once

#include <string>
#include <vector>

#include "core/inventory.h"
#include "core/plan.h"
#include "core/scenario.h"
#include "evidence/run_records.h"
#include "orchestrator/run_facts.h"

/// What a run writes into the evidence, whoever carried it out.
namespace reachproof::orchestrator {

/// What stands at the head of a run's records.
struct RunAbout {
  std::string run;
  core::WallTime started{};
  std::string who;  ///< empty: the user of this process at this host
  std::string why;
  bool require_proved = false;
  std::string change;                   ///< RunHeader::change
  std::optional<core::WallTime> as_of;  ///< RunHeader::as_of
};
[[nodiscard]] evidence::RunHeader header_of(const RunAbout& about, const core::Scenario& scenario,
                                            const core::Inventory& inventory);

/// Judges what was gathered: probes, refusals, observations, verdicts, the end. Pure but for the
/// time at which it ends.
struct RunOutcome {
  std::vector<core::CheckVerdict> verdicts;
  std::vector<evidence::Record> records;
};
[[nodiscard]] RunOutcome outcome_of(const RunAbout& about, const core::Plan& plan,
                                    const core::Inventory& inventory, const RunFacts& facts,
                                    core::WallTime finished);

/// "user@host" of this process.
[[nodiscard]] std::string user_at_host();
[[nodiscard]] std::string host_name();

}  // namespace reachproof::orchestrator
