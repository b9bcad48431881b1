#include "lab/listener_server.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "lab/dns_answer.h"
#include "lab/listener_socket.h"

namespace reachproof::lab {
namespace {

/// What an epoll event speaks of: its kind in the upper half, an index or descriptor in the lower.
enum class Tag : std::uint32_t { Listener = 1, Connection = 2, Control = 3, Stop = 4 };

constexpr std::size_t kRequestBytesMax = 8192;
constexpr std::size_t kOutputBytesMax = 256U << 10U;
constexpr int kAcceptsAtOnce = 64;
constexpr int kDatagramsAtOnce = 64;
constexpr std::size_t kSpareDescriptors = 64;

std::uint64_t tagged(Tag tag, std::uint64_t value) {
  return static_cast<std::uint64_t>(tag) << 32U | value;
}

tl::unexpected<Error> io(std::string_view doing) {
  return fail(ErrorCode::Io, fmt::format("{}: {}", doing, std::strerror(errno)));
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return std::min<std::size_t>(limit.rlim_cur, 1U << 20U);
}

std::size_t descriptors_max() {
  static const std::size_t most = raise_descriptor_limit();
  return most;
}

void reset_on_close(int fd) {
  const linger now{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

std::string http_answer(const Listener& listener, const std::string& host) {
  const auto blank = listener.argument.find(' ');
  const auto body = blank == std::string::npos
                        ? fmt::format("reachproof lab: {} {}\n", host, listener.ports.text())
                        : listener.argument.substr(blank + 1) + "\n";
  return fmt::format(
      "HTTP/1.1 {} Lab\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n"
      "Connection: close\r\n\r\n{}",
      listener.argument.substr(0, blank), body.size(), body);
}

}  // namespace

Result<ListenerServer> ListenerServer::make(NameTable names) {
  descriptors_max();
  Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return io("open epoll");
  return ListenerServer(std::move(epoll), std::move(names));
}

Result<void> ListenerServer::watch(int fd, std::uint64_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return io("watch a socket");
  return {};
}

Result<void> ListenerServer::open(const std::string& host, const Listener& listener) {
  auto socket = open_listener(listener);
  if (!socket) return fail(std::move(socket), host);
  if (auto done = watch(socket->get(), tagged(Tag::Listener, served_.size())); !done) return done;
  served_.push_back({.socket = std::move(*socket), .host = host, .listener = listener});
  return {};
}

Result<void> ListenerServer::open_control(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto text = path.string();
  if (text.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::Io, fmt::format("the path {} is too long for a socket", text));
  }
  std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
  control_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!control_) return io("open a socket");
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(control_.get(), name, sizeof address) != 0 || ::listen(control_.get(), 16) != 0) {
    return io("listen on " + text);
  }
  return watch(control_.get(), tagged(Tag::Control, 0));
}

Result<void> ListenerServer::run(int stop) {
  if (stop >= 0) {
    if (auto done = watch(stop, tagged(Tag::Stop, 0)); !done) return done;
  }
  std::array<epoll_event, 256> events{};
  for (;;) {  // ends by `stop`, or with the process
    const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), -1);
    if (count < 0 && errno != EINTR) return io("wait for events");
    for (int i = 0; i < count; ++i) {
      const auto data = events[static_cast<std::size_t>(i)].data.u64;
      const auto value = data & 0xffffffffU;
      const auto tag = static_cast<Tag>(data >> 32U);
      if (tag == Tag::Stop) return {};
      if (tag == Tag::Control) answer_control();
      if (tag == Tag::Connection) on_connection(static_cast<int>(value));
      if (tag != Tag::Listener) continue;
      const bool udp = served_[value].listener.ports.protocol == core::Protocol::Udp;
      if (udp)
        answer_datagrams(value);
      else
        accept_all(value);
    }
  }
}

void ListenerServer::accept_all(std::size_t served) {
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    make_room();
    Descriptor socket(
        ::accept4(served_[served].socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) return;
    ++served_[served].count;
    greet(std::move(socket), served);
  }
}

void ListenerServer::greet(Descriptor socket, std::size_t served) {
  const auto& listener = served_[served].listener;
  if (listener.kind == Listener::Kind::Close) return;
  if (listener.kind == Listener::Kind::Reset) {
    reset_on_close(socket.get());
    return;
  }
  Connection connection{.socket = std::move(socket), .served = served, .age = next_age_++};
  if (listener.kind == Listener::Kind::Banner) {
    connection.out = listener.argument + "\r\n";
    if (!send_output(connection)) return;
  }
  keep(std::move(connection));
}

