#include "lab/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "lab/addresses.h"
#include "lab/places.h"
#include "lab/routes.h"

namespace reachproof::lab {
namespace {

using core::Cidr;
using core::Family;
using core::IpAddress;

constexpr Family kFamilies[] = {Family::V4, Family::V6};
constexpr std::size_t kInterfaceNameMax = 15;
constexpr int kTransitBitsV4 = 30;
constexpr int kTransitBitsV6 = 126;

template <class T>
std::size_t index_of(const std::vector<T>& things, const std::string& name) {
  return static_cast<std::size_t>(std::ranges::find(things, name, &T::name) - things.begin());
}

std::optional<IpAddress> address_in(const std::vector<IpAddress>& addresses, const Cidr* block) {
  if (block == nullptr) return std::nullopt;
  const auto inside = [&](const IpAddress& address) { return block->contains(address); };
  const auto found = std::ranges::find_if(addresses, inside);
  return found == addresses.end() ? std::nullopt : std::optional(*found);
}

/// The address of one end (1 or 2) of a transit link.
IpAddress transit_address(std::size_t link, Family family, std::uint32_t end) {
  const auto block = *Cidr::parse(family == Family::V4 ? kTransitV4 : kTransitV6);
  return *nth_address(block, static_cast<std::uint32_t>(link) * 4 + end);
}

Cidr default_of(Family family) {
  return *Cidr::parse(family == Family::V4 ? "0.0.0.0/0" : "::/0");
}

class Planner {
 public:
  explicit Planner(const Lab& lab) : lab_(lab), hops_(next_hops(lab)), links_(transit_links(lab)) {}

  Plan plan() {
    plan_.switch_netns = netns_of(lab_, "switch");
    for (std::size_t s = 0; s < lab_.segments.size(); ++s)
      plan_.bridges.push_back(fmt::format("br{}", s));
    for (std::size_t r = 0; r < lab_.routers.size(); ++r) add_router(r);
    for (std::size_t k = 0; k < links_.size(); ++k) add_cable(k);
    for (std::size_t r = 0; r < lab_.routers.size(); ++r) route_router(r);
    for (const auto& host : lab_.hosts) {
      if (!host.down) add_host(host);
    }
    return std::move(plan_);
  }

 private:
  void connect(std::size_t segment, std::size_t node, std::size_t interface) {
    plan_.ports.push_back({.bridge = segment,
                           .port = fmt::format("port{}", plan_.ports.size()),
                           .node = node,
                           .interface = interface});
  }

  [[nodiscard]] InterfacePlan interface_of(std::string name,
                                           const std::vector<IpAddress>& addresses,
                                           const Segment& segment) const {
    InterfacePlan interface { .name = std::move(name) };
    for (const auto& block : segment.subnets) {
      for (const auto& address : addresses) {
        if (block.contains(address)) interface.addresses.emplace_back(address, block.prefix_bits);
      }
    }
    return interface;
  }

  void add_router(std::size_t r) {
    const auto& router = lab_.routers[r];
    NodePlan node{.name = router.name,
                  .netns = netns_of(lab_, router.name),
                  .router = true,
                  .nft = nft_script(lab_, router.firewall),
                  .mark = router.mark};
    for (const auto& name : router.segments) {
      const auto segment = index_of(lab_.segments, name);
      connect(segment, r, node.interfaces.size());
      node.interfaces.push_back(
          interface_of(segment_interface(lab_, segment), router.addresses, lab_.segments[segment]));
    }
    plan_.nodes.push_back(std::move(node));
  }

  static InterfacePlan transit_interface(const std::string& peer, std::size_t link,
                                         std::uint32_t end) {
    auto name = "to-" + peer;
    if (name.size() > kInterfaceNameMax) name = fmt::format("transit{}", link);
    return {.name = std::move(name),
            .addresses = {{transit_address(link, Family::V4, end), kTransitBitsV4},
                          {transit_address(link, Family::V6, end), kTransitBitsV6}}};
  }

  void add_cable(std::size_t k) {
    const auto [a, b] = links_[k];
    auto& node_a = plan_.nodes[a];
    auto& node_b = plan_.nodes[b];
    plan_.cables.push_back({a, node_a.interfaces.size(), b, node_b.interfaces.size()});
    node_a.interfaces.push_back(transit_interface(node_b.name, k, 1));
    node_b.interfaces.push_back(transit_interface(node_a.name, k, 2));
  }

