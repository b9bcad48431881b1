#include <fmt/core.h>

#include <algorithm>

#include "core/base64.h"
#include "evidence/json_text.h"
#include "host/wall_clock.h"
#include "orchestrator/fleet/link.h"
#include "orchestrator/fleet/link_session.h"

/// The link's part that answers exchanges: who is it, what did it find, what shall it do.
namespace reachproof::orchestrator {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kPaceMs = 15;
constexpr std::int64_t kSlowPaceMs = 1000;
/// Sessions remembered for what may still come of them after their run.
constexpr std::size_t kLateSessionsMax = 200'000;

using host::wall_now;

evidence::Record batch_record(const protocol::Batch& batch, const std::string& probe,
                              const std::string& run, bool late) {
  evidence::JsonText body;
  body.begin_object().field("kind", "batch").flag("late", late).field("lines", batch.lines);
  body.field("probe", probe).field("run", run).field("seq", batch.sequence);
  body.field("session", batch.session).field("sig", batch.signature).end_object();
  return {"batch", body.take()};
}

}  // namespace

void FleetLink::exchange(const EnrolledProbe& probe, const protocol::ExchangeRequest& request,
                         const std::string& address, PlaneReply reply) {
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
  if (request.log_size > log_size_ && log_size_ > 0 && request.log_size > live.log_size_seen) {
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
    confirmed_[{probe, id}] = session->confirmed;
    by_probe_[probe].erase(id);
    sessions_.erase(std::string(id));
  }
}

/// Whether more of the probe's may be kept now; what may not comes again, more slowly.
bool FleetLink::within_allowance(const EnrolledProbe& probe, const protocol::Batch& batch,
                                 bool stray) {
  auto& live = live_[probe.id];
  const auto now = Clock::now();
  const auto most = static_cast<double>(options_.batch_bytes_at_once);
  const std::chrono::duration<double> passed = now - live.allowance_of;
  live.allowance =
      live.allowance < 0
          ? most
          : std::min(most, live.allowance + passed.count() * static_cast<double>(
                                                                 options_.batch_bytes_per_second));
  live.allowance_of = now;
  const auto bytes = batch.lines.size() + batch.signature.size();
  if (stray && live.stray_bytes + bytes > options_.stray_bytes_max) {
    events_.refused(probe, "stray-batches", "more of sessions that are not known than is kept");
    return false;
  }
  if (live.allowance < static_cast<double>(bytes)) {
    events_.refused(probe, "batch-rate", "more results a second than is kept of one probe");
    return false;
  }
  live.allowance -= static_cast<double>(bytes);
  if (stray) live.stray_bytes += bytes;
  return true;
}

/// The record of a batch that is to be kept; nothing where it came before, or must not count.
std::optional<evidence::Record> FleetLink::take_batch(const EnrolledProbe& probe,
                                                      const protocol::PublicKey& key,
                                                      const protocol::Batch& batch, Held& held) {
  const auto it = sessions_.find(batch.session);
  const bool ours = it != sessions_.end() && it->second->order.probe == probe.id;
  if (it != sessions_.end() && !ours) {
    events_.refused(probe, "session", "a batch of another probe's session " + batch.session);
    return std::nullopt;
  }
  const std::pair known{probe.id, batch.session};
  const bool stray = !ours && !confirmed_.contains(known);
  if (stray && confirmed_.size() >= kLateSessionsMax) return std::nullopt;
  const auto last = ours ? it->second->accepted : stray ? 0 : confirmed_.at(known);
  held.at_once = true;
  if (batch.sequence <= last) return std::nullopt;  // told before: confirmed again
  if (batch.sequence != last + 1 && ours) {
    events_.refused(probe, "sequence",
                    fmt::format("batch {} of session {} where {} was due", batch.sequence,
                                batch.session, last + 1));
    return std::nullopt;
  }
  if (!protocol::verify_base64(key, protocol::batch_text(batch), batch.signature)) {
    events_.refused(probe, "batch-signature",
                    "a batch of session " + batch.session + " that its key has not signed");
    if (ours) lose(*it->second, "it sent a batch that its key has not signed");
    return std::nullopt;
  }
  auto record = batch_record(batch, probe.id, ours ? it->second->order.run : "",
                             !ours || it->second->finished || it->second->over);
  if (record.body.size() > evidence::kBodyBytesMax) {
    events_.refused(probe, "batch-size", "a batch that is too large to be kept");
    if (ours) lose(*it->second, "it sent a batch that is too large to be kept");
    return std::nullopt;
  }
  if (!within_allowance(probe, batch, stray)) {
    held.slow_down = true;
    return std::nullopt;
  }
  (ours ? it->second->accepted : confirmed_[known]) = batch.sequence;
  return record;
}

void FleetLink::take_batches(const EnrolledProbe& probe, const protocol::ExchangeRequest& request,
                             std::shared_ptr<Held> held) {
  std::vector<evidence::Record> records;
  std::vector<protocol::Batch> pieces;
  if (const auto key = protocol::PublicKey::from_der(probe.key_der); key) {
    for (const auto& batch : request.batches) {
      auto record = take_batch(probe, *key, batch, *held);
      if (held->slow_down) break;
      if (!record) continue;
      records.push_back(std::move(*record));
      pieces.push_back(batch);
    }
  }
  if (records.empty()) {
    answer_or_hold(std::move(held));
    return;
  }
  keeper_.append(std::move(records), [this, pieces = std::move(pieces), held,
                                      alive = std::weak_ptr<bool>(alive_)](auto kept) {
    if (alive.expired()) return;
    if (!kept) {
      // Not confirmed, so it comes again; the disk may have room by then.
      for (const auto& piece : pieces) {
        const auto it = sessions_.find(piece.session);
        if (it != sessions_.end()) it->second->accepted = it->second->confirmed;
        if (it == sessions_.end()) confirmed_[{held->probe, piece.session}] = piece.sequence - 1;
      }
      held->answered = true;
      held->reply({.status = 503, .body = "{}"});
      return;
    }
    for (const auto& piece : pieces) {
      const auto it = sessions_.find(piece.session);
      if (it == sessions_.end()) continue;
      auto& session = *it->second;
      session.confirmed = std::max(session.confirmed, piece.sequence);
      if (session.finished || session.over) continue;
      if (auto fed = session.stream.feed(piece.lines); !fed) {
        lose(session, "it sent what is no message: " + fed.error().message);
        continue;
      }
      deliver(session);
    }
    answer_or_hold(held);
  });
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
    const auto last = ours ? it->second->confirmed : late == confirmed_.end() ? 0 : late->second;
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