void ListenerServer::keep(Connection connection) {
  const int fd = connection.socket.get();
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP;
  event.data.u64 = tagged(Tag::Connection, static_cast<std::uint64_t>(fd));
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return;
  by_age_.emplace(connection.age, fd);
  connections_.insert_or_assign(fd, std::move(connection));
}

void ListenerServer::make_room() {
  const auto most =
      descriptors_max() - std::min(descriptors_max() / 2, served_.size() + kSpareDescriptors);
  if (connections_.size() < most || by_age_.empty()) return;
  const auto oldest = by_age_.begin();
  connections_.erase(oldest->second);
  by_age_.erase(oldest);
}

void ListenerServer::answer_datagrams(std::size_t served) {
  auto& it = served_[served];
  const auto answer = [&](std::span<const std::uint8_t> datagram) -> std::vector<std::uint8_t> {
    ++it.count;
    if (it.listener.kind == Listener::Kind::Echo) return {datagram.begin(), datagram.end()};
    if (it.listener.kind != Listener::Kind::Dns) return {};
    const auto error = dns_error_of(it.listener.argument);
    return error ? dns_answer(datagram, *error) : dns_answer(datagram, names_);
  };
  for (int i = 0; i < kDatagramsAtOnce; ++i) {
    if (!answer_datagram(it.socket.get(), answer)) return;
  }
}

void ListenerServer::answer_control() {
  const Descriptor peer(::accept4(control_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!peer) return;
  const timeval patience{1, 0};
  ::setsockopt(peer.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  std::string text;
  for (const auto& it : served_) {
    text += fmt::format("{} {} {} {}\n", it.host, it.listener.ports.text(), word(it.listener.kind),
                        it.count);
  }
  std::size_t sent = 0;
  while (sent < text.size()) {
    const auto size = ::send(peer.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (size <= 0) return;
    sent += static_cast<std::size_t>(size);
  }
}

void ListenerServer::on_connection(int fd) {
  const auto found = connections_.find(fd);
  if (found == connections_.end()) return;
  auto& connection = found->second;
  if (take_input(connection) && send_output(connection)) return;
  by_age_.erase(connection.age);
  connections_.erase(found);
}

/// False when the connection is over.
bool ListenerServer::take_input(Connection& connection) {
  std::array<char, 16384> buffer{};
  if (connection.out.size() >= kOutputBytesMax) return true;  // the peer must read first
  const auto size = ::recv(connection.socket.get(), buffer.data(), buffer.size(), 0);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (size == 0) return false;
  take_bytes(connection, {buffer.data(), static_cast<std::size_t>(size)});
  return true;
}

void ListenerServer::take_bytes(Connection& connection, std::string_view bytes) {
  const auto& served = served_[connection.served];
  if (served.listener.kind == Listener::Kind::Echo) connection.out += bytes;
  if (served.listener.kind != Listener::Kind::Http || connection.closing) return;
  connection.request += bytes;
  const bool whole = connection.request.find("\r\n\r\n") != std::string::npos;
  if (!whole && connection.request.size() < kRequestBytesMax) return;
  connection.out = http_answer(served.listener, served.host);
  connection.closing = true;
}

/// False when the connection is over.
bool ListenerServer::send_output(Connection& connection) {
  const int fd = connection.socket.get();
  while (!connection.out.empty()) {
    const auto size = ::send(fd, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (size < 0 && errno != EAGAIN) return false;
    if (size < 0) break;
    connection.out.erase(0, static_cast<std::size_t>(size));
  }
  const bool pending = !connection.out.empty();
  const bool full = connection.out.size() >= kOutputBytesMax;
  epoll_event event{};
  event.events = (full ? 0U : static_cast<unsigned>(EPOLLIN)) |
                 (pending ? static_cast<unsigned>(EPOLLOUT) : 0U);
  event.data.u64 = tagged(Tag::Connection, static_cast<std::uint64_t>(fd));
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
  if (connection.closing && !pending) ::shutdown(fd, SHUT_WR);  // the peer closes after reading
  return true;
}

}  // namespace reachproof::lab
