#include "lab/build.h"

#include <fmt/format.h>

#include "lab/firewall.h"
#include "lab/netlink.h"
#include "lab/netns.h"

namespace reachproof::lab {
namespace {

class Builder {
 public:
  Builder(const Plan& plan, const Layout& layout, NetnsVisit& visit)
      : plan_(plan), layout_(layout), visit_(visit) {}

  Result<Namespaces> build() {
    if (auto done = make_namespaces(); !done) return tl::unexpected(done.error());
    if (auto done = plug_ports(); !done) return tl::unexpected(done.error());
    if (auto done = plug_cables(); !done) return tl::unexpected(done.error());
    for (const auto& node : plan_.nodes) {
      if (auto done = configure(node); !done) return fail(std::move(done), node.name);
    }
    for (const auto& node : plan_.nodes) {
      if (auto done = guard(node); !done) return tl::unexpected(done.error());
    }
    return std::move(namespaces_);
  }

 private:
  [[nodiscard]] int netns(std::size_t node) const {
    return namespaces_.at(plan_.nodes[node].name).get();
  }

  Result<Netlink> netlink_in(int netns) {
    if (auto done = visit_.go(netns); !done) return tl::unexpected(done.error());
    return Netlink::open();
  }

  Result<void> make_namespaces() {
    auto made = create_netns(layout_.netns, plan_.switch_netns);
    if (!made) return tl::unexpected(made.error());
    switch_ = std::move(*made);
    if (auto done = silence_switch(); !done) return done;
    for (const auto& node : plan_.nodes) {
      made = create_netns(layout_.netns, node.netns);
      if (!made) return tl::unexpected(made.error());
      namespaces_[node.name] = std::move(*made);
      if (auto done = write_sysctls(node.router); !done) return done;
    }
    return {};
  }

  Result<void> plug_ports() {
    auto netlink = netlink_in(switch_.get());
    if (!netlink) return tl::unexpected(netlink.error());
    for (const auto& bridge : plan_.bridges) {
      if (auto done = netlink->add_bridge(bridge); !done) return done;
    }
    for (const auto& port : plan_.ports) {
      const auto& interface = plan_.nodes[port.node].interfaces[port.interface];
      const Netlink::VethEnd far{.name = interface.name, .netns = netns(port.node)};
      auto done = netlink->add_port(port.port, plan_.bridges[port.bridge], far);
      if (!done) return done;
    }
    return {};
  }

  Result<void> plug_cables() {
    for (const auto& cable : plan_.cables) {
      auto netlink = netlink_in(netns(cable.node_a));
      if (!netlink) return tl::unexpected(netlink.error());
      const auto& near = plan_.nodes[cable.node_a].interfaces[cable.interface_a];
      const auto& far = plan_.nodes[cable.node_b].interfaces[cable.interface_b];
      auto done = netlink->add_cable(near.name, {.name = far.name, .netns = netns(cable.node_b)});
      if (!done) return done;
    }
    return {};
  }

  Result<void> configure(const NodePlan& node) {
    auto netlink = netlink_in(namespaces_.at(node.name).get());
    if (!netlink) return tl::unexpected(netlink.error());
    if (auto done = netlink->set_up("lo"); !done) return done;
    for (const auto& interface : node.interfaces) {
      if (auto done = netlink->set_up(interface.name); !done) return done;
      for (const auto& [address, bits] : interface.addresses) {
        auto done = netlink->add_address(interface.name, address, bits);
        if (!done) return done;
      }
    }
    for (const auto& route : node.routes) {
      auto done =
          route.via ? netlink->add_route(route.to, *route.via) : netlink->add_blackhole(route.to);
      if (!done) return done;
    }
    if (node.resolver.empty()) return {};
    return write_file(layout_.etc / node.netns / "resolv.conf",
                      fmt::format("nameserver {}\noptions timeout:1 attempts:2\n", node.resolver));
  }

  Result<void> guard(const NodePlan& node) {
    if (node.nft.empty()) return {};
    if (auto done = visit_.go(namespaces_.at(node.name).get()); !done) return done;
    auto listing = load_firewall(node.nft);
    if (!listing) return tl::unexpected(listing.error());
    return write_file(layout_.rules(node.name), *listing);
  }

  const Plan& plan_;
  const Layout& layout_;
  NetnsVisit& visit_;
  Descriptor switch_;
  Namespaces namespaces_;
};

}  // namespace

Result<Namespaces> build(const Plan& plan, const Layout& layout) {
  auto visit = NetnsVisit::begin();
  if (!visit) return tl::unexpected(visit.error());
  if (auto done = prepare_netns_directory(layout.netns); !done) return tl::unexpected(done.error());
  return Builder(plan, layout, *visit).build();
}

}  // namespace reachproof::lab
