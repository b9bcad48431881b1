#include "lab/netlink.h"

#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace reachproof::lab {
namespace {

constexpr int kAnswerSeconds = 10;

int family_number(core::Family family) {
  return family == core::Family::V4 ? AF_INET : AF_INET6;
}

}  // namespace

/// Builds one request: a header, a fixed part, attributes that may nest.
class Netlink::Message {
 public:
  template <class Fixed>
  Message(std::uint16_t type, std::uint16_t flags, const Fixed& fixed) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    append(&header, sizeof header);
    append(&fixed, sizeof fixed);
  }

  void attribute(std::uint16_t type, const void* data, std::size_t size) {
    const auto at = open(type);
    append(data, size);
    close(at);
  }
  void attribute(std::uint16_t type, const std::string& text) {
    attribute(type, text.c_str(), text.size() + 1);
  }
  void attribute(std::uint16_t type, std::uint32_t value) { attribute(type, &value, sizeof value); }

  [[nodiscard]] std::size_t open(std::uint16_t type) {
    const auto at = bytes_.size();
    rtattr header{};
    header.rta_type = type;
    append(&header, sizeof header);
    return at;
  }
  void close(std::size_t at) {
    const auto length = static_cast<std::uint16_t>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &length, sizeof length);
    pad();
  }
  template <class Fixed>
  void fixed(const Fixed& part) {
    append(&part, sizeof part);
  }

  const std::vector<std::uint8_t>& finished(unsigned sequence) {
    nlmsghdr header{};
    std::memcpy(&header, bytes_.data(), sizeof header);
    header.nlmsg_len = static_cast<std::uint32_t>(bytes_.size());
    header.nlmsg_seq = sequence;
    std::memcpy(bytes_.data(), &header, sizeof header);
    return bytes_;
  }

 private:
  void append(const void* data, std::size_t size) {
    const auto* begin = static_cast<const std::uint8_t*>(data);
    bytes_.insert(bytes_.end(), begin, begin + size);
    pad();
  }
  void pad() { bytes_.resize((bytes_.size() + 3) / 4 * 4); }

  std::vector<std::uint8_t> bytes_;
};

Result<Netlink> Netlink::open() {
  Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return fail(ErrorCode::Io, fmt::format("open netlink: {}", std::strerror(errno)));
  const timeval patience{kAnswerSeconds, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return Netlink(std::move(socket));
}

Result<void> Netlink::ask(Message& message, std::string_view doing) {
  const auto& bytes = message.finished(++sequence_);
  if (::send(socket_.get(), bytes.data(), bytes.size(), 0) < 0) {
    return fail(ErrorCode::Io, fmt::format("{}: {}", doing, std::strerror(errno)));
  }
  std::array<std::uint8_t, 8192> answer{};
  const auto size = ::recv(socket_.get(), answer.data(), answer.size(), 0);
  if (size < 0) return fail(ErrorCode::Io, fmt::format("{}: {}", doing, std::strerror(errno)));
  nlmsghdr header{};
  nlmsgerr error{};
  if (static_cast<std::size_t>(size) < sizeof header + sizeof error) {
    return fail(ErrorCode::Io, fmt::format("{}: the kernel's answer is cut short", doing));
  }
  std::memcpy(&header, answer.data(), sizeof header);
  std::memcpy(&error, answer.data() + sizeof header, sizeof error);
  if (header.nlmsg_type != NLMSG_ERROR || header.nlmsg_seq != sequence_) {
    return fail(ErrorCode::Io, fmt::format("{}: the kernel answered something else", doing));
  }
  if (error.error == 0) return {};
  return fail(ErrorCode::Io, fmt::format("{}: {}", doing, std::strerror(-error.error)));
}

Result<int> Netlink::index_of(const std::string& interface) {
  const auto index = ::if_nametoindex(interface.c_str());
  if (index == 0) {
    return fail(ErrorCode::Io,
                fmt::format("find interface {}: {}", interface, std::strerror(errno)));
  }
  return static_cast<int>(index);
}

Result<void> Netlink::add_bridge(const std::string& name) {
  ifinfomsg info{};
  info.ifi_flags = info.ifi_change = IFF_UP;
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, info);
  message.attribute(IFLA_IFNAME, name);
  const auto link = message.open(IFLA_LINKINFO);
  message.attribute(IFLA_INFO_KIND, std::string("bridge"));
  const auto data = message.open(IFLA_INFO_DATA);
  const std::uint8_t off = 0;  // snooping would lose neighbour discovery until a querier speaks
  message.attribute(IFLA_BR_MCAST_SNOOPING, &off, sizeof off);
  message.close(data);
  message.close(link);
  return ask(message, "add bridge " + name);
}

