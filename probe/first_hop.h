#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "core/address.h"

namespace reachproof::probe {

/// The neighbour through which packets to some destination leave.
struct NextHop {
  core::IpAddress address;
  int interface = 0;   ///< index
  bool local = false;  ///< the destination is this host itself
};

/// Asks the kernel's routing table; nothing where it has no route.
[[nodiscard]] std::optional<NextHop> next_hop_to(const core::IpAddress& destination);

/// Tells when the next hop towards a destination was last heard of (ARP, neighbour discovery, or
/// traffic that confirmed it), by asking the kernel over rtnetlink(7). Sends nothing.
///
/// It is how a vantage that may reach nothing at all still shows that its network works.
class FirstHop {
 public:
  /// Milliseconds since the next hop was confirmed; 0 where the destination is this host itself;
  /// -1 where that is unknown. Answers are kept for a second.
  [[nodiscard]] std::int64_t confirmed_ms_ago(const core::IpAddress& destination);

 private:
  struct Known {
    std::int64_t asked_us = 0;
    std::int64_t confirmed_ms = -1;
  };
  std::map<core::IpAddress, Known> known_;
};

}  // namespace reachproof::probe
