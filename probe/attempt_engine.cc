#include "probe/attempt_engine.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "core/check.h"
#include "probe/clock.h"
#include "probe/error_queue.h"
#include "probe/socket_address.h"

namespace reachproof::probe {
namespace {

using core::Outcome;
using core::Protocol;

int take_socket_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

/// "Connected" counts only when the kernel names the peer: some interfaces report success for
/// connects that an ICMP error has already ended.
bool has_peer(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  return getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

/// Over UDP, port-unreachable from the destination itself is the host's own refusal.
bool is_udp_refusal(const core::IcmpError& icmp, const core::IpAddress& destination) {
  const bool port_unreachable = destination.family() == core::Family::V4
                                    ? icmp.type == 3 && icmp.code == 3
                                    : icmp.type == 1 && icmp.code == 4;
  return port_unreachable && icmp.sender == destination;
}

Outcome outcome_of_error(int error) {
  switch (error) {
    case ECONNREFUSED:
      return Outcome::Refused;
    case ETIMEDOUT:
      return Outcome::TimedOut;
    default:
      return Outcome::LocalError;
  }
}

std::string sentence_for(int error) {
  switch (error) {
    case ENETUNREACH:
      return "no route to the destination from here";
    case EADDRNOTAVAIL:
      return "no free source port, or no source address for the destination";
    case EMFILE:
    case ENFILE:
      return "out of file descriptors";
    case EPERM:
    case EACCES:
      return "this host's own firewall refused to send";
    default:
      return std::strerror(error);
  }
}

}  // namespace

Result<std::unique_ptr<AttemptEngine>> AttemptEngine::create(std::size_t window,
                                                             Finished finished) {
  std::unique_ptr<AttemptEngine> engine(new AttemptEngine(window, std::move(finished)));
  engine->epoll_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
  if (!engine->epoll_.open()) {
    return fail(ErrorCode::Io, fmt::format("epoll_create1: {}", std::strerror(errno)));
  }
  return engine;
}

AttemptEngine::AttemptEngine(std::size_t window, Finished finished)
    : slots_(window),
      deadlines_(window, monotonic_us()),
      tcp_marks_(std::make_unique<std::uint64_t[]>(kTcpMarks)),
      finished_(std::move(finished)) {
  free_.reserve(window);
  for (std::size_t i = window; i > 0; --i) free_.push_back(static_cast<std::uint32_t>(i - 1));
}

void AttemptEngine::start(const protocol::AttemptOrder& order) {
  CHECK(!free_.empty());
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Slot& slot = slots_[index];
  slot.phase = Phase::Connecting;
  slot.order = order;
  slot.report = {};
  slot.report.id = order.id;
  slot.report.started = moment_now();
  if (order.protocol == Protocol::Icmp) {
    begin_icmp(index);
    return;
  }
  if (!open_socket(slot)) {
    fail_with(index, errno);
    return;
  }
  deadlines_.set(
      index, slot.report.started.monotonic_us + std::chrono::microseconds(order.timeout).count());
  if (order.protocol == Protocol::Tcp) {
    begin_tcp(index);
  } else {
    begin_udp(index);
  }
}

bool AttemptEngine::open_socket(Slot& slot) {
  const auto& order = slot.order;
  const int type = order.protocol == Protocol::Tcp ? SOCK_STREAM : SOCK_DGRAM;
  slot.socket = FileDescriptor(
      ::socket(family_number(order.address.family()), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!slot.socket.open()) return false;
  queue_icmp_errors(slot.socket.get(), order.address.family());
  if (order.mss != 0 && order.protocol == Protocol::Tcp) {
    const int mss = order.mss;
    setsockopt(slot.socket.get(), IPPROTO_TCP, TCP_MAXSEG, &mss, sizeof mss);
  }
  return true;
}

bool AttemptEngine::remember_tcp(const Slot& slot, core::Port own) {
  // FNV-1a (draft-eastlake-fnv); 0 stands for an empty place.
  std::uint64_t mark = 14695981039346656037U;
  const auto mix = [&](std::uint8_t byte) { mark = (mark ^ byte) * 1099511628211U; };
  const auto& to = slot.order.address;
  for (std::size_t i = 0; i < to.size(); ++i) mix(to.bytes()[i]);
  for (const core::Port port : {slot.order.port, own}) {
    mix(static_cast<std::uint8_t>(port >> 8U));
    mix(static_cast<std::uint8_t>(port & 0xffU));
  }
  mark |= 1U;
  // The upper bits: of the last byte little comes into those in the middle.
  const auto bucket = std::span(&tcp_marks_[(mark >> 40U) % (kTcpMarks / 4) * 4], 4);
  for (auto& place : bucket) {
    if (place == mark) return true;
    if (place != 0) continue;
    place = mark;
    return false;
  }
  bucket[(mark >> 8U) % bucket.size()] = mark;
  return false;
}

void AttemptEngine::take_own_port(Slot& slot) {
  if (!remember_tcp(slot, 0)) return;
  const auto any_port = SocketAddress::of(slot.order.address.family() == core::Family::V4
                                              ? core::IpAddress()
                                              : *core::IpAddress::parse("::"),
                                          0);
  for (int i = 0; i < kFreshPortTriesMax; ++i) {
    if (i > 0 && !open_socket(slot)) return;
    if (::bind(slot.socket.get(), any_port.raw(), any_port.size) != 0) return;
    const auto own = local_end(slot.socket.get()).port;
    if (own != slot.order.port && !remember_tcp(slot, own)) return;
  }
}

void AttemptEngine::begin_tcp(std::uint32_t index) {
  Slot& slot = slots_[index];
  take_own_port(slot);
  if (!slot.socket.open()) {
    fail_with(index, errno);
    return;
  }
  const auto to = SocketAddress::of(slot.order.address, slot.order.port);
  const int fd = slot.socket.get();
  const int failed = ::connect(fd, to.raw(), to.size) == 0 ? 0 : errno;
  const auto local = local_end(fd);
  slot.report.source = local.address;
  slot.report.source_port = local.port;
  remember_tcp(slot, local.port);
  if (talks_to_itself(slot)) {
    refuse_own_end(index);
  } else if (failed == 0) {
    connected(index);
  } else if (failed == EINPROGRESS) {
    watch(index, EPOLLOUT);
  } else {
    fail_with(index, failed);
  }
}

/// On our own host the kernel may draw the destination's port as ours: a socket that is connected
/// to itself answers whatever it is asked, and nobody listens.
bool AttemptEngine::talks_to_itself(const Slot& slot) {
  return slot.report.source_port == slot.order.port && slot.report.source == slot.order.address;
}

void AttemptEngine::refuse_own_end(std::uint32_t index) {
  slots_[index].report.detail =
      "the source port was the destination's own: it would talk to itself";
  finish(index, Outcome::LocalError);
}

bool AttemptEngine::is_fresh(const core::IpAddress& to, core::Port port, core::Port own) {
  if (used_tuples_.size() >= kRememberedTuplesMax) used_tuples_.clear();
  return used_tuples_.emplace(to, port, own).second;
}

bool AttemptEngine::connect_udp(Slot& slot) {
  const auto to = SocketAddress::of(slot.order.address, slot.order.port);
  for (int i = 0; i < kFreshPortTriesMax; ++i) {
    if (i > 0 && !open_socket(slot)) return false;
    if (::connect(slot.socket.get(), to.raw(), to.size) != 0) return false;
    const auto local = local_end(slot.socket.get());
    slot.report.source = local.address;
    slot.report.source_port = local.port;
    const bool fresh = is_fresh(slot.order.address, slot.order.port, local.port);
    if (fresh && !talks_to_itself(slot)) break;
  }
  return true;
}

void AttemptEngine::begin_udp(std::uint32_t index) {
  Slot& slot = slots_[index];
  if (!connect_udp(slot)) {
    fail_with(index, errno);
    return;
  }
  if (talks_to_itself(slot)) {
    refuse_own_end(index);
    return;
  }
  const int fd = slot.socket.get();
  const protocol::Nonce nonce = slot.order.nonce.value_or(protocol::Nonce{});
  std::string payload(nonce.begin(), nonce.end());
  if (slot.order.ask) {
    slot.dialogue = dialogue_for(*slot.order.ask, true);
    payload = slot.dialogue ? slot.dialogue->opening() : "";
    if (payload.empty()) {
      slot.report.detail = "this probe cannot ask that over UDP";
      finish(index, Outcome::LocalError);
      return;
    }
    slot.report.mark = protocol::Nonce{};
    std::copy_n(payload.begin(), std::min(payload.size(), slot.report.mark->size()),
                slot.report.mark->begin());
  }
  slot.phase = Phase::AwaitingAnswer;
  if (::send(fd, payload.data(), payload.size(), MSG_NOSIGNAL) < 0) {
    fail_with(index, errno);
    return;
  }
  watch(index, EPOLLIN);
}

void AttemptEngine::watch(std::uint32_t index, std::uint32_t events) {
  Slot& slot = slots_[index];
  epoll_event event{};
  event.events = events;
  event.data.u32 = index;
  const int operation = slot.registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(epoll_.get(), operation, slot.socket.get(), &event) != 0) {
    fail_with(index, errno);
    return;
  }
  slot.registered = true;
}

void AttemptEngine::run_once(std::chrono::milliseconds wait_max) {
  std::array<epoll_event, 256> events;
  int wait_ms = static_cast<int>(wait_max.count());
  // The wheel ticks every 4 ms: waiting longer would make deadlines late.
  if (!deadlines_.empty() && wait_ms > 4) wait_ms = 4;
  const int count =
      epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms);
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (slots_[event.data.u32].phase != Phase::Free) handle(event.data.u32, event.events);
  }
  const auto ticking = ticking_;
  for (const auto index : ticking) {
    if (slots_[index].phase == Phase::Conversing) {
      converse(index, slots_[index].conversation->proceed());
    }
  }
  deadlines_.advance(monotonic_us(), [this](std::uint32_t index) { expire(index); });
}

