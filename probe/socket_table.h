#pragma once

#include <set>
#include <string_view>

#include "core/address.h"
#include "core/flow.h"

namespace reachproof::probe {

/// A listening (TCP) or unconnected (UDP) socket, with the address that it is bound to.
struct ServedSocket {
  core::ProtocolPort port;
  core::IpAddress address;  ///< 0.0.0.0 or :: for all
  auto operator<=>(const ServedSocket&) const = default;
};

/// The sockets of this network namespace on which somebody waits for others, read from /proc/net:
/// true even where the host's own firewall hides them from a connection.
[[nodiscard]] std::set<ServedSocket> served_sockets();

/// Those in the text of one of /proc/net/{tcp,tcp6,udp,udp6} (proc(5)).
[[nodiscard]] std::set<ServedSocket> sockets_in_table(std::string_view table,
                                                      core::Protocol protocol);

enum class Served : std::uint8_t {
  No,
  Yes,
  Perhaps,  ///< bound to all of IPv6, which takes IPv4 along or not
};

/// Whether somebody waits on the port at that address. A service on loopback alone serves nobody
/// else: a packet from outside finds the port closed.
[[nodiscard]] Served served_at(const std::set<ServedSocket>& sockets, core::ProtocolPort port,
                               const core::IpAddress& address);

}  // namespace reachproof::probe
