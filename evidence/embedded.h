#pragma once

#include <string_view>

namespace reachproof::evidence {

/// VERIFY.md as every bundle holds it.
std::string_view bundle_guide_text();

}  // namespace reachproof::evidence
