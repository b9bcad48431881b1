#include "lab/listener_socket.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace reachproof::lab {
namespace {

constexpr int kBacklog = 1024;
constexpr std::size_t kDatagramBytesMax = 65536;

Result<void> set(int socket, int level, int option, int value) {
  if (::setsockopt(socket, level, option, &value, sizeof value) == 0) return {};
  return fail(ErrorCode::Io, fmt::format("set a socket option: {}", std::strerror(errno)));
}

Result<void> prepare(int socket, const Listener& listener) {
  if (auto done = set(socket, IPPROTO_IPV6, IPV6_V6ONLY, 0); !done) return done;
  if (listener.ports.protocol == core::Protocol::Udp) {
    return set(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  }
  return set(socket, SOL_SOCKET, SO_REUSEADDR, 1);
}

}  // namespace

Result<Descriptor> open_listener(const Listener& listener) {
  const bool tcp = listener.ports.protocol == core::Protocol::Tcp;
  const int type = tcp ? SOCK_STREAM : SOCK_DGRAM;
  Descriptor socket(::socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return fail(ErrorCode::Io, fmt::format("open a socket: {}", std::strerror(errno)));
  if (auto done = prepare(socket.get(), listener); !done) return tl::unexpected(done.error());
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  any.sin6_port = htons(listener.ports.first);
  const bool bound = ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0;
  if (!bound || (tcp && ::listen(socket.get(), kBacklog) != 0)) {
    return fail(ErrorCode::Io,
                fmt::format("listen on {}: {}", listener.ports.text(), std::strerror(errno)));
  }
  return socket;
}

bool answer_datagram(int socket, const DatagramAnswer& answer) {
  static thread_local std::array<std::uint8_t, kDatagramBytesMax> buffer;
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(in6_pktinfo))> control{};
  sockaddr_in6 peer{};
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_name = &peer;
  message.msg_namelen = sizeof peer;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto size = ::recvmsg(socket, &message, 0);
  if (size < 0) return errno == EINTR;
  auto reply = answer(std::span(buffer).first(static_cast<std::size_t>(size)));
  if (reply.empty()) return true;
  // The control data that came in names the address that was asked: it goes out again as it is,
  // but for the interface, which routing chooses.
  for (auto* it = CMSG_FIRSTHDR(&message); it != nullptr; it = CMSG_NXTHDR(&message, it)) {
    if (it->cmsg_level != IPPROTO_IPV6 || it->cmsg_type != IPV6_PKTINFO) continue;
    in6_pktinfo info{};
    std::memcpy(&info, CMSG_DATA(it), sizeof info);
    if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) info.ipi6_ifindex = 0;
    std::memcpy(CMSG_DATA(it), &info, sizeof info);
  }
  part = {reply.data(), reply.size()};
  message.msg_flags = 0;
  ::sendmsg(socket, &message, MSG_NOSIGNAL);  // a lost answer is UDP's daily business
  return true;
}

}  // namespace reachproof::lab