void AttemptEngine::handle(std::uint32_t index, std::uint32_t events) {
  Slot& slot = slots_[index];
  if (slot.phase == Phase::Conversing) {
    converse(index, slot.conversation->proceed());
    return;
  }
  if (slot.phase == Phase::AwaitingAnswer) {
    // UDP: an error may stand beside an answer; the answer says more.
    if ((events & EPOLLIN) != 0) {
      read_answer(index);
    } else if (slot.order.protocol == Protocol::Tcp) {
      finish(index, Outcome::Connected);  // reset after the handshake: the nonce is lost
    } else {
      fail_with(index, 0);
    }
    return;
  }
  handle_tcp(index, events);
}

void AttemptEngine::handle_tcp(std::uint32_t index, std::uint32_t events) {
  Slot& slot = slots_[index];
  const bool failed = (events & (EPOLLERR | EPOLLHUP)) != 0;
  if (!failed && has_peer(slot.socket.get())) {
    connected(index);
  } else {
    fail_with(index, 0);
  }
}

void AttemptEngine::connected(std::uint32_t index) {
  Slot& slot = slots_[index];
  if (slot.order.ask) {
    const Peer peer{slot.socket.get(), slot.order.address, slot.order.port, slot.order.hostname};
    slot.conversation = conversation_for(*slot.order.ask, peer);
    if (!slot.conversation) {
      slot.report.detail = "this probe cannot ask that over TCP";
      finish(index, Outcome::LocalError);
      return;
    }
    slot.phase = Phase::Conversing;
    restart_deadline(index);
    if (slot.conversation->ticks()) ticking_.insert(index);
    converse(index, slot.conversation->begin());
    return;
  }
  if (!slot.order.nonce) {
    finish(index, Outcome::Connected);
    return;
  }
  slot.phase = Phase::AwaitingAnswer;
  const auto& nonce = *slot.order.nonce;
  const auto sent = ::send(slot.socket.get(), nonce.data(), nonce.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(nonce.size())) {
    finish(index, Outcome::Connected);
    return;
  }
  watch(index, EPOLLIN);
}

