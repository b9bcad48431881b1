#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/error.h"
#include "probe/file_descriptor.h"

namespace reachproof::probe {

/// Watches whether a host stays connected to its network: the links that carry its addresses are
/// up and running all the time, and a gateway that answered at the beginning answers at the end. A
/// witness on a host that was cut off saw nothing arrive, and proves nothing by it.
class LinkWatch {
 public:
  /// Begins for the links that carry these addresses of the host. The problem that it finds at
  /// once is told by problem_now().
  /// Gateways are asked only where `ask_gateways` says so.
  static Result<LinkWatch> begin(const std::vector<core::IpAddress>& addresses, bool ask_gateways);

  /// What is wrong now, or was at any time since begin(); empty where nothing is.
  [[nodiscard]] std::string problem_now();

 private:
  LinkWatch() = default;
  void read_events();

  FileDescriptor events_;
  std::set<int> links_;              ///< interface indexes, loopback left out
  std::set<core::Family> families_;  ///< in which the gateway answered at the beginning
  std::string lost_;
};

}  // namespace reachproof::probe
