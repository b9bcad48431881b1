#pragma once

#include <string>

#include "core/scenario.h"
#include "scenarios/draft.h"

namespace reachproof::scenarios {

/// Resolves one end of a rule to the workloads that it speaks of:
///
///   web                                    a workload
///   [web, api]                             several
///   { segment: dmz, label: { data: phi } } all that fit every key
///   { segment: dmz, not: [web] }           less some
///   { not: [web] }                         every listed workload but these
///   { builtin: cloud-metadata }            what the scenario does not list
///
/// Naming cloud-metadata adds its workload to the draft. A selector that selects nothing is a
/// problem; the selection is then empty, as it is after any other problem.
[[nodiscard]] core::Selection read_selector(const Node& node, const std::string& what,
                                            Draft& draft);

}  // namespace reachproof::scenarios
