#pragma once

#include <set>
#include <string_view>

#include "core/flow.h"

namespace reachproof::probe {

/// The ports on which some process of this network namespace listens (TCP) or is bound (UDP),
/// read from /proc/net: true even where the host's own firewall hides them from a connection.
[[nodiscard]] std::set<core::ProtocolPort> served_ports();

/// The listening or bound ports in the text of one of /proc/net/{tcp,tcp6,udp,udp6} (proc(5)).
[[nodiscard]] std::set<core::Port> ports_in_socket_table(std::string_view table,
                                                         core::Protocol protocol);

}  // namespace reachproof::probe
