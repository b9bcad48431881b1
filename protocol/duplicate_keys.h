#pragma once

#include <string_view>

namespace reachproof::protocol {

/// Whether an object in this JSON, which has been parsed before, names a field twice, or one with
/// an escape in its name: readers differ in which of the two they take, and no field of ours
/// needs an escape.
[[nodiscard]] bool has_ambiguous_keys(std::string_view json);

}  // namespace reachproof::protocol
