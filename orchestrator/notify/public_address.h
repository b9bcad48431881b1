#pragma once

#include "core/address.h"

namespace reachproof::orchestrator {

/// Whether an address belongs to the public internet: not private, shared, loopback, link-local,
/// documentation, multicast, reserved, nor an IPv6 form that carries an IPv4 address (IANA's
/// special-purpose registries). A webhook's host must have one, unless its configuration says
/// otherwise: whoever may write a URL there shall not reach the inside by it.
[[nodiscard]] bool is_public_address(const core::IpAddress& address);

}  // namespace reachproof::orchestrator
