#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/model.h"

namespace reachproof::lab {

/// The blocks behind a name in a rule: a segment's subnets, a host's or router's addresses, or the
/// address or subnet itself. None for a name that nobody has.
[[nodiscard]] std::optional<std::vector<core::Cidr>> blocks_of(const Lab& lab,
                                                               const std::string& place);

/// The two ends of a rule in one family. An empty side means "any".
struct Ends {
  std::vector<core::Cidr> from;
  std::vector<core::Cidr> to;
};

/// None where an end that was named has no address of that family. Wants known names.
[[nodiscard]] std::optional<Ends> ends_of(const Lab& lab, const Rule& rule, core::Family family);

/// The single address behind a name, in one family.
[[nodiscard]] std::optional<core::IpAddress> address_of(const Lab& lab, const std::string& place,
                                                        core::Family family);

}  // namespace reachproof::lab
