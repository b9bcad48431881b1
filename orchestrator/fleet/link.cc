#include "orchestrator/fleet/link.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "evidence/json_text.h"
#include "host/wall_clock.h"
#include "orchestrator/fleet/link_session.h"

namespace reachproof::orchestrator {
namespace {

using Clock = std::chrono::steady_clock;

using host::wall_now;

evidence::Record session_record(const SessionOrder& order, std::string_view event,
                                std::uint64_t last) {
  evidence::JsonText body;
  body.begin_object().field("endpoint", order.endpoint).field("event", event);
  body.field("kind", "session").field("last", last).field("probe", order.probe);
  body.field("run", order.run).field("session", order.session);
  body.field("time", core::text(wall_now())).end_object();
  return {"session", body.take()};
}

}  // namespace

/// What a run holds of its session: goes away with the run, and ends the session then.
class FleetLink::Channel : public ProbeChannel {
 public:
  Channel(FleetLink& link, std::string session, std::weak_ptr<bool> link_alive)
      : link_(link), session_(std::move(session)), link_alive_(std::move(link_alive)) {}
  ~Channel() override { kill(); }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  void send(const protocol::Message& message) override {
    if (!ended_ && !link_alive_.expired()) link_.send(session_, message);
  }
  void kill() override {
    if (!ended_ && !link_alive_.expired()) link_.finish(session_);
    ended_ = true;
  }
  [[nodiscard]] bool knows(std::uint64_t id) const override {
    if (ended_ || link_alive_.expired()) return false;
    const auto it = link_.sessions_.find(session_);
    return it != link_.sessions_.end() && it->second->stream.knows(id);
  }

 private:
  FleetLink& link_;
  std::string session_;
  std::weak_ptr<bool> link_alive_;
  bool ended_ = false;
};

FleetLink::FleetLink(boost::asio::io_context& loop, EvidenceKeeper& keeper,
                     const protocol::KeyPair& heartbeat_key, Options options, Events events)
    : loop_(loop),
      keeper_(keeper),
      heartbeat_key_(heartbeat_key),
      options_(options),
      events_(std::move(events)),
      tick_timer_(loop),
      gather_timer_(loop) {
  tick();
}

FleetLink::~FleetLink() = default;

std::vector<FleetLink::Session*> FleetLink::sessions_of(const std::string& probe) {
  std::vector<Session*> found;
  const auto it = by_probe_.find(probe);
  if (it == by_probe_.end()) return found;
  for (const auto& id : it->second) found.push_back(sessions_.at(id).get());
  return found;
}

bool FleetLink::is_connected(const std::string& probe) const {
  const auto it = live_.find(probe);
  return it != live_.end() && !it->second.instance.empty() &&
         Clock::now() - it->second.seen < options_.silence_max;
}

std::string batch_digest(std::string_view lines) {
  return protocol::sha256_hex(lines).substr(0, 32);
}

// ---- sessions ----

void FleetLink::restore(StoredSession stored) {
  auto session = std::make_unique<Session>(stored.order, true);
  session->recorded = true;
  session->numbers_known = false;
  session->confirmed = session->accepted = stored.last_batch;
  session->digests.assign(stored.digests.begin(), stored.digests.end());
  // A probe that has spoken in it and no longer knows of it must not begin it a second time.
  session->begun = stored.last_batch > 0;
  // What is in the evidence was read before; a fault in it ends the session as it did then.
  if (auto fed = session->stream.feed(stored.stream); !fed) session->over = true;
  const auto id = stored.order.session;
  by_probe_[stored.order.probe].insert(id);
  live_[stored.order.probe].seen = Clock::now();  // it has its time to come back
  sessions_[id] = std::move(session);
}

void FleetLink::restore_closed(const std::string& probe, const std::string& session,
                               std::uint64_t last) {
  auto& known = remember_late(probe, session);
  known.last = known.before_gap = std::max(known.last, last);
}

std::unique_ptr<ProbeChannel> FleetLink::open(const SessionOrder& order,
                                              ProbeChannel::Events events) {
  auto channel = std::make_unique<Channel>(*this, order.session, alive_);
  const auto it = sessions_.find(order.session);
  if (it != sessions_.end()) {
    auto& session = *it->second;
    session.events = std::move(events);
    session.heard = true;
    session.order.grant = order.grant;
    boost::asio::post(loop_, [this, id = order.session, alive = std::weak_ptr<bool>(alive_)] {
      const auto found = alive.expired() ? sessions_.end() : sessions_.find(id);
      if (found != sessions_.end()) deliver(*found->second);
    });
    return channel;
  }
  auto session = std::make_unique<Session>(order, false);
  session->events = std::move(events);
  session->heard = true;
  sessions_[order.session] = std::move(session);
  by_probe_[order.probe].insert(order.session);
  keeper_.append({session_record(order, "opened", 0)},
                 [this, id = order.session, alive = std::weak_ptr<bool>(alive_)](auto kept) {
                   const auto found = alive.expired() ? sessions_.end() : sessions_.find(id);
                   if (found == sessions_.end()) return;
                   if (!kept) return lose(*found->second, kept.error().message);
                   found->second->recorded = true;
                   wake(found->second->order.probe);
                 });
  return channel;
}

void FleetLink::send(const std::string& id, const protocol::Message& message) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end() || it->second->finished) return;
  auto& session = *it->second;
  if (session.stream.asked(message)) {
    boost::asio::post(loop_, [this, id, alive = std::weak_ptr<bool>(alive_)] {
      const auto found = alive.expired() ? sessions_.end() : sessions_.find(id);
      if (found != sessions_.end()) deliver(*found->second);
    });
    return;
  }
  auto line = protocol::encode(message);
  if (!session.numbers_known) {
    session.unnumbered.push_back(std::move(line));
    return;
  }
  session.orders.push_back(
      {.session = id, .number = session.next_order++, .line = std::move(line)});
  wake(session.order.probe);
}

