#include "orchestrator/fleet/plane_listener.h"

#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace reachproof::orchestrator {

Result<PlaneListener> listen_at(const std::string& address, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    return fail(ErrorCode::Config, fmt::format("`{}` is not an address to listen on", address));
  }
  PlaneListener listener;
  listener.fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool bound = ::bind(listener.fd, found->ai_addr, found->ai_addrlen) == 0 &&
                     ::listen(listener.fd, 4096) == 0;
  const int why = errno;
  freeaddrinfo(found);
  if (!bound) {
    ::close(listener.fd);
    return fail(ErrorCode::Io,
                fmt::format("cannot listen on {} port {}: {}", address, port, std::strerror(why)));
  }
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  getsockname(listener.fd, reinterpret_cast<sockaddr*>(&own), &size);
  listener.port =
      ntohs(own.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&own)->sin6_port
                                      : reinterpret_cast<const sockaddr_in*>(&own)->sin_port);
  return listener;
}

std::string address_text(const sockaddr_storage& from) {
  std::array<char, NI_MAXHOST> host{};
  getnameinfo(reinterpret_cast<const sockaddr*>(&from), sizeof from, host.data(), host.size(),
              nullptr, 0, NI_NUMERICHOST);
  const std::string text = host.data();
  return text.starts_with("::ffff:") ? text.substr(7) : text;
}

}  // namespace reachproof::orchestrator
