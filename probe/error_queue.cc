#include "probe/error_queue.h"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include <array>
#include <cstring>

#include "probe/socket_address.h"

namespace reachproof::probe {
namespace {

bool is_error_report(const cmsghdr& header) {
  return (header.cmsg_level == SOL_IP && header.cmsg_type == IP_RECVERR) ||
         (header.cmsg_level == SOL_IPV6 && header.cmsg_type == IPV6_RECVERR);
}

/// The kernel puts the sender's address right behind the report.
std::optional<core::IcmpError> icmp_in(const cmsghdr& header) {
  sock_extended_err report{};
  std::memcpy(&report, CMSG_DATA(&header), sizeof report);
  if (report.ee_origin != SO_EE_ORIGIN_ICMP && report.ee_origin != SO_EE_ORIGIN_ICMP6) {
    return std::nullopt;
  }
  sockaddr_storage sender{};
  const std::size_t size = header.cmsg_len - CMSG_LEN(sizeof report);
  std::memcpy(&sender, CMSG_DATA(&header) + sizeof report, std::min(size, sizeof sender));
  return core::IcmpError{
      .type = report.ee_type, .code = report.ee_code, .sender = address_of(sender).address};
}

}  // namespace

void queue_icmp_errors(int fd, core::Family family) {
  const int on = 1;
  if (family == core::Family::V4) {
    setsockopt(fd, SOL_IP, IP_RECVERR, &on, sizeof on);
  } else {
    setsockopt(fd, SOL_IPV6, IPV6_RECVERR, &on, sizeof on);
  }
}

std::optional<core::IcmpError> take_icmp_error(int fd) {
  std::array<char, 64> payload;
  alignas(cmsghdr) std::array<char, 256> control;
  // A queue holds few reports; local ones (message too long) may stand before the ICMP error.
  for (int i = 0; i < 8; ++i) {
    iovec part{.iov_base = payload.data(), .iov_len = payload.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return std::nullopt;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
      if (!is_error_report(*header)) continue;
      if (auto icmp = icmp_in(*header)) return icmp;
    }
  }
  return std::nullopt;
}

}  // namespace reachproof::probe
