#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lab/model.h"
#include "lab/nft_script.h"

/// A lab as the network that the kernel is asked for. Pure: build.h carries it out.
///
/// Every router and host is a network namespace "LAB.NAME". One more, "LAB.switch", holds a bridge
/// for each segment; both ends of every cable are inside, so the machine's own network never
/// changes.
namespace reachproof::lab {

struct InterfacePlan {
  std::string name;
  std::vector<std::pair<core::IpAddress, int>> addresses;  ///< with their prefix lengths
};

struct RoutePlan {
  core::Cidr to;
  std::optional<core::IpAddress> via;  ///< none: a blackhole, what is for there vanishes
};

/// A router, or a host that is not down.
struct NodePlan {
  std::string name;
  std::string netns;
  bool router = false;
  std::string resolver;  ///< empty for none
  std::vector<InterfacePlan> interfaces;
  std::vector<RoutePlan> routes;
  NftScript nft;
  SourceMark mark;
};

/// A cable from a segment's bridge to a node's interface.
struct PortPlan {
  std::size_t bridge = 0;
  std::string port;
  std::size_t node = 0;
  std::size_t interface = 0;
};

/// A cable between two routers.
struct CablePlan {
  std::size_t node_a = 0;
  std::size_t interface_a = 0;
  std::size_t node_b = 0;
  std::size_t interface_b = 0;
};

struct Plan {
  std::string switch_netns;
  std::vector<std::string> bridges;  ///< one for each segment, in its order
  std::vector<NodePlan> nodes;       ///< routers first
  std::vector<PortPlan> ports;
  std::vector<CablePlan> cables;

  /// Every namespace of the lab.
  [[nodiscard]] std::vector<std::string> namespaces() const;
};

/// "LAB.NAME".
[[nodiscard]] std::string netns_of(const Lab& lab, const std::string& node);

/// The name of a router's interface in a segment: the segment's own where it fits in 15 characters
/// and means nothing else, "segN" otherwise.
[[nodiscard]] std::string segment_interface(const Lab& lab, std::size_t segment);

[[nodiscard]] Plan plan_of(const Lab& lab);

}  // namespace reachproof::lab
