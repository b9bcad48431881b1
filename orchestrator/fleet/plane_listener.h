#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "core/error.h"

/// The probe plane's listening socket. Internal to fleet/.
namespace reachproof::orchestrator {

struct PlaneListener {
  int fd = -1;  ///< of whoever asked for it
  std::uint16_t port = 0;
};
/// On that address, a literal; port 0: any free one.
[[nodiscard]] Result<PlaneListener> listen_at(const std::string& address, std::uint16_t port);

/// As people write it, without the port; an IPv4 address within IPv6 as itself.
[[nodiscard]] std::string address_text(const sockaddr_storage& from);

}  // namespace reachproof::orchestrator
