#pragma once

#include <string>
#include <vector>

#include "core/address.h"

namespace reachproof::probe {

/// One address of this host, with its link and whether that is connected.
struct OwnAddress {
  core::IpAddress address;
  std::string link;
  bool running = false;
  bool loopback = false;
};

/// Every IPv4 and IPv6 address of this network namespace (getifaddrs(3)); none where it cannot be
/// read.
[[nodiscard]] std::vector<OwnAddress> own_addresses();

}  // namespace reachproof::probe
