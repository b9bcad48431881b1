#pragma once

#include <sys/socket.h>

#include "core/address.h"
#include "core/flow.h"

namespace reachproof::probe {

/// An address and port as the kernel wants them.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  static SocketAddress of(const core::IpAddress& address, core::Port port);
  [[nodiscard]] const sockaddr* raw() const {
    return reinterpret_cast<const sockaddr*>(&storage);  // NOLINT: the socket API's own idiom
  }
};

struct AddressAndPort {
  core::IpAddress address;
  core::Port port = 0;
};

/// The other way round; an unknown family gives 0.0.0.0 port 0. IPv4-mapped addresses become IPv4.
[[nodiscard]] AddressAndPort address_of(const sockaddr_storage& storage);
/// The local end of a socket.
[[nodiscard]] AddressAndPort local_end(int fd);
[[nodiscard]] int family_number(core::Family family);

}  // namespace reachproof::probe
