#include "probe/session.h"

#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "probe/clock.h"
#include "probe/dialogue/conversation.h"
#include "probe/neighbour_question.h"
#include "probe/privileges.h"

namespace reachproof::probe {
namespace {

constexpr std::size_t kQueuedMax = 65536;
constexpr std::size_t kWatchesMax = 64;
constexpr std::size_t kTriesAskedMax = 200'000;
constexpr std::int64_t kNeighbourPatienceUs = 7'000'000;

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string joined(const std::vector<core::IpAddress>& addresses) {
  std::string text;
  for (const auto& address : addresses) text += (text.empty() ? "" : ", ") + address.text();
  return text;
}

}  // namespace

Session::Session(Options options, Scope scope) : options_(options), scope_(std::move(scope)) {}

Result<void> Session::run() {
  auto engine = AttemptEngine::create(
      options_.window, [this](protocol::OutcomeReport&& outcome) { report(std::move(outcome)); });
  if (!engine) return fail(std::move(engine), "attempt engine");
  engine_ = std::move(*engine);
  began_us_ = monotonic_us();
  send(protocol::Hello{.software = "reachproof-probe " REACHPROOF_VERSION,
                       .host = host_name(),
                       .pid = getpid(),
                       .can_capture = options_.witness && may_capture(),
                       .scope = scope_.digest(),
                       .now = moment_now()});
  flush();
  while (!ended_) poll_once();
  if (!problem_.empty()) return fail(ErrorCode::Protocol, problem_);
  return {};
}

void Session::poll_once() {
  std::vector<pollfd> fds{{.fd = options_.input, .events = POLLIN, .revents = 0},
                          {.fd = engine_->epoll_fd(), .events = POLLIN, .revents = 0}};
  for (auto& [id, watch] : watches_) {
    if (watch.over) continue;
    fds.push_back({.fd = watch.witness.capture_fd(), .events = POLLIN, .revents = 0});
    fds.push_back({.fd = watch.witness.listeners_fd(), .events = POLLIN, .revents = 0});
  }
  int timeout_ms = engine_->in_flight() > 0 ? 4 : stopping_ ? 100 : 1000;
  if (resolver_) resolver_->prepare(fds, timeout_ms);
  if (::poll(fds.data(), fds.size(), timeout_ms) < 0 && errno != EINTR) {
    end(fmt::format("poll: {}", std::strerror(errno)));
    return;
  }
  if (fds[0].revents != 0) read_input();
  if (ended_) return;
  if (stopping_) {
    finish_stop();
    return;
  }
  if (resolver_) resolver_->process();
  start_queued();
  engine_->run_once(std::chrono::milliseconds(0));
  for (auto& [id, watch] : watches_) {
    if (!watch.over) watch.witness.serve();
  }
  flush();
}

void Session::read_input() {
  std::array<char, 65536> buffer;
  const auto got = ::read(options_.input, buffer.data(), buffer.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got <= 0) {
    end("");  // the orchestrator is gone: nothing stays behind
    return;
  }
  if (!lines_.feed({buffer.data(), static_cast<std::size_t>(got)})) {
    end("a line longer than the protocol allows");
    return;
  }
  std::string line;
  while (!ended_ && lines_.next(line)) {
    const auto message = protocol::decode(line);
    if (!message) {
      end(message.error().message);
      return;
    }
    handle(*message);
  }
}

void Session::handle(const protocol::Message& message) {
  if (const auto* attempt = std::get_if<protocol::AttemptOrder>(&message)) {
    handle_attempt(*attempt);
  } else if (const auto* arm = std::get_if<protocol::Arm>(&message)) {
    handle_arm(*arm);
  } else if (const auto* disarm = std::get_if<protocol::Disarm>(&message)) {
    handle_disarm(*disarm);
  } else if (const auto* stop = std::get_if<protocol::Stop>(&message)) {
    handle_stop(*stop);
  } else {
    end("a message that only a probe may send");
  }
}

void Session::handle_attempt(const protocol::AttemptOrder& order) {
  using Why = protocol::Refused::Why;
  const core::ProtocolPort port{order.protocol, order.port};
  if (const auto objection = scope_.objection(order.address, port)) {
    send(protocol::Refused{.id = order.id, .why = Why::Scope, .detail = *objection});
  } else if (const auto unasked =
                 order.ask ? scope_.objection_to_asking(*order.ask) : std::nullopt) {
    send(protocol::Refused{.id = order.id, .why = Why::Scope, .detail = *unasked});
  } else if (order.ask && !can_ask(*order.ask, order.protocol)) {
    send(protocol::Refused{
        .id = order.id,
        .why = Why::Unsupported,
        .detail = fmt::format("this probe cannot ask `{}`", core::label_of(*order.ask))});
  } else if (queued_.size() + resolving_ >= kQueuedMax) {
    send(protocol::Refused{.id = order.id, .why = Why::Budget, .detail = "too many tries queued"});
  } else if (const auto over = scope_.over_budget(order.address, monotonic_us())) {
    send(protocol::Refused{.id = order.id, .why = Why::Budget, .detail = *over});
  } else if (order.hostname.empty()) {
    queued_.push_back(order);
  } else {
    resolve_then_queue(order);
  }
}

void Session::resolve_then_queue(const protocol::AttemptOrder& order) {
  const auto fail_with = [this](std::uint64_t id, std::string detail) {
    send(protocol::OutcomeReport{.id = id,
                                 .outcome = core::Outcome::DnsFailed,
                                 .started = moment_now(),
                                 .detail = std::move(detail)});
  };
  if (!resolver_) {
    auto resolver = Resolver::create();
    if (!resolver) {
      fail_with(order.id, resolver.error().message);
      return;
    }
    resolver_ = std::move(*resolver);
  }
  ++resolving_;
  resolver_->resolve(
      order.hostname, order.address.family(),
      [this, order, fail_with](const Resolver::Answer& answer) {
        --resolving_;
        if (!answer.problem.empty()) {
          fail_with(order.id, fmt::format("{}: {}", order.hostname, answer.problem));
        } else if (std::ranges::find(answer.addresses, order.address) == answer.addresses.end()) {
          fail_with(order.id,
                    fmt::format("{} resolves to {}, not to the endpoint's {}", order.hostname,
                                joined(answer.addresses), order.address.text()));
        } else {
          queued_.push_back(order);
        }
      });
}

void Session::start_queued() {
  while (!queued_.empty() && !engine_->full()) {
    const auto order = std::move(queued_.front());
    queued_.pop_front();
    destinations_[order.id] = order.address;
    engine_->start(order);
  }
}

void Session::report(protocol::OutcomeReport&& outcome) {
  const auto it = destinations_.find(outcome.id);
  if (it != destinations_.end()) {
    // Success needs no further proof that the network works.
    auto& reach = reach_[it->second.family()];
    if (outcome.outcome == core::Outcome::Connected) {
      reach.connected = true;
    } else {
      outcome.first_hop_ms = confirmed_in_session(it->second);
    }
    reach.tried = it->second;
    reach.tried_us = monotonic_us();
    destinations_.erase(it);
  }
  send(std::move(outcome));
}

void Session::handle_arm(const protocol::Arm& order) {
  using Why = protocol::Refused::Why;
  if (!options_.witness || watches_.size() >= kWatchesMax || watches_.contains(order.id)) {
    send(protocol::Refused{.id = order.id,
                           .why = Why::Unsupported,
                           .detail = "this probe is not to be a witness (again)"});
    return;
  }
  protocol::Armed answer;
  auto witness = Witness::arm(order, answer);
  if (!witness) {
    send(protocol::Refused{
        .id = order.id, .why = Why::Unsupported, .detail = witness.error().message});
    return;
  }
  watches_.emplace(order.id, Watch{.witness = std::move(*witness)});
  send(answer);
}

void Session::handle_disarm(const protocol::Disarm& order) {
  const auto it = watches_.find(order.id);
  if (it == watches_.end()) {
    end("a disarm of a watch that does not exist");
    return;
  }
  Watch& watch = it->second;
  if (!watch.over) watch.done = watch.witness.disarm();
  watch.over = true;
  if (watch.tries.size() + order.tries.size() > kTriesAskedMax) {
    end("more tries in a disarm than the protocol allows");
    return;
  }
  watch.tries.insert(watch.tries.end(), order.tries.begin(), order.tries.end());
  if (!order.last) return;
  auto seen = watch.witness.look_up(watch.tries);
  const bool nothing_arrived =
      std::ranges::none_of(seen, [](const auto& s) { return s.sighting.arrived; });
  if (watch.witness.elsewhere() && nothing_arrived && watch.done.sound) {
    watch.done.sound = false;
    watch.done.detail =
        "this host does not have the endpoint's address, and nothing arrived for "
        "it: is the probe on the right host?";
  }
  constexpr std::size_t kInOneReport = protocol::kListMax;
  for (std::size_t at = 0; at < seen.size(); at += kInOneReport) {
    const auto count = std::min(kInOneReport, seen.size() - at);
    protocol::SightingReport part{.id = order.id, .tries = {}};
    part.tries.assign(seen.begin() + static_cast<std::ptrdiff_t>(at),
                      seen.begin() + static_cast<std::ptrdiff_t>(at + count));
    send(part);
  }
  send(watch.done);
  watches_.erase(it);
}

void Session::handle_stop(const protocol::Stop& order) {
  queued_.clear();
  engine_->abandon_all("stopped: " + order.reason);
  stopping_ = true;
}

/// Whether the kernel has still to hear from a next hop that we used: it asks five seconds after
/// that (delay_first_probe_time, arp(7)). Matters only where we may not ask ourselves.
bool Session::first_hop_may_yet_be_confirmed(core::Family family) {
  const auto it = reach_.find(family);
  if (it == reach_.end() || it->second.connected || !it->second.tried) return false;
  const bool fresh = confirmed_in_session(*it->second.tried) >= 0;
  return !fresh && monotonic_us() - it->second.tried_us < kNeighbourPatienceUs;
}

/// Milliseconds since the next hop was confirmed, -1 where that was before this session.
std::int64_t Session::confirmed_in_session(const core::IpAddress& destination) {
  const auto ms = first_hop_.confirmed_ms_ago(destination);
  return ms * 1000 <= monotonic_us() - began_us_ ? ms : -1;
}

/// Asks the next hop now; without the right to, what the kernel knows of it.
std::int64_t Session::first_hop_at_the_end(core::Family family) {
  const auto it = reach_.find(family);
  if (it == reach_.end() || !it->second.tried) return -1;
  const auto hop = next_hop_to(*it->second.tried);
  if (!hop) return -1;
  constexpr std::chrono::milliseconds kPatience{500};
  switch (ask_neighbour(*hop, kPatience)) {
    case NeighbourAnswer::Answered:
      return 0;
    case NeighbourAnswer::Silent:
    case NeighbourAnswer::CouldNotAsk:
      return confirmed_in_session(*it->second.tried);
  }
  return -1;
}

void Session::finish_stop() {
  using core::Family;
  const bool patient =
      first_hop_may_yet_be_confirmed(Family::V4) || first_hop_may_yet_be_confirmed(Family::V6);
  if (patient && !may_capture()) return;
  send(protocol::Done{.what = protocol::Done::What::Stopped,
                      .sound = true,
                      .first_hop_v4_ms = first_hop_at_the_end(Family::V4),
                      .first_hop_v6_ms = first_hop_at_the_end(Family::V6),
                      .at = moment_now()});
  flush();
  ended_ = true;
}

void Session::send(const protocol::Message& message) {
  output_ += protocol::encode(message);
  output_ += '\n';
}

void Session::flush() {
  std::size_t written = 0;
  while (written < output_.size()) {
    const auto put = ::write(options_.output, output_.data() + written, output_.size() - written);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EAGAIN) {
      pollfd room{.fd = options_.output, .events = POLLOUT, .revents = 0};
      ::poll(&room, 1, 1000);
      continue;
    }
    if (put < 0) {
      output_.clear();
      end("");
      return;
    }
    written += static_cast<std::size_t>(put);
  }
  output_.clear();
}

void Session::end(std::string problem) {
  ended_ = true;
  if (problem_.empty()) problem_ = std::move(problem);
}

}  // namespace reachproof::probe
