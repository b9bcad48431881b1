#include "probe/first_hop.h"

#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <functional>
#include <optional>

#include "probe/clock.h"
#include "probe/file_descriptor.h"
#include "probe/socket_address.h"

// The kernel's netlink macros cast in the old style.
#pragma GCC diagnostic ignored "-Wold-style-cast"

namespace reachproof::probe {
namespace {

constexpr std::int64_t kKeptUs = 1'000'000;
constexpr std::size_t kKnownMax = 4096;
constexpr int kDatagramsMax = 256;

/// The attributes behind a route or neighbour message.
template <class Header>
void for_each_attribute(const nlmsghdr* message, const std::function<void(const rtattr*)>& visit) {
  int left = static_cast<int>(message->nlmsg_len) - static_cast<int>(NLMSG_LENGTH(sizeof(Header)));
  const char* at = reinterpret_cast<const char*>(NLMSG_DATA(message)) + NLMSG_ALIGN(sizeof(Header));
  while (left >= static_cast<int>(sizeof(rtattr))) {
    const auto* attribute = reinterpret_cast<const rtattr*>(at);
    const int length = static_cast<int>(RTA_ALIGN(attribute->rta_len));
    if (attribute->rta_len < sizeof(rtattr) || length > left) return;
    visit(attribute);
    at += length;
    left -= length;
  }
}

core::IpAddress address_in(const rtattr* attribute, core::Family family) {
  const auto* bytes = static_cast<const std::uint8_t*>(RTA_DATA(attribute));
  return family == core::Family::V4 ? core::IpAddress::v4(bytes) : core::IpAddress::v6(bytes);
}

/// Sends one request and hands over every answer until the kernel says that it is done.
bool ask(const void* request, std::size_t size, bool dump,
         const std::function<void(const nlmsghdr*)>& take) {
  const FileDescriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket.open()) return false;
  const timeval patience{.tv_sec = 0, .tv_usec = 200'000};
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::send(socket.get(), request, size, 0) < 0) return false;
  alignas(nlmsghdr) std::array<char, 32768> buffer;
  for (int i = 0; i < kDatagramsMax; ++i) {
    auto left = static_cast<int>(::recv(socket.get(), buffer.data(), buffer.size(), 0));
    if (left <= 0) return false;
    for (const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
         NLMSG_OK(message, static_cast<unsigned>(left)); message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE) return true;
      if (message->nlmsg_type == NLMSG_ERROR) return false;
      take(message);
      if (!dump) return true;
    }
  }
  return false;
}

/// Kernel ticks since the neighbour was confirmed; -1 where it is not known or has failed.
std::int64_t neighbour_confirmed_ms(const NextHop& hop) {
  struct {
    nlmsghdr header;
    ndmsg neighbour;
  } request{};
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof(ndmsg));
  request.header.nlmsg_type = RTM_GETNEIGH;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.neighbour.ndm_family = static_cast<unsigned char>(family_number(hop.address.family()));
  constexpr unsigned kAlive = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE;
  std::int64_t confirmed_ms = -1;
  ask(&request, request.header.nlmsg_len, true, [&](const nlmsghdr* message) {
    if (message->nlmsg_type != RTM_NEWNEIGH) return;
    const auto* neighbour = static_cast<const ndmsg*>(NLMSG_DATA(message));
    if (neighbour->ndm_ifindex != hop.interface || (neighbour->ndm_state & kAlive) == 0) return;
    bool ours = false;
    std::int64_t ticks = -1;
    for_each_attribute<ndmsg>(message, [&](const rtattr* a) {
      if (a->rta_type == NDA_DST) ours = address_in(a, hop.address.family()) == hop.address;
      if (a->rta_type == NDA_CACHEINFO) {
        nda_cacheinfo cache{};
        std::memcpy(&cache, RTA_DATA(a), sizeof cache);
        ticks = cache.ndm_confirmed;
      }
    });
    if (ours && ticks >= 0) confirmed_ms = ticks * 1000 / sysconf(_SC_CLK_TCK);
  });
  return confirmed_ms;
}

}  // namespace

std::optional<NextHop> next_hop_to(const core::IpAddress& destination) {
  struct {
    nlmsghdr header;
    rtmsg route;
    std::array<char, 64> room;
  } request{};
  request.header.nlmsg_type = RTM_GETROUTE;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.route.rtm_family = static_cast<unsigned char>(family_number(destination.family()));
  request.route.rtm_dst_len = static_cast<unsigned char>(destination.size() * 8);
  rtattr attribute{};
  attribute.rta_type = RTA_DST;
  attribute.rta_len = static_cast<unsigned short>(RTA_LENGTH(destination.size()));
  std::memcpy(request.room.data(), &attribute, sizeof attribute);
  std::memcpy(request.room.data() + RTA_LENGTH(0), destination.bytes(), destination.size());
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof(rtmsg)) + RTA_ALIGN(attribute.rta_len);
  std::optional<NextHop> hop;
  ask(&request, request.header.nlmsg_len, false, [&](const nlmsghdr* message) {
    if (message->nlmsg_type != RTM_NEWROUTE) return;
    const auto* route = static_cast<const rtmsg*>(NLMSG_DATA(message));
    NextHop found{.address = destination, .local = route->rtm_type == RTN_LOCAL};
    for_each_attribute<rtmsg>(message, [&](const rtattr* a) {
      if (a->rta_type == RTA_GATEWAY) found.address = address_in(a, destination.family());
      if (a->rta_type == RTA_OIF) std::memcpy(&found.interface, RTA_DATA(a), sizeof(int));
    });
    hop = found;
  });
  return hop;
}

std::int64_t FirstHop::confirmed_ms_ago(const core::IpAddress& destination) {
  const std::int64_t now = monotonic_us();
  const auto it = known_.find(destination);
  if (it != known_.end() && now - it->second.asked_us < kKeptUs) {
    // What was known then has grown older since.
    const std::int64_t since_ms = (now - it->second.asked_us) / 1000;
    return it->second.confirmed_ms < 0 ? -1 : it->second.confirmed_ms + since_ms;
  }
  if (known_.size() >= kKnownMax) known_.clear();
  std::int64_t confirmed = -1;
  if (const auto hop = next_hop_to(destination)) {
    confirmed = hop->local ? 0 : neighbour_confirmed_ms(*hop);
  }
  known_[destination] = {.asked_us = now, .confirmed_ms = confirmed};
  return confirmed;
}

}  // namespace reachproof::probe