Result<void> Netlink::add_veth(const std::string& near, const std::string& bridge,
                               const VethEnd& far) {
  ifinfomsg info{};
  info.ifi_flags = info.ifi_change = IFF_UP;
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, info);
  message.attribute(IFLA_IFNAME, near);
  if (!bridge.empty()) {
    const auto index = index_of(bridge);
    if (!index) return tl::unexpected(index.error());
    message.attribute(IFLA_MASTER, static_cast<std::uint32_t>(*index));
  }
  const auto link = message.open(IFLA_LINKINFO);
  message.attribute(IFLA_INFO_KIND, std::string("veth"));
  const auto data = message.open(IFLA_INFO_DATA);
  const auto peer = message.open(VETH_INFO_PEER);
  message.fixed(ifinfomsg{});  // not yet up: the kernel refuses that before both ends are tied
  message.attribute(IFLA_IFNAME, far.name);
  message.attribute(IFLA_NET_NS_FD, static_cast<std::uint32_t>(far.netns));
  message.close(peer);
  message.close(data);
  message.close(link);
  return ask(message, fmt::format("add cable {} - {}", near, far.name));
}

Result<void> Netlink::add_port(const std::string& port, const std::string& bridge,
                               const VethEnd& far) {
  return add_veth(port, bridge, far);
}

Result<void> Netlink::add_cable(const std::string& near, const VethEnd& far) {
  return add_veth(near, "", far);
}

Result<void> Netlink::set_up(const std::string& interface) {
  const auto index = index_of(interface);
  if (!index) return tl::unexpected(index.error());
  ifinfomsg info{};
  info.ifi_index = *index;
  info.ifi_flags = info.ifi_change = IFF_UP;
  Message message(RTM_NEWLINK, 0, info);
  return ask(message, "set up " + interface);
}

Result<void> Netlink::add_address(const std::string& interface, const core::IpAddress& address,
                                  int prefix_bits) {
  const auto index = index_of(interface);
  if (!index) return tl::unexpected(index.error());
  ifaddrmsg info{};
  info.ifa_family = static_cast<std::uint8_t>(family_number(address.family()));
  info.ifa_prefixlen = static_cast<std::uint8_t>(prefix_bits);
  info.ifa_flags = address.family() == core::Family::V6 ? IFA_F_NODAD : 0;
  info.ifa_index = static_cast<std::uint32_t>(*index);
  Message message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, info);
  message.attribute(IFA_LOCAL, address.bytes(), address.size());
  message.attribute(IFA_ADDRESS, address.bytes(), address.size());
  return ask(message, fmt::format("add address {} to {}", address.text(), interface));
}

namespace {

rtmsg static_route(const core::Cidr& to, unsigned char type) {
  rtmsg info{};
  info.rtm_family = static_cast<std::uint8_t>(family_number(to.base.family()));
  info.rtm_dst_len = static_cast<std::uint8_t>(to.prefix_bits);
  info.rtm_table = RT_TABLE_MAIN;
  info.rtm_protocol = RTPROT_STATIC;
  info.rtm_scope = RT_SCOPE_UNIVERSE;
  info.rtm_type = type;
  return info;
}

}  // namespace

Result<void> Netlink::add_blackhole(const core::Cidr& to) {
  const auto info = static_route(to, RTN_BLACKHOLE);
  Message message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, info);
  if (to.prefix_bits > 0) message.attribute(RTA_DST, to.base.bytes(), to.base.size());
  return ask(message, fmt::format("add a blackhole for {}", to.text()));
}

Result<void> Netlink::add_route(const core::Cidr& to, const core::IpAddress& via) {
  const auto info = static_route(to, RTN_UNICAST);
  Message message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, info);
  if (to.prefix_bits > 0) message.attribute(RTA_DST, to.base.bytes(), to.base.size());
  message.attribute(RTA_GATEWAY, via.bytes(), via.size());
  return ask(message, fmt::format("add route to {} via {}", to.text(), via.text()));
}

}  // namespace reachproof::lab