  /// Where router `r` sends what is for segment `target`.
  [[nodiscard]] std::optional<IpAddress> via(std::size_t r, std::size_t target,
                                             Family family) const {
    const auto hop = hops_.from_router[r][target];
    if (hop.kind == Hop::Kind::Segment) {
      const auto next = hops_.from_segment[hop.index][target].index;
      return address_in(lab_.routers[next].addresses, lab_.segments[hop.index].subnet(family));
    }
    if (hop.kind != Hop::Kind::Router) return std::nullopt;
    for (std::size_t k = 0; k < links_.size(); ++k) {
      if (links_[k].a == r && links_[k].b == hop.index) return transit_address(k, family, 2);
      if (links_[k].b == r && links_[k].a == hop.index) return transit_address(k, family, 1);
    }
    return std::nullopt;
  }

  void route_router(std::size_t r) {
    std::set<Cidr> swallowed;
    for (const auto& place : lab_.routers[r].blackhole) {
      for (const auto& block : blocks_of(lab_, place).value_or(std::vector<Cidr>{})) {
        if (swallowed.insert(block).second) plan_.nodes[r].routes.push_back({block, std::nullopt});
      }
    }
    for (std::size_t target = 0; target < lab_.segments.size(); ++target) {
      for (const auto& block : lab_.segments[target].subnets) {
        const auto gateway = via(r, target, block.base.family());
        if (gateway && !swallowed.contains(block)) {
          plan_.nodes[r].routes.push_back({block, *gateway});
        }
      }
    }
  }

  /// The router that most of the ways out of a segment begin with; none if it has none.
  [[nodiscard]] std::optional<std::size_t> default_router(std::size_t segment) const {
    std::map<std::size_t, std::size_t> uses;
    for (const auto& hop : hops_.from_segment[segment]) {
      if (hop.kind == Hop::Kind::Router) ++uses[hop.index];
    }
    for (std::size_t r = 0; r < lab_.routers.size(); ++r) {
      const auto& its = lab_.routers[r].segments;
      if (std::ranges::find(its, lab_.segments[segment].name) != its.end()) uses.try_emplace(r, 0);
    }
    if (uses.empty()) return std::nullopt;
    return std::ranges::max_element(uses, {}, [](const auto& use) { return use.second; })->first;
  }

  void route_host(NodePlan& node, std::size_t segment, Family family) {
    const auto* own = lab_.segments[segment].subnet(family);
    const auto usual = default_router(segment);
    if (!usual || own == nullptr) return;
    const auto gateway = address_in(lab_.routers[*usual].addresses, own);
    if (gateway) node.routes.push_back({default_of(family), *gateway});
    for (std::size_t target = 0; target < lab_.segments.size(); ++target) {
      const auto hop = hops_.from_segment[segment][target];
      const auto* block = lab_.segments[target].subnet(family);
      if (hop.kind != Hop::Kind::Router || hop.index == *usual || block == nullptr) continue;
      const auto other = address_in(lab_.routers[hop.index].addresses, own);
      if (other) node.routes.push_back({*block, *other});
    }
  }

  void add_host(const Host& host) {
    const auto segment = index_of(lab_.segments, host.segment);
    NodePlan node{.name = host.name,
                  .netns = netns_of(lab_, host.name),
                  .resolver = host.resolver,
                  .nft = nft_script(lab_, host.firewall),
                  .mark = host.mark};
    node.interfaces.push_back(interface_of("eth0", host.addresses, lab_.segments[segment]));
    for (const auto family : kFamilies) {
      const auto mine = [&](const auto& it) { return it.first.family() == family; };
      if (host.gateway && std::ranges::any_of(node.interfaces.front().addresses, mine)) {
        route_host(node, segment, family);
      }
    }
    connect(segment, plan_.nodes.size(), 0);
    plan_.nodes.push_back(std::move(node));
  }

  const Lab& lab_;
  NextHops hops_;
  std::vector<TransitLink> links_;
  Plan plan_;
};

}  // namespace

std::vector<std::string> Plan::namespaces() const {
  std::vector<std::string> names{switch_netns};
  for (const auto& node : nodes) names.push_back(node.netns);
  return names;
}

std::string netns_of(const Lab& lab, const std::string& node) {
  return lab.name + "." + node;
}

std::string segment_interface(const Lab& lab, std::size_t segment) {
  const auto& name = lab.segments[segment].name;
  const bool taken = name == "lo" || name == "all" || name == "default" ||
                     name.starts_with("to-") || name.starts_with("transit") ||
                     name.starts_with("seg");
  if (name.size() >= 2 && name.size() <= kInterfaceNameMax && !taken) return name;
  return fmt::format("seg{}", segment);
}

Plan plan_of(const Lab& lab) {
  return Planner(lab).plan();
}

}  // namespace reachproof::lab
