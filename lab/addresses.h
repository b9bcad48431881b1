#pragma once

#include <cstdint>
#include <optional>

#include "lab/model.h"
#include "scenarios/document.h"

namespace reachproof::lab {

/// The address at a distance from a block's base; none if it lies outside.
[[nodiscard]] std::optional<core::IpAddress> nth_address(const core::Cidr& block,
                                                         std::uint32_t distance);

/// Gives every router and host its addresses, and reports those that cannot be.
///
/// Routers take the first free addresses of each of their segments, hosts the first free from the
/// tenth on (in a block of fewer than 32: the first free), the same number in both families.
/// What the file gives explicitly stays; a host with explicit addresses gets no others.
void assign_addresses(Lab& lab, scenarios::Problems& problems);

}  // namespace reachproof::lab