void AttemptEngine::restart_deadline(std::uint32_t index) {
  const Slot& slot = slots_[index];
  std::chrono::microseconds timeout = slot.order.timeout;
  if (slot.conversation) timeout = slot.conversation->lasts().value_or(timeout);
  deadlines_.set(index, monotonic_us() + timeout.count());
}

void AttemptEngine::converse(std::uint32_t index, Conversation::Want want) {
  Slot& slot = slots_[index];
  if (want == Conversation::Want::Over) {
    slot.report.exchange = std::make_shared<const core::Exchange>(slot.conversation->exchange());
    finish(index, Outcome::Connected);
    return;
  }
  if (slot.conversation->takes_new_stage()) restart_deadline(index);
  const std::uint32_t events = want == Conversation::Want::Read    ? EPOLLIN
                               : want == Conversation::Want::Write ? EPOLLOUT
                                                                   : EPOLLIN | EPOLLOUT;
  watch(index, events);
}

void AttemptEngine::take_datagram(std::uint32_t index) {
  Slot& slot = slots_[index];
  std::string datagram(kDialogueBytesMax, '\0');
  const auto got = ::recv(slot.socket.get(), datagram.data(), datagram.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got < 0) {
    fail_with(index, errno);
    return;
  }
  datagram.resize(static_cast<std::size_t>(got));
  slot.report.answered = true;
  auto step = datagram.empty() ? garbled(datagram) : slot.dialogue->take(datagram);
  // A datagram is whole or nothing.
  if (!step.over) step = garbled(datagram);
  slot.report.exchange = std::make_shared<const core::Exchange>(std::move(step.exchange));
  finish(index, Outcome::Connected);
}

