#include "probe/link_watch.h"

#include <fmt/core.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "probe/neighbour_question.h"
#include "probe/own_addresses.h"

// The kernel's netlink macros cast in the old style.
#pragma GCC diagnostic ignored "-Wold-style-cast"

namespace reachproof::probe {
namespace {

constexpr std::chrono::milliseconds kGatewayPatience{500};

/// The way out of this host in a family: towards an address of the documentation ranges (RFC 5737,
/// RFC 3849), to which nothing is sent. Nothing where it has no gateway.
std::optional<NextHop> gateway(core::Family family) {
  const auto outside =
      *core::IpAddress::parse(family == core::Family::V4 ? "203.0.113.1" : "2001:db8::1");
  const auto hop = next_hop_to(outside);
  if (!hop || hop->local || hop->address == outside) return std::nullopt;
  return hop;
}

}  // namespace

Result<LinkWatch> LinkWatch::begin(const std::vector<core::IpAddress>& addresses,
                                   bool ask_gateways) {
  LinkWatch watch;
  std::set<core::Family> families;
  for (const auto& own : own_addresses()) {
    const bool wanted = std::ranges::find(addresses, own.address) != addresses.end();
    if (!wanted || own.loopback) continue;
    watch.links_.insert(static_cast<int>(if_nametoindex(own.link.c_str())));
    families.insert(own.address.family());
  }
  watch.events_ =
      FileDescriptor(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl group{};
  group.nl_family = AF_NETLINK;
  group.nl_groups = RTMGRP_LINK;
  const auto* raw = reinterpret_cast<const sockaddr*>(&group);
  if (!watch.events_.open() || ::bind(watch.events_.get(), raw, sizeof group) != 0) {
    return fail(ErrorCode::Io, fmt::format("watch the links: {}", std::strerror(errno)));
  }
  if (!ask_gateways) return watch;
  // One that never answers (static neighbours, links without any) can tell nothing by its silence.
  for (const auto family : families) {
    const auto hop = gateway(family);
    if (hop && ask_neighbour(*hop, kGatewayPatience) == NeighbourAnswer::Answered) {
      watch.families_.insert(family);
    }
  }
  return watch;
}

void LinkWatch::read_events() {
  alignas(nlmsghdr) std::array<char, 32768> buffer;
  constexpr int kDatagramsMax = 1024;
  for (int i = 0; i < kDatagramsMax; ++i) {
    const auto got = ::recv(events_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == ENOBUFS) lost_ = "more changes of links than could be followed";
    if (got <= 0) return;
    auto left = static_cast<unsigned>(got);
    for (const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
         NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK) continue;
      const auto* link = static_cast<const ifinfomsg*>(NLMSG_DATA(message));
      const bool running = message->nlmsg_type == RTM_NEWLINK &&
                           (link->ifi_flags & IFF_RUNNING) != 0 && (link->ifi_flags & IFF_UP) != 0;
      if (links_.contains(link->ifi_index) && !running) {
        lost_ = "a link of the destination's host went down during the watch";
      }
    }
  }
}

std::string LinkWatch::problem_now() {
  read_events();
  if (!lost_.empty()) return lost_;
  for (const auto& own : own_addresses()) {
    const auto index = static_cast<int>(if_nametoindex(own.link.c_str()));
    if (links_.contains(index) && !own.running) {
      return fmt::format("the destination's link {} is down", own.link);
    }
  }
  for (const auto family : families_) {
    const auto hop = gateway(family);
    if (hop && ask_neighbour(*hop, kGatewayPatience) == NeighbourAnswer::Silent) {
      return fmt::format("the gateway {} of the destination's host answers it no longer",
                         hop->address.text());
    }
  }
  return "";
}

}  // namespace reachproof::probe
