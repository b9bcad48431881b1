#pragma once

#include <optional>

#include "core/address.h"
#include "core/observation.h"

namespace reachproof::probe {

/// Asks the kernel to queue ICMP errors on the socket (IP_RECVERR, IPV6_RECVERR). Must come before
/// connect: without it IPv6 learns of an ICMP error only at the next retransmission, and errno
/// alone cannot tell a firewall from a closed port.
void queue_icmp_errors(int fd, core::Family family);

/// Takes the first ICMP error off the socket's queue, with the address that sent it.
[[nodiscard]] std::optional<core::IcmpError> take_icmp_error(int fd);

}  // namespace reachproof::probe
