#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/inventory.h"
#include "core/plan.h"
#include "evidence/stored_run.h"

/// Detection power: would this harness, here, find an open path? Witnesses open listeners of their
/// own, on ports that the scenario lets through and on ports that it forbids, and a run looks for
/// them. Pure.
namespace reachproof::orchestrator {

/// The ports on which witnesses opened listeners of their own, by endpoint.
using SeededPorts = std::map<std::string, std::set<core::ProtocolPort>>;

/// Lets witnesses open listeners wherever the inventory does not keep the port closed, the ports of
/// intended flows included: never in a run whose verdicts count, where a dead service must not look
/// alive.
void seed_listeners(core::Plan& plan, const core::Inventory& inventory);

struct SelfTest {
  int open_seeded = 0;  ///< paths to seeded listeners that the scenario lets through
  int open_found = 0;   ///< of these, those that were found open, by the listener's keyed answer
  int shut_seeded = 0;  ///< paths to seeded listeners that it forbids
  int shut_held = 0;    ///< of these, those that were blocked
  int shut_leaked = 0;  ///< of these, those that got through: violations, not faults of the harness
  std::vector<std::string> missed;    ///< "check: why", of the open ones that were not found
  std::vector<std::string> leaked;    ///< checks
  std::vector<std::string> unproven;  ///< "check: why", of the shut ones

  /// What is found of all open paths at least, with 95 % confidence (Clopper-Pearson, one-sided).
  [[nodiscard]] double detection_at_least() const;
};

[[nodiscard]] SelfTest evaluate(const evidence::StoredRun& run, const SeededPorts& seeded);

}  // namespace reachproof::orchestrator
