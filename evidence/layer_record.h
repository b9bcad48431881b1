#pragma once

#include <boost/json/fwd.hpp>

#include "core/layer.h"
#include "evidence/json_text.h"

/// What was asked above the network, and what was answered, as they stand in the plan's and the
/// observations' records (docs/evidence-format.md). Internal to evidence/.
namespace reachproof::evidence {

/// {"ask":{...},"label":L,"wanted":{...}}; what has its usual value is left out.
void write_layer(JsonText& json, const core::LayerRule& rule);
[[nodiscard]] core::LayerPtr read_layer(const boost::json::object& item);

/// [state, code, says, certificate, version, 1 where a client certificate was asked for, names].
void write_exchange(JsonText& json, const core::Exchange& exchange);
[[nodiscard]] core::ExchangePtr read_exchange(const boost::json::array& item);

}  // namespace reachproof::evidence