void AttemptEngine::read_answer(std::uint32_t index) {
  Slot& slot = slots_[index];
  if (slot.dialogue) {
    take_datagram(index);
    return;
  }
  if (slot.echo) {
    read_echo(index);
    return;
  }
  std::array<std::uint8_t, 512> buffer;
  const auto got = ::recv(slot.socket.get(), buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  const bool tcp = slot.order.protocol == Protocol::Tcp;
  if (got < 0 && !tcp) {
    fail_with(index, errno);
    return;
  }
  if (got > 0 || !tcp) {
    slot.report.answered = true;
    const auto room = protocol::Nonce{}.size() - slot.report.answer.size();
    const auto take = std::min(room, static_cast<std::size_t>(got));
    slot.report.answer.insert(slot.report.answer.end(), buffer.begin(),
                              buffer.begin() + static_cast<std::ptrdiff_t>(take));
  }
  const bool whole = slot.report.answer.size() == protocol::Nonce{}.size();
  if (!tcp || got <= 0 || whole) finish(index, Outcome::Connected);
}

/// `error` 0 means: ask the socket.
void AttemptEngine::fail_with(std::uint32_t index, int error) {
  Slot& slot = slots_[index];
  const int fd = slot.socket.get();
  const bool tcp = slot.order.protocol == Protocol::Tcp;
  // Before errno: ECONNREFUSED may be an ICMP error.
  if (fd >= 0) slot.report.icmp = take_icmp_error(fd);
  if (error == 0) error = take_socket_error(fd);
  slot.report.error_number = error;
  if (!tcp && (error == EPERM || error == EACCES)) {
    // Our own firewall refused to send; the ICMP error that it may queue is kept as a detail.
    slot.report.detail = sentence_for(error);
    finish(index, Outcome::LocalError);
  } else if (slot.report.icmp) {
    const bool refusal = !tcp && is_udp_refusal(*slot.report.icmp, slot.order.address);
    finish(index, refusal ? Outcome::Refused : Outcome::Unreachable);
  } else if (tcp && (error == ECONNRESET || error == EPIPE)) {
    finish(index, Outcome::Connected);  // opened, then reset by the peer: it is reachable
  } else {
    const auto outcome = outcome_of_error(error);
    // UDP has no RST: a refusal without its ICMP error says nothing about who refused.
    const bool unknown = !tcp && outcome == Outcome::Refused;
    if (unknown || outcome == Outcome::LocalError) slot.report.detail = sentence_for(error);
    finish(index, unknown ? Outcome::LocalError : outcome);
  }
}

void AttemptEngine::expire(std::uint32_t index) {
  Slot& slot = slots_[index];
  const bool tcp = slot.order.protocol == Protocol::Tcp;
  if (slot.phase == Phase::Conversing) {
    slot.conversation->expire();
    converse(index, Conversation::Want::Over);
    return;
  }
  if (tcp && slot.phase == Phase::AwaitingAnswer) {
    finish(index, Outcome::Connected);
    return;
  }
  // An error may have come in the very tick of the deadline.
  slot.report.icmp = take_icmp_error(slot.socket.get());
  if (!slot.report.icmp) {
    finish(index, Outcome::TimedOut);
  } else {
    const bool refusal = !tcp && is_udp_refusal(*slot.report.icmp, slot.order.address);
    finish(index, refusal ? Outcome::Refused : Outcome::Unreachable);
  }
}

void AttemptEngine::finish(std::uint32_t index, core::Outcome outcome) {
  Slot& slot = slots_[index];
  slot.report.outcome = outcome;
  slot.report.elapsed_us = monotonic_us() - slot.report.started.monotonic_us;
  deadlines_.clear(index);
  ticking_.erase(index);
  slot.conversation.reset();  // before its socket
  slot.dialogue.reset();
  slot.echo.reset();
  slot.socket.reset();  // takes it out of the epoll set as well
  slot.registered = false;
  slot.phase = Phase::Free;
  free_.push_back(index);
  // The callback may start another try in this very slot.
  finished_(std::move(slot.report));
}

void AttemptEngine::abandon_all(const std::string& reason) {
  for (std::uint32_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].phase == Phase::Free) continue;
    slots_[i].report.detail = reason;
    finish(i, Outcome::NotRun);
  }
}

}  // namespace reachproof::probe
