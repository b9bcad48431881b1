#include "probe/witness.h"

#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <map>

#include "probe/attempt_engine.h"
#include "probe/clock.h"
#include "probe/own_addresses.h"
#include "probe/socket_address.h"
#include "probe/socket_table.h"
#include "protocol/keyed_answer.h"

namespace reachproof::probe {
namespace {

constexpr std::chrono::milliseconds kSelfCheckTimeout{700};
constexpr std::int64_t kCanaryWaitUs = 1'000'000;
/// Packets of the last try may still be on their way up when the watch ends.
constexpr std::int64_t kSettleUs = 150'000;

/// The addresses that count as the host's own in the book: what it has, and what it was told.
std::set<core::IpAddress> local_addresses(const std::vector<core::IpAddress>& told) {
  std::set<core::IpAddress> local(told.begin(), told.end());
  for (const auto& own : own_addresses()) local.insert(own.address);
  return local;
}

/// Whether the address is this host's: a witness connects to itself and to nobody else, whatever
/// addresses it was told, since no scope is asked about these connections.
bool is_own(const core::IpAddress& address) {
  const FileDescriptor socket(
      ::socket(family_number(address.family()), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto any_port = SocketAddress::of(address, 0);
  return socket.open() && ::bind(socket.get(), any_port.raw(), any_port.size) == 0;
}

/// The addresses under which other hosts may reach this one.
std::vector<core::IpAddress> addresses_of_interfaces() {
  std::vector<core::IpAddress> addresses;
  for (const auto& own : own_addresses()) {
    const auto* bytes = own.address.bytes();
    const bool link_local = own.address.family() == core::Family::V4
                                ? bytes[0] == 169 && bytes[1] == 254
                                : bytes[0] == 0xfe && (bytes[1] & 0xc0U) == 0x80;
    if (!own.loopback && !link_local) addresses.push_back(own.address);
  }
  return addresses;
}

/// The ports, with the address, that accepted (TCP) or answered (UDP).
using SelfCheck = std::set<ServedSocket>;

/// Connects to each of these ports at each of these addresses of our own.
SelfCheck self_check(const std::vector<core::ProtocolPort>& ports,
                     const std::vector<core::IpAddress>& addresses,
                     const std::function<void()>& meanwhile) {
  SelfCheck result;
  std::vector<protocol::AttemptOrder> orders;
  for (const auto& port : ports) {
    for (const auto& address : addresses) {
      protocol::AttemptOrder order;
      order.id = orders.size();
      order.protocol = port.protocol;
      order.address = address;
      order.port = port.port;
      order.timeout = kSelfCheckTimeout;
      if (port.protocol != core::Protocol::Tcp) order.nonce = protocol::random_nonce();
      orders.push_back(order);
    }
  }
  constexpr std::size_t kWindow = 256;
  auto engine = AttemptEngine::create(kWindow, [&](protocol::OutcomeReport&& report) {
    const auto& order = orders[report.id];
    if (report.outcome == core::Outcome::Connected) {
      result.insert({{order.protocol, order.port}, order.address});
    }
  });
  if (!engine) return result;
  for (std::size_t next = 0; next < orders.size() || (*engine)->in_flight() > 0;) {
    while (next < orders.size() && !(*engine)->full()) (*engine)->start(orders[next++]);
    (*engine)->run_once(std::chrono::milliseconds(2));
    meanwhile();
  }
  return result;
}

/// Who serves the port at one address, which is our own.
protocol::Listener listener_at(const core::IpAddress& address, core::ProtocolPort port,
                               const SelfCheck& accepted, const std::set<ServedSocket>& sockets) {
  if (accepted.contains({port, address})) return protocol::Listener::Service;
  // The host's kernel answers echo requests, or does not: no socket says so.
  if (port.protocol == core::Protocol::Icmp) return protocol::Listener::Unknown;
  switch (served_at(sockets, port, address)) {
    case Served::No:
      return protocol::Listener::Closed;
    case Served::Perhaps:
      return protocol::Listener::Unknown;
    case Served::Yes:
      break;
  }
  // Somebody serves it, though a connection from its own host does not get through: its firewall
  // stops that too (TCP), or it does not answer what it does not know (UDP).
  return port.protocol == core::Protocol::Tcp ? protocol::Listener::Service
                                              : protocol::Listener::Mute;
}

}  // namespace

Witness::Witness(protocol::Arm order, OwnListeners listeners)
    : order_(std::move(order)), listeners_(std::move(listeners)) {
  // Behind a translation (a cloud's public address) none of the endpoint's addresses is the
  // host's: what arrives then arrives at the host's own.
  book_.set_local(local_addresses(order_.addresses));
  elsewhere_ = std::ranges::none_of(order_.addresses, is_own);
  if (elsewhere_) order_.addresses = addresses_of_interfaces();
  std::vector<core::ProtocolPort> ports;
  std::set<core::ProtocolPort> asked;
  for (const auto& watched : order_.ports) {
    ports.push_back(watched.port);
    if (watched.asked) asked.insert(watched.port);
  }
  book_.watch(ports, asked);
}

Result<Witness> Witness::arm(const protocol::Arm& order, protocol::Armed& answer) {
  auto listeners = OwnListeners::create(order.key);
  if (!listeners) return fail(std::move(listeners), "witness");
  Witness witness(order, std::move(*listeners));
  witness.open_listeners();
  witness.start_capture();
  witness.look_at_links();
  answer.id = order.id;
  answer.ports = witness.port_reports();
  answer.capture = witness.problem_.empty();
  answer.detail = witness.problem_;
  answer.at = moment_now();
  return witness;
}

void Witness::look_at_links() {
  if (!link_problem_.empty()) return;
  if (!links_) {
    auto links = LinkWatch::begin(order_.addresses, !elsewhere_);
    if (!links) {
      link_problem_ = links.error().message;
      return;
    }
    links_ = std::move(*links);
  }
  link_problem_ = links_->problem_now();
}

void Witness::open_listeners() {
  for (const auto& watched : order_.ports) {
    if (watched.may_listen && !order_.passive)
      (void)listeners_.listen(watched.port, order_.addresses);
  }
}

void Witness::start_capture() {
  // The canary is a datagram to ourselves, on a port of its own that the filter lets through.
  if (order_.addresses.empty()) {
    problem_ = "the witness was told no address of its own";
    return;
  }
  canary_address_ = order_.addresses.front();
  const int type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  canary_ = FileDescriptor(::socket(family_number(canary_address_.family()), type, 0));
  const auto any_port = SocketAddress::of(canary_address_, 0);
  if (!canary_.open() || ::bind(canary_.get(), any_port.raw(), any_port.size) != 0) {
    problem_ = fmt::format("cannot bind {}: {}", canary_address_.text(), std::strerror(errno));
    return;
  }
  canary_port_ = {core::Protocol::Udp, local_end(canary_.get()).port};
  std::vector<core::ProtocolPort> ports{canary_port_};
  for (const auto& watched : order_.ports) ports.push_back(watched.port);
  auto capture = Capture::open(ports);
  if (!capture) {
    problem_ = capture.error().message;
    return;
  }
  capture_ = std::move(*capture);
  if (!capture_sees_own_packet()) problem_ = "the capture did not see the witness's own packet";
}

void Witness::drain_capture() {
  if (!capture_) return;
  const auto drained = capture_->drain([this](const Packet& packet) {
    if (packet.kind == Packet::Kind::Datagram &&
        packet.ends.destination_port == canary_port_.port &&
        packet.ends.source_port == canary_port_.port) {
      ++canary_seen_;
      return;
    }
    book_.note(packet);
  });
  if (!drained && problem_.empty()) problem_ = drained.error().message;
}

bool Witness::capture_sees_own_packet() {
  const auto to = SocketAddress::of(canary_address_, canary_port_.port);
  const auto seen_before = canary_seen_;
  const std::int64_t until = monotonic_us() + kCanaryWaitUs;
  const std::string_view text = "reachproof canary";
  while (monotonic_us() < until) {
    ::sendto(canary_.get(), text.data(), text.size(), MSG_NOSIGNAL, to.raw(), to.size);
    pollfd ready{.fd = capture_->fd(), .events = POLLIN, .revents = 0};
    ::poll(&ready, 1, 50);
    drain_capture();
    if (canary_seen_ > seen_before) return true;
  }
  return false;
}

void Witness::serve() {
  listeners_.serve();
  drain_capture();
}

std::vector<protocol::PortReport> Witness::port_reports() {
  std::vector<core::ProtocolPort> others;
  for (const auto& watched : order_.ports) {
    if (!listeners_.holds(watched.port)) others.push_back(watched.port);
  }
  std::vector<core::IpAddress> own;
  std::ranges::copy_if(order_.addresses, std::back_inserter(own), is_own);
  // What may not be touched is not known to listen either.
  const auto accepted = order_.passive ? SelfCheck() : self_check(others, own, [this] { serve(); });
  const auto sockets = served_sockets();
  std::vector<protocol::PortReport> reports;
  for (const auto& watched : order_.ports) {
    std::set<protocol::Listener> at_addresses;
    for (const auto& address : own) {
      at_addresses.insert(listener_at(address, watched.port, accepted, sockets));
    }
    // A port is one thing for all addresses. Where it is open at one and closed at another,
    // neither can be said: it would make a path look blocked that only leads to the closed one.
    auto listener = protocol::Listener::Unknown;
    if (listeners_.holds(watched.port)) {
      listener = protocol::Listener::Own;
    } else if (at_addresses.size() == 1 && own.size() == order_.addresses.size()) {
      listener = *at_addresses.begin();
    }
    reports.push_back({watched.port, listener});
  }
  return reports;
}

std::vector<protocol::SeenTry> Witness::look_up(
    const std::vector<protocol::ExpectedTry>& tries) const {
  auto seen = book_.look_up(tries);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    auto& sighting = seen[i].sighting;
    const bool ours = tries[i].nonce && tries[i].port.protocol == core::Protocol::Udp &&
                      listeners_.received(*tries[i].nonce);
    // Our own listener had it, and answered: a filter on the way out hides the answer from the
    // capture, and must not make the host look closed.
    if (sighting.arrived && ours) sighting.answer = core::HostAnswer::Accepted;
  }
  return seen;
}

protocol::Done Witness::disarm() {
  const std::int64_t settled = monotonic_us() + kSettleUs;
  while (monotonic_us() < settled) {
    pollfd ready{.fd = capture_fd(), .events = POLLIN, .revents = 0};
    ::poll(&ready, 1, 10);
    serve();
  }
  protocol::Done done{.what = protocol::Done::What::Watch, .id = order_.id};
  if (capture_ && problem_.empty()) {
    if (!capture_sees_own_packet()) problem_ = "the capture stopped seeing packets";
    if (const auto losses = capture_->losses()) {
      done.packets = losses->received;
      done.dropped = losses->dropped;
      if (losses->dropped > 0) {
        problem_ = fmt::format("the capture lost {} packets", losses->dropped);
      }
    } else {
      problem_ = losses.error().message;
    }
    if (book_.overflowed()) problem_ = "more conversations than the witness can remember";
  }
  look_at_links();
  if (problem_.empty()) problem_ = link_problem_;
  done.ports = port_reports();
  capture_.reset();
  done.sound = problem_.empty();
  done.detail = problem_;
  done.at = moment_now();
  return done;
}

}  // namespace reachproof::probe
