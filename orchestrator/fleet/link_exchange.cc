#include <fmt/core.h>

#include <algorithm>

#include "host/wall_clock.h"
#include "orchestrator/fleet/link.h"
#include "orchestrator/fleet/link_session.h"

/// The link's part that answers exchanges: who is it, what did it find, what shall it do.
namespace reachproof::orchestrator {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kPaceMs = 15;
constexpr std::int64_t kSlowPaceMs = 1000;

using host::wall_now;

}  // namespace

void FleetLink::exchange(const EnrolledProbe& probe, const protocol::ExchangeRequest& request,
                         const std::string& address, PlaneReply reply) {
  if (const auto it = keeping_.find(probe.id); it != keeping_.end()) {
    // What the disk has not taken yet must not be judged twice: this one waits its turn.
    if (it->second) it->second->reply({.status = 409, .body = "{}", .close = true});
    it->second = std::make_unique<Waiting>(Waiting{probe, request, address, std::move(reply)});
    return;
  }
  auto held = std::make_shared<Held>();
  held->probe = probe.id;
  held->received = wall_now();
  held->reply = std::move(reply);
  const auto wait = std::chrono::milliseconds(request.wait_ms);
  held->until = Clock::now() + std::min(wait, options_.hold_max);
  if (!take_instance(probe, request)) {
    held->reply({.status = 403, .body = "{}", .close = true});
    return;
  }
  auto& live = live_[probe.id];
  const bool came = live.seen == Clock::time_point{};
  live.seen = Clock::now();
  live.seen_wall = wall_now();
  live.software = request.software;
  live.host = request.host;
  live.scope = request.scope;
  live.can_capture = request.can_capture;
  live.offset = request.offset;
  live.policy_key = request.policy_key;
  live.policy_version = request.policy_version;
  const bool stop_changed = live.stopped != request.stopped;
  live.stopped = request.stopped;
  live.address = address;
  // Once for each start: a probe that lies about it must not fill the log.
  if (request.log_size > log_size_ && log_size_ > 0 && !live.rollback_told) {
    live.rollback_told = true;
    events_.rolled_back(probe.id, request.log_size);
  }
  live.log_size_seen = std::max(live.log_size_seen, request.log_size);
  if (came || stop_changed) events_.changed(probe.id);
  take_reports(probe.id, request);
  held->request = request;
  held->request.batches.clear();
  // A probe has one exchange at a time: an older one that waits has lost its connection.
  if (const auto it = held_.find(probe.id); it != held_.end()) {
    it->second->answered = true;
    it->second->reply({.status = 409, .body = "{}", .close = true});
    held_.erase(it);
  }
  take_batches(probe, request, held);
}

/// A process that comes back after another took its place is a second one with the same key.
bool FleetLink::take_instance(const EnrolledProbe& probe,
                              const protocol::ExchangeRequest& request) {
  auto& live = live_[probe.id];
  if (live.instance == request.instance) return true;
  if (live.past_instances.contains(request.instance)) {
    events_.cloned(probe.id, fmt::format("two processes use one key: {} on {} and {} on {}",
                                         live.instance.substr(0, 8), live.host,
                                         request.instance.substr(0, 8), request.host));
    return false;
  }
  constexpr std::size_t kInstancesMax = 64;
  if (!live.instance.empty()) live.past_instances.insert(live.instance);
  if (live.past_instances.size() > kInstancesMax) {
    live.past_instances.erase(live.past_instances.begin());
  }
  live.instance = request.instance;
  for (auto* session : sessions_of(probe.id)) {
    const bool known = std::ranges::any_of(request.sessions, [&](const auto& report) {
      return report.session == session->order.session;
    });
    if (session->begun && !known)
      lose(*session, "the probe was started anew and knows nothing of it");
  }
  return true;
}

