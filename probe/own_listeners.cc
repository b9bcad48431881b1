#include "probe/own_listeners.h"

#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "probe/clock.h"
#include "probe/socket_address.h"
#include "protocol/keyed_answer.h"

namespace reachproof::probe {
namespace {

constexpr std::size_t kStreamsMax = 256;
constexpr int kBacklog = 128;

FileDescriptor bound_socket(core::ProtocolPort port, const core::IpAddress& address) {
  const bool tcp = port.protocol == core::Protocol::Tcp;
  const int type = (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  FileDescriptor socket(::socket(family_number(address.family()), type, 0));
  if (!socket.open()) return {};
  const int on = 1;
  if (address.family() == core::Family::V6) {
    setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  // Connections in TIME_WAIT do not count as "held"; a listener of somebody else does. Never over
  // UDP, where it would take a service's datagrams away.
  if (tcp) setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto local = SocketAddress::of(address, port.port);
  if (::bind(socket.get(), local.raw(), local.size) != 0) return {};
  if (tcp && ::listen(socket.get(), kBacklog) != 0) return {};
  return socket;
}

}  // namespace

Result<OwnListeners> OwnListeners::create(const protocol::Nonce& key) {
  OwnListeners listeners(key);
  listeners.epoll_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
  if (!listeners.epoll_.open()) {
    return fail(ErrorCode::Io, fmt::format("epoll_create1: {}", std::strerror(errno)));
  }
  return listeners;
}

bool OwnListeners::listen(core::ProtocolPort port, const std::vector<core::IpAddress>& addresses) {
  if (addresses.empty() || port.protocol == core::Protocol::Icmp) return false;
  std::vector<FileDescriptor> sockets;
  for (const auto& address : addresses) {
    auto socket = bound_socket(port, address);
    if (!socket.open()) return false;  // all addresses or none: a port is one thing
    sockets.push_back(std::move(socket));
  }
  for (const auto& socket : sockets) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket.get();
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket.get(), &event) != 0) return false;
    listeners_[socket.get()] = port.protocol;
  }
  sockets_[port] = std::move(sockets);
  return true;
}

void OwnListeners::serve() {
  std::array<epoll_event, 64> events;
  const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const int fd = events[static_cast<std::size_t>(i)].data.fd;
    const auto listener = listeners_.find(fd);
    if (listener == listeners_.end()) {
      answer_stream(fd);
    } else if (listener->second == core::Protocol::Tcp) {
      accept_from(fd);
    } else {
      answer_datagram(fd);
    }
  }
}

void OwnListeners::accept_from(int listener) {
  for (int i = 0; i < kBacklog; ++i) {
    FileDescriptor socket(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.open()) return;
    if (streams_.size() >= kStreamsMax) forget_oldest();
    const int fd = socket.get();
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP;
    event.data.fd = fd;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return;
    streams_[fd] = {.socket = std::move(socket), .received = {}, .accepted_us = monotonic_us()};
  }
}

void OwnListeners::forget_oldest() {
  const auto oldest = std::ranges::min_element(streams_, [](const auto& a, const auto& b) {
    return a.second.accepted_us < b.second.accepted_us;
  });
  if (oldest != streams_.end()) streams_.erase(oldest);
}

void OwnListeners::answer_datagram(int socket) {
  for (int i = 0; i < 256; ++i) {
    protocol::Nonce nonce{};
    sockaddr_storage peer{};
    socklen_t peer_size = sizeof peer;
    auto* raw = reinterpret_cast<sockaddr*>(&peer);
    const auto got = ::recvfrom(socket, nonce.data(), nonce.size(), MSG_TRUNC, raw, &peer_size);
    if (got < 0) return;
    if (got != static_cast<ssize_t>(nonce.size())) continue;
    constexpr std::size_t kReceivedMax = 65'536;
    if (received_.size() < kReceivedMax) received_.insert(nonce);
    const auto answer = protocol::keyed_answer(key_, nonce);
    ::sendto(socket, answer.data(), answer.size(), MSG_NOSIGNAL, raw, peer_size);
  }
}

void OwnListeners::answer_stream(int fd) {
  const auto it = streams_.find(fd);
  if (it == streams_.end()) return;
  auto& received = it->second.received;
  std::array<std::uint8_t, 32> buffer;
  const auto got = ::recv(fd, buffer.data(), buffer.size() - received.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got > 0) received.insert(received.end(), buffer.begin(), buffer.begin() + got);
  if (received.size() == buffer.size()) {
    protocol::Nonce nonce;
    std::copy(received.begin(), received.end(), nonce.begin());
    const auto answer = protocol::keyed_answer(key_, nonce);
    ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
  } else if (got > 0) {
    return;  // more is to come
  }
  streams_.erase(it);
}

}  // namespace reachproof::probe
