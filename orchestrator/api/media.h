#pragma once

#include <string_view>

namespace reachproof::orchestrator::api {

/// True where an Accept header (RFC 9110 section 12.5.1) allows this type; an empty one allows all.
[[nodiscard]] bool accepts(std::string_view accept, std::string_view type);

/// True for "application/json", whatever parameters follow.
[[nodiscard]] bool is_json(std::string_view content_type);

}  // namespace reachproof::orchestrator::api
