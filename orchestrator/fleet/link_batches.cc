#include <fmt/core.h>

#include <algorithm>

#include "evidence/json_text.h"
#include "orchestrator/fleet/link.h"
#include "orchestrator/fleet/link_session.h"

/// The link's part that takes batches: whose are they, did they come before, is there room.
namespace reachproof::orchestrator {
namespace {

using Clock = std::chrono::steady_clock;

/// Sessions remembered for what may still come of them after their run.
constexpr std::size_t kLateSessionsMax = 200'000;
/// What a batch's record takes beside its lines.
constexpr std::size_t kRecordBytes = 512;

evidence::Record batch_record(const protocol::Batch& batch, const std::string& probe,
                              const std::string& run, bool late) {
  evidence::JsonText body;
  body.begin_object().field("kind", "batch").flag("late", late).field("lines", batch.lines);
  body.field("probe", probe).field("run", run).field("seq", batch.sequence);
  body.field("session", batch.session).field("sig", batch.signature).end_object();
  return {"batch", body.take()};
}

}  // namespace

void LateBatches::add(std::uint64_t sequence) {
  if (sequence < last) {
    before_gap = sequence;
    return;
  }
  if (sequence > last + 1 && after_gap <= before_gap + 1) {
    before_gap = last;
    after_gap = sequence;
  }
  last = sequence;
}

bool Allowance::take(double wanted, std::size_t at_once, std::size_t per_second) {
  const auto now = Clock::now();
  const std::chrono::duration<double> passed = now - filled_;
  const auto most = static_cast<double>(at_once);
  bytes_ =
      bytes_ < 0 ? most : std::min(most, bytes_ + passed.count() * static_cast<double>(per_second));
  filled_ = now;
  if (bytes_ < wanted) return false;
  bytes_ -= wanted;
  return true;
}

/// Whether more of the probe's may be kept now; what may not comes again, more slowly.
bool FleetLink::within_allowance(const EnrolledProbe& probe, const protocol::Batch& batch,
                                 Worth worth, Held& held) {
  auto& live = live_[probe.id];
  const auto bytes = static_cast<double>(batch.lines.size() + kRecordBytes);
  const bool stray = worth == Worth::Stray;
  const bool fits =
      worth == Worth::Counts ||
      ((!stray || live.stray_sessions < options_.stray_sessions_max) &&
       live.late.take(bytes, options_.late_bytes_at_once, options_.late_bytes_per_second));
  if (!fits) {
    held.slow_down = true;
    events_.refused(probe, "late-batches", "more of sessions that no run waits for than is kept");
    return false;
  }
  if (!live.batches.take(bytes, options_.batch_bytes_at_once, options_.batch_bytes_per_second)) {
    held.slow_down = held.spent = true;
    events_.refused(probe, "batch-rate", "more results a second than is kept of one probe");
    return false;
  }
  if (stray) ++live.stray_sessions;
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
  const auto kept = stray || ours ? LateBatches{} : confirmed_.at(known);
  const auto due = ours ? it->second->accepted + 1 : 0;
  held.at_once = true;
  if (!ours && batch.sequence < kept.after_gap) held.filling.insert(batch.session);
  if (ours ? batch.sequence < due : kept.has(batch.sequence)) {  // told before: confirmed again
    if (ours && it->second->contradicts(batch)) {
      events_.refused(probe, "batch-changed",
                      fmt::format("batch {} of session {} came before with other words",
                                  batch.sequence, batch.session));
      lose(*it->second, "it told one batch twice, in different words");
    }
    return std::nullopt;
  }
  if (ours && batch.sequence != due) {
    events_.refused(
        probe, "sequence",
        fmt::format("batch {} of session {} where {} was due", batch.sequence, batch.session, due));
    return std::nullopt;
  }
  if (!protocol::verify_base64(key, protocol::batch_text(batch), batch.signature)) {
    events_.refused(probe, "batch-signature",
                    "a batch of session " + batch.session + " that its key has not signed");
    if (ours) lose(*it->second, "it sent a batch that its key has not signed");
    return std::nullopt;
  }
  const bool late = !ours || it->second->finished || it->second->over;
  auto record = batch_record(batch, probe.id, ours ? it->second->order.run : "", late);
  if (record.body.size() > evidence::kBodyBytesMax) {
    events_.refused(probe, "batch-size", "a batch that is too large to be kept");
    if (ours) lose(*it->second, "it sent a batch that is too large to be kept");
    return std::nullopt;
  }
  const auto worth = stray ? Worth::Stray : late ? Worth::Late : Worth::Counts;
  if (!within_allowance(probe, batch, worth, held)) return std::nullopt;
  if (ours) {
    it->second->accept(batch);
  } else {
    auto& late_ones = remember_late(probe.id, batch.session);
    held.before_it.emplace(batch.session, late_ones);
    late_ones.add(batch.sequence);
  }
  return record;
}

void FleetLink::take_batches(const EnrolledProbe& probe, const protocol::ExchangeRequest& request,
                             std::shared_ptr<Held> held) {
  std::vector<evidence::Record> records;
  std::vector<protocol::Batch> pieces;
  if (const auto key = protocol::PublicKey::from_der(probe.key_der); key) {
    for (const auto& batch : request.batches) {
      auto record = take_batch(probe, *key, batch, *held);
      if (held->spent) break;
      if (!record) continue;
      records.push_back(std::move(*record));
      pieces.push_back(batch);
    }
  }
  if (records.empty()) {
    answer_or_hold(std::move(held));
    return;
  }
  keeping_[probe.id];
  keeper_.append(std::move(records), [this, pieces = std::move(pieces), held,
                                      alive = std::weak_ptr<bool>(alive_)](auto kept) {
    if (alive.expired()) return;
    if (!kept) {
      // Not confirmed, so it comes again; the disk may have room by then.
      for (const auto& piece : pieces) {
        const auto it = sessions_.find(piece.session);
        if (it != sessions_.end()) it->second->take_back();
      }
      for (const auto& [session, late] : held->before_it) {
        remember_late(held->probe, session) = late;
      }
      held->answered = true;
      held->reply({.status = 503, .body = "{}"});
      take_next(held->probe);
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
    take_next(held->probe);
  });
}

/// The exchange that came while the one before was being kept.
void FleetLink::take_next(const std::string& probe) {
  const auto waiting = keeping_.extract(probe);
  if (!waiting || !waiting.mapped()) return;
  auto& next = *waiting.mapped();
  exchange(next.probe, next.request, next.address, std::move(next.reply));
}

/// Of a session that is over or was never known; the newest of them are remembered.
LateBatches& FleetLink::remember_late(const std::string& probe, const std::string& session) {
  const std::pair key{probe, session};
  const auto [it, added] = confirmed_.try_emplace(key);
  if (!added) return it->second;
  late_.push_back(key);
  if (late_.size() > kLateSessionsMax) {
    confirmed_.erase(late_.front());
    late_.pop_front();
  }
  return it->second;
}

}  // namespace reachproof::orchestrator
