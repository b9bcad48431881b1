#pragma once

#include <string_view>

namespace reachproof::orchestrator::api {

/// openapi.json, which the program carries along.
[[nodiscard]] std::string_view openapi_text();

}  // namespace reachproof::orchestrator::api
