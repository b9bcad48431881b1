#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/inventory.h"
#include "core/plan.h"
#include "protocol/grant.h"

namespace reachproof::orchestrator {

/// What a plan asks of each enrolled probe, for the holder of a policy key to sign. `ids` are the
/// probes' ids by name; a probe that is not among them gets no grant. Pure.
[[nodiscard]] std::vector<protocol::Grant> grants_of(const core::Plan& plan,
                                                     const core::Inventory& inventory,
                                                     const std::map<std::string, std::string>& ids,
                                                     const protocol::Grant& frame);

}  // namespace reachproof::orchestrator