void FleetLink::take_reports(const std::string& probe, const protocol::ExchangeRequest& request) {
  for (const auto& report : request.sessions) {
    const auto it = sessions_.find(report.session);
    if (it == sessions_.end() || it->second->order.probe != probe) continue;
    auto& session = *it->second;
    session.begun = true;
    if (!session.numbers_known) {
      session.numbers_known = true;
      session.next_order = report.orders_got + 1;
      for (auto& line : session.unnumbered) {
        session.orders.push_back(
            {.session = report.session, .number = session.next_order++, .line = std::move(line)});
      }
      session.unnumbered.clear();
    }
    while (!session.orders.empty() && session.orders.front().number <= report.orders_got) {
      session.orders.pop_front();
    }
    if (report.ended) {
      session.end_told = true;
      session.end_detail = report.detail;
      session.end_batch = report.last_batch;
      end_if_over(session);
    }
  }
  // What the probe no longer speaks of, and no run waits for, is over.
  for (auto* session : sessions_of(probe)) {
    const auto& id = session->order.session;
    const bool known = std::ranges::any_of(
        request.sessions, [&](const auto& report) { return report.session == id; });
    if (!session->finished || known || (!session->begun && session->recorded && !session->over)) {
      continue;
    }
    remember_late(probe, id) = {.last = session->confirmed, .before_gap = session->confirmed};
    by_probe_[probe].erase(id);
    sessions_.erase(std::string(id));
  }
}

bool FleetLink::has_news(const std::string& probe, const Held& held) {
  if (held.at_once) return true;
  const bool told = !held.request.stopped.empty();
  if (stop_.has_value() != told) {
    const bool local =
        told && held.request.stopped.find("orchestrator has stopped") == std::string::npos;
    if (!local) return true;
  }
  for (const auto* session : sessions_of(probe)) {
    const bool known = std::ranges::any_of(held.request.sessions, [&](const auto& report) {
      return report.session == session->order.session;
    });
    if (session->finished && known) return true;
    if (!session->finished && !session->over && session->recorded &&
        (!known || !session->orders.empty())) {
      return true;
    }
  }
  return false;
}

void FleetLink::answer_or_hold(std::shared_ptr<Held> held) {
  if (held->answered) return;
  // A session that the probe speaks of and nobody knows is to be forgotten, and soon.
  const bool unknown = std::ranges::any_of(held->request.sessions, [this](const auto& report) {
    return !sessions_.contains(report.session);
  });
  if (has_news(held->probe, *held) || unknown || held->until <= Clock::now()) {
    answer(*held);
    return;
  }
  deadlines_.emplace(held->until, held);
  held_[held->probe] = std::move(held);
}

void FleetLink::answer(Held& held) {
  protocol::ExchangeAnswer answer;
  answer.received = held.received;
  answer.stop = stop_;
  answer.log_size = log_size_;
  answer.pace_ms = held.slow_down ? kSlowPaceMs : held.at_once ? kPaceMs : 0;
  std::size_t bytes = 0;
  for (const auto& report : held.request.sessions) {
    const auto it = sessions_.find(report.session);
    const bool ours = it != sessions_.end() && it->second->order.probe == held.probe;
    const auto late = confirmed_.find({held.probe, report.session});
    const auto last = ours ? it->second->confirmed
                      : late == confirmed_.end()
                          ? 0
                          : late->second.confirmed(held.filling.contains(report.session));
    answer.acks.push_back({.session = report.session, .sequence = last});
    if (!ours || it->second->finished) answer.closings.push_back(report.session);
  }
  for (auto* session : sessions_of(held.probe)) {
    if (session->finished || session->over || !session->recorded) continue;
    if (!session->begun) {
      answer.openings.push_back({.session = session->order.session,
                                 .run = session->order.run,
                                 .grant = session->order.grant});
      bytes += session->order.grant.size();
    }
    for (const auto& order : session->orders) {
      if (bytes > protocol::kExchangeLinesMax || answer.orders.size() + 1 >= protocol::kListMax) {
        break;
      }
      bytes += order.line.size();
      answer.orders.push_back(order);
    }
  }
  answer.heartbeat = {
      .instance = held.request.instance, .sequence = held.request.sequence, .time = wall_now()};
  answer.heartbeat.signature =
      protocol::sign_base64(heartbeat_key_, protocol::heartbeat_text(answer.heartbeat));
  answer.now = wall_now();
  held.answered = true;
  held.reply({.status = 200, .body = protocol::encode(answer)});
}

}  // namespace reachproof::orchestrator
