#pragma once

#include <string>
#include <string_view>

#include "core/address.h"
#include "core/error.h"
#include "lab/descriptor.h"

/// The few things that we ask of the kernel's network, without a process for each.
namespace reachproof::lab {

/// A route netlink socket of the namespace in which it was opened. Every request waits for the
/// kernel's answer; the error says what the kernel said. Not thread-safe.
class Netlink {
 public:
  static Result<Netlink> open();

  struct VethEnd {
    std::string name;
    int netns = -1;  ///< descriptor of the namespace where it shall stand
  };

  Result<void> add_bridge(const std::string& name);
  /// Makes a cable and plugs `port`, which stands in this namespace, into the bridge. The
  /// far end stays down.
  Result<void> add_port(const std::string& port, const std::string& bridge, const VethEnd& far);
  /// Makes a cable from this namespace to another. The far end stays down.
  Result<void> add_cable(const std::string& near, const VethEnd& far);
  Result<void> set_up(const std::string& interface);
  Result<void> add_address(const std::string& interface, const core::IpAddress& address,
                           int prefix_bits);
  Result<void> add_route(const core::Cidr& to, const core::IpAddress& via);
  /// What is for there vanishes, and nobody is told.
  Result<void> add_blackhole(const core::Cidr& to);

 private:
  explicit Netlink(Descriptor socket) : socket_(std::move(socket)) {}
  class Message;
  Result<void> ask(Message& message, std::string_view doing);
  Result<void> add_veth(const std::string& near, const std::string& bridge, const VethEnd& far);
  Result<int> index_of(const std::string& interface);

  Descriptor socket_;
  unsigned sequence_ = 0;
};

}  // namespace reachproof::lab
