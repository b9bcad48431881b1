#include "probe/echo.h"

#include <fmt/core.h>
#include <netinet/in.h>
#include <openssl/rand.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "probe/socket_address.h"

namespace reachproof::probe {
namespace {

constexpr std::size_t kHeaderBytes = 8;
constexpr std::uint8_t kRequestV4 = 8;
constexpr std::uint8_t kReplyV4 = 0;
constexpr std::uint8_t kRequestV6 = 128;
constexpr std::uint8_t kReplyV6 = 129;

using Message = std::array<std::uint8_t, kHeaderBytes + protocol::Nonce{}.size()>;

/// RFC 1071.
std::uint16_t checksum(const Message& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<std::uint32_t>(bytes[i] << 8U | bytes[i + 1]);
  }
  while (sum >> 16U != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

core::Port random_identifier() {
  std::uint16_t id = 0;
  do {
    RAND_bytes(reinterpret_cast<unsigned char*>(&id), sizeof id);
  } while (id == 0);
  return id;
}

}  // namespace

Result<EchoSocket> EchoSocket::open(core::Family family) {
  const int protocol = family == core::Family::V4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  EchoSocket echo;
  echo.family_ = family;
  for (const int type : {SOCK_DGRAM, SOCK_RAW}) {
    echo.raw_ = type == SOCK_RAW;
    echo.socket_ = FileDescriptor(
        ::socket(family_number(family), type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
    if (echo.socket_.open()) return echo;
    if (errno != EACCES && errno != EPERM) break;
  }
  if (errno == EACCES || errno == EPERM) {
    return fail(ErrorCode::Unavailable,
                "ICMP echo needs CAP_NET_RAW, or the probe's group in net.ipv4.ping_group_range");
  }
  return fail(ErrorCode::Io, fmt::format("ICMP socket: {}", std::strerror(errno)));
}

core::Port EchoSocket::connect(int fd, const core::IpAddress& to) {
  const auto peer = SocketAddress::of(to, 0);
  if (::connect(fd, peer.raw(), peer.size) != 0) return 0;
  // The kernel gives an unprivileged socket its identifier as its port, when it first sends.
  if (raw_) {
    identifier_ = random_identifier();
    return identifier_;
  }
  const auto own = SocketAddress::of(local_end(fd).address, 0);
  if (local_end(fd).port == 0 && ::bind(fd, own.raw(), own.size) != 0) return 0;
  identifier_ = local_end(fd).port;
  return identifier_;
}

bool EchoSocket::send(int fd, const protocol::Nonce& nonce, std::uint16_t sequence) const {
  Message message{};
  message[0] = family_ == core::Family::V4 ? kRequestV4 : kRequestV6;
  message[4] = static_cast<std::uint8_t>(identifier_ >> 8U);
  message[5] = static_cast<std::uint8_t>(identifier_ & 0xffU);
  message[6] = static_cast<std::uint8_t>(sequence >> 8U);
  message[7] = static_cast<std::uint8_t>(sequence & 0xffU);
  std::ranges::copy(nonce, message.begin() + kHeaderBytes);
  if (family_ == core::Family::V4) {  // the kernel does that of ICMPv6, and of its own sockets
    const auto sum = checksum(message);
    message[2] = static_cast<std::uint8_t>(sum >> 8U);
    message[3] = static_cast<std::uint8_t>(sum & 0xffU);
  }
  return ::send(fd, message.data(), message.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(message.size());
}

std::optional<std::span<const std::uint8_t>> EchoSocket::reply(
    std::span<const std::uint8_t> datagram, std::uint16_t sequence) const {
  if (raw_ && family_ == core::Family::V4) {  // comes with its IP header
    if (datagram.empty()) return std::nullopt;
    const std::size_t header = std::size_t{datagram[0] & 0xfU} * 4;
    if (datagram.size() < header) return std::nullopt;
    datagram = datagram.subspan(header);
  }
  if (datagram.size() < kHeaderBytes) return std::nullopt;
  const auto number = [&](std::size_t at) { return datagram[at] << 8U | datagram[at + 1]; };
  const bool ours = datagram[0] == (family_ == core::Family::V4 ? kReplyV4 : kReplyV6) &&
                    number(4) == identifier_ && number(6) == sequence;
  if (!ours) return std::nullopt;
  return datagram.subspan(kHeaderBytes);
}

}  // namespace reachproof::probe