void FleetLink::deliver(Session& session) {
  if (session.finished || !session.heard) return;
  const auto id = session.order.session;
  const auto live = live_.find(session.order.probe);
  const auto tell = session.events.message;  // a run that is told may end the session meanwhile
  for (auto& message : session.stream.take_ready()) {
    if (auto* outcome = std::get_if<protocol::OutcomeReport>(&message);
        outcome != nullptr && live != live_.end() && live->second.offset) {
      // Times in the evidence are the orchestrator's; the batch keeps the probe's own.
      outcome->started.wall += std::chrono::milliseconds(live->second.offset->ms);
    }
    if (const auto* refused = std::get_if<protocol::Refused>(&message);
        refused != nullptr && live != live_.end()) {
      ++live->second.refusals[std::string(protocol::word(refused->why))];
    }
    tell(std::move(message));
    const auto still = sessions_.find(id);
    if (still == sessions_.end() || still->second->finished) return;
  }
  end_if_over(session);
}

/// The probe said that it ended the session, and all that it said before has been handed on.
void FleetLink::end_if_over(Session& session) {
  if (session.over || !session.end_told || session.confirmed < session.end_batch) return;
  session.over = true;
  if (session.finished || !session.heard) return;
  const auto lost = session.events.lost;
  lost(session.end_detail.empty() ? "the probe ended" : session.end_detail);
}

void FleetLink::lose(Session& session, const std::string& why) {
  if (session.over) return;
  session.over = true;
  session.orders.clear();
  if (session.finished || !session.heard) return;
  const auto lost = session.events.lost;
  lost(why);
}

void FleetLink::finish(const std::string& id) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end() || it->second->finished) return;
  auto& session = *it->second;
  session.finished = true;
  session.events = {};
  session.orders.clear();
  keeper_.append({session_record(session.order, "closed", session.confirmed)}, {});
  wake(session.order.probe);
}

void FleetLink::drop(const std::string& probe, const std::string& why) {
  for (auto* session : sessions_of(probe)) lose(*session, why);
  if (const auto it = live_.find(probe); it != live_.end()) it->second.instance.clear();
  if (const auto it = held_.find(probe); it != held_.end()) {
    auto held = it->second;
    held_.erase(it);
    held->answered = true;
    held->reply({.status = 403, .body = "{}", .close = true});
  }
  if (const auto it = keeping_.find(probe); it != keeping_.end() && it->second) {
    it->second->reply({.status = 403, .body = "{}", .close = true});
    it->second.reset();
  }
}

// ---- stop ----

void FleetLink::engage_stop(protocol::StopOrder stop) {
  stop.signature = protocol::sign_base64(heartbeat_key_, protocol::stop_text(stop));
  stop_ = std::move(stop);
  wake_all();
}

void FleetLink::release_stop() {
  stop_.reset();
  wake_all();
}

std::size_t FleetLink::stop_reached() const {
  return static_cast<std::size_t>(std::ranges::count_if(live_, [this](const auto& entry) {
    return is_connected(entry.first) && !entry.second.stopped.empty();
  }));
}

// ---- waking those who wait ----

void FleetLink::wake(const std::string& probe) {
  woken_.insert(probe);
  if (gathering_) return;
  gathering_ = true;
  gather_timer_.expires_after(options_.gather);
  gather_timer_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](auto error) {
    if (alive.expired() || error) return;
    gathering_ = false;
    flush_woken();
  });
}

void FleetLink::wake_all() {
  for (const auto& [probe, held] : held_) woken_.insert(probe);
  if (!woken_.empty()) wake(*woken_.begin());
}

void FleetLink::flush_woken() {
  std::set<std::string> woken;
  woken.swap(woken_);
  for (const auto& probe : woken) {
    const auto it = held_.find(probe);
    if (it == held_.end() || !has_news(probe, *it->second)) continue;
    auto held = it->second;
    held_.erase(it);
    answer(*held);
  }
}

/// Answers whose patience is over, and sessions whose probe has been silent for too long.
void FleetLink::tick() {
  const auto now = Clock::now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    auto held = deadlines_.begin()->second.lock();
    deadlines_.erase(deadlines_.begin());
    if (!held || held->answered) continue;
    if (const auto it = held_.find(held->probe); it != held_.end() && it->second == held) {
      held_.erase(it);
    }
    answer(*held);
  }
  std::vector<std::string> silent;
  for (const auto& [id, session] : sessions_) {
    const auto it = live_.find(session->order.probe);
    const bool never = it == live_.end();
    if (!session->over && !never && now - it->second.seen > options_.silence_max) {
      silent.push_back(id);
    }
  }
  for (const auto& id : silent) {
    lose(*sessions_.at(id),
         fmt::format("no word from the probe for {} s", options_.silence_max.count() / 1000));
  }
  tick_timer_.expires_after(std::chrono::milliseconds(sessions_.empty() ? 100 : 25));
  tick_timer_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](auto error) {
    if (!alive.expired() && !error) tick();
  });
}

}  // namespace reachproof::orchestrator
