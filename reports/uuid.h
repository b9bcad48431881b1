#pragma once

#include <string>
#include <string_view>

namespace reachproof::reports {

/// A UUID of version 5 (RFC 9562) made from what it names: the same thing has the same UUID in
/// every report. `kind` keeps a check and a rule of one name apart.
[[nodiscard]] std::string uuid_of(std::string_view kind, std::string_view name);

}  // namespace reachproof::reports
