#pragma once

#include <vector>

#include "core/flow.h"
#include "core/layer.h"
#include "scenarios/draft.h"
#include "scenarios/fields.h"

namespace reachproof::scenarios {

enum class RuleKind : std::uint8_t { Flow, Forbid };

/// Reads `layer` of a rule: what is asked above the network, and what the answer must be. Null for
/// the network alone, and where something is wrong with it, which is reported.
[[nodiscard]] core::LayerPtr read_layer(Fields& keys, RuleKind kind,
                                        const std::vector<core::PortRange>& ports, Draft& draft);

}  // namespace reachproof::scenarios
