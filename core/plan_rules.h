#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/plan.h"

/// The planner's first half: which rule decides for which flow. Internal to core/.
namespace reachproof::core {

/// Endpoints by workload, in inventory order.
using EndpointsOf = std::map<std::string, std::vector<const Endpoint*>>;
[[nodiscard]] EndpointsOf endpoints_by_workload(const Inventory& inventory);

struct RuledChecks {
  std::vector<Check> checks;  ///< without paths
  std::vector<Gap> gaps;
  std::map<std::string, CheckSettings> settings;  ///< by rule id
  /// By check id, where several forbids speak of one flow: it is tried as thoroughly as any of them
  /// wants.
  std::map<std::string, CheckSettings> thorough;
  /// How a check is tried.
  [[nodiscard]] CheckSettings settings_of(const Check& check) const;
};

/// Every flow that a rule or default deny speaks of, each under the rule that decides it:
/// exception in force > forbid > flow > default.
[[nodiscard]] RuledChecks ruled_checks(const Scenario& scenario, const EndpointsOf& endpoints,
                                       WallTime now);

}  // namespace reachproof::core
