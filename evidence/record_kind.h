#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace reachproof::evidence {

/// The kind that a record's body gives itself, where it is another one than the record is kept as.
/// Nothing where the two agree, or the body says nothing of it. The kind stands beside the body,
/// where no hash covers it. Pure.
[[nodiscard]] std::optional<std::string> other_kind(std::string_view body, std::string_view kind);

}  // namespace reachproof::evidence
