#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/scenario.h"
#include "scenarios/draft.h"
#include "scenarios/fields.h"
#include "scenarios/selectors.h"

/// What flows, forbids and exceptions have in common.
namespace reachproof::scenarios {

/// From whom, to whom, on which ports.
struct Span {
  core::Selection from;
  core::Selection to;
  std::string service;
  std::vector<core::PortRange> ports;
  core::SourceMark mark = {};  ///< of the rule's id
};

/// "flow F01", for messages.
[[nodiscard]] std::string rule_name(std::string_view kind, const Node& node);

/// Reads `id`, which no other rule may have.
[[nodiscard]] std::string claim_id(Fields& keys, Draft& draft);

/// Reads `from`, `to` and `service`. What could not be understood is empty.
[[nodiscard]] Span read_span(Fields& keys, Draft& draft);

/// Reads `controls`, each of which the scenario must define.
[[nodiscard]] std::vector<std::string> read_control_ids(Fields& keys, Draft& draft);

}  // namespace reachproof::scenarios
