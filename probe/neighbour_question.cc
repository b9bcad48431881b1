#include "probe/neighbour_question.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <functional>

#include "probe/clock.h"
#include "probe/file_descriptor.h"
#include "probe/socket_address.h"

namespace reachproof::probe {
namespace {

using Bytes = std::array<std::uint8_t, 256>;

/// Sends with `ask` and reads what comes, until `is_answer` likes it or the time is over.
NeighbourAnswer converse(int fd, std::chrono::milliseconds wait_max,
                         const std::function<bool()>& ask,
                         const std::function<bool(const Bytes&, std::size_t)>& is_answer) {
  const std::int64_t until = monotonic_us() + std::chrono::microseconds(wait_max).count();
  std::int64_t ask_at = 0;
  while (monotonic_us() < until) {
    if (monotonic_us() >= ask_at) {
      if (!ask()) return NeighbourAnswer::Silent;  // the link is down
      ask_at = monotonic_us() + 100'000;
    }
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 20) <= 0) continue;
    Bytes bytes{};
    const auto got = ::recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got > 0 && is_answer(bytes, static_cast<std::size_t>(got))) {
      return NeighbourAnswer::Answered;
    }
  }
  return NeighbourAnswer::Silent;
}

/// The local address from which packets to that one leave.
core::IpAddress source_towards(const core::IpAddress& destination) {
  const FileDescriptor socket(
      ::socket(family_number(destination.family()), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto to = SocketAddress::of(destination, 9);
  if (!socket.open() || ::connect(socket.get(), to.raw(), to.size) != 0) return {};
  return local_end(socket.get()).address;  // connect(2) of a datagram socket sends nothing
}

struct ArpMessage {
  std::uint16_t hardware = htons(ARPHRD_ETHER);
  std::uint16_t protocol = htons(ETHERTYPE_IP);
  std::uint8_t hardware_bytes = ETH_ALEN;
  std::uint8_t protocol_bytes = 4;
  std::uint16_t operation = htons(ARPOP_REQUEST);
  std::array<std::uint8_t, ETH_ALEN> sender_mac{};
  std::array<std::uint8_t, 4> sender{};
  std::array<std::uint8_t, ETH_ALEN> target_mac{};
  std::array<std::uint8_t, 4> target{};
};
static_assert(sizeof(ArpMessage) == 28);

NeighbourAnswer ask_by_arp(const NextHop& hop, std::chrono::milliseconds wait_max) {
  const FileDescriptor socket(
      ::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETHERTYPE_ARP)));
  if (!socket.open()) return NeighbourAnswer::CouldNotAsk;
  sockaddr_ll link{};
  link.sll_family = AF_PACKET;
  link.sll_protocol = htons(ETHERTYPE_ARP);
  link.sll_ifindex = hop.interface;
  socklen_t size = sizeof link;
  auto* raw = reinterpret_cast<sockaddr*>(&link);
  if (::bind(socket.get(), raw, sizeof link) != 0 || ::getsockname(socket.get(), raw, &size) != 0 ||
      link.sll_hatype != ARPHRD_ETHER || link.sll_halen != ETH_ALEN) {
    return NeighbourAnswer::CouldNotAsk;
  }
  ArpMessage question;
  std::copy_n(link.sll_addr, ETH_ALEN, question.sender_mac.begin());
  std::copy_n(source_towards(hop.address).bytes(), 4, question.sender.begin());
  std::copy_n(hop.address.bytes(), 4, question.target.begin());
  link.sll_protocol = htons(ETHERTYPE_ARP);
  std::memset(link.sll_addr, 0xff, ETH_ALEN);
  return converse(
      socket.get(), wait_max,
      [&] {
        return ::sendto(socket.get(), &question, sizeof question, 0, raw, sizeof link) ==
               static_cast<ssize_t>(sizeof question);
      },
      [&](const Bytes& bytes, std::size_t got) {
        ArpMessage answer;
        if (got < sizeof answer) return false;
        std::memcpy(&answer, bytes.data(), sizeof answer);
        return answer.operation == htons(ARPOP_REPLY) && answer.sender == question.target;
      });
}

NeighbourAnswer ask_by_solicitation(const NextHop& hop, std::chrono::milliseconds wait_max) {
  const FileDescriptor socket(
      ::socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6));
  if (!socket.open()) return NeighbourAnswer::CouldNotAsk;
  const int hops = 255;  // what a neighbour accepts (RFC 4861 section 7.1.1)
  setsockopt(socket.get(), IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof hops);
  nd_neighbor_solicit question{};
  question.nd_ns_type = ND_NEIGHBOR_SOLICIT;
  std::memcpy(&question.nd_ns_target, hop.address.bytes(), 16);
  auto to = SocketAddress::of(hop.address, 0);
  sockaddr_in6 scoped{};
  std::memcpy(&scoped, &to.storage, sizeof scoped);
  scoped.sin6_scope_id = static_cast<std::uint32_t>(hop.interface);
  std::memcpy(&to.storage, &scoped, sizeof scoped);
  return converse(
      socket.get(), wait_max,
      [&] {
        return ::sendto(socket.get(), &question, sizeof question, 0, to.raw(), to.size) ==
               static_cast<ssize_t>(sizeof question);
      },
      [&](const Bytes& bytes, std::size_t got) {
        nd_neighbor_advert answer{};
        if (got < sizeof answer) return false;
        std::memcpy(&answer, bytes.data(), sizeof answer);
        return answer.nd_na_type == ND_NEIGHBOR_ADVERT &&
               std::memcmp(&answer.nd_na_target, hop.address.bytes(), 16) == 0;
      });
}

}  // namespace

NeighbourAnswer ask_neighbour(const NextHop& hop, std::chrono::milliseconds wait_max) {
  if (hop.local) return NeighbourAnswer::Answered;
  return hop.address.family() == core::Family::V4 ? ask_by_arp(hop, wait_max)
                                                  : ask_by_solicitation(hop, wait_max);
}

}  // namespace reachproof::probe
