#include "orchestrator/run_engine.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/check.h"
#include "orchestrator/run_engine_probe.h"
#include "protocol/keyed_answer.h"

// GCC 12.2 miscompiles some awaiting statements (docs/adr/0001): one co_await to a statement, from
// named arguments, and no lambda that captures an object with a destructor as its argument.
namespace reachproof::orchestrator {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using core::Outcome;

core::Moment now() {
  const auto wall =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto monotonic = Clock::now().time_since_epoch();
  return {wall, std::chrono::duration_cast<std::chrono::microseconds>(monotonic).count()};
}

/// MSS values that mark a try; the witness knows their range (probe/sighting_book.h). They differ
/// from one try to the next.
std::uint16_t mark_of(std::uint64_t id) {
  return static_cast<std::uint16_t>(600 + id * 7 % 600);
}

constexpr std::chrono::milliseconds kLivenessTimeoutMin{4000};

}  // namespace

RunEngine::RunEngine(asio::io_context& loop, const core::Plan& plan,
                     const core::Inventory& inventory, Connect connect, Limits limits,
                     Progress& progress, Nonces nonces)
    : loop_(loop),
      plan_(plan),
      inventory_(inventory),
      connect_(std::move(connect)),
      limits_(limits),
      progress_(progress),
      nonces_(std::move(nonces)),
      changed_(loop) {
  if (!nonces_) nonces_ = [](std::string_view) { return protocol::random_nonce(); };
}

RunEngine::~RunEngine() = default;

asio::awaitable<RunFacts> RunEngine::run() {
  facts_.started = now();
  run_until_ = limits_.run.count() > 0 ? Clock::now() + limits_.run : Clock::time_point::max();
  prepare_tries();
  co_await start_probes();
  co_await arm_witnesses();
  co_await prove_targets_alive(true);
  co_await make_attempts();
  co_await prove_targets_alive(false);
  co_await disarm_witnesses();
  co_await stop_probes();
  facts_.finished = now();
  co_return std::move(facts_);
}

void RunEngine::interrupt(const std::string& reason) {
  if (facts_.interrupted.empty()) {
    facts_.interrupted = reason;
  } else {
    hurry_ = true;
  }
  wake();
}

bool RunEngine::ending() const {
  return !facts_.interrupted.empty();
}

void RunEngine::wake() {
  changed_.cancel();
}

RunEngine::Probe* RunEngine::find(const std::string& endpoint) {
  const auto it = probes_.find(endpoint);
  return it == probes_.end() ? nullptr : it->second.get();
}

asio::awaitable<bool> RunEngine::until(Condition condition, std::chrono::milliseconds wait_max) {
  const auto deadline = Clock::now() + wait_max;
  while (!condition() && !hurry_) {
    const auto moment = Clock::now();
    if (moment >= deadline) break;
    if (moment >= run_until_ && facts_.interrupted.empty()) interrupt("the time limit was reached");
    changed_.expires_at(std::min(deadline, moment + std::chrono::milliseconds(250)));
    auto token = asio::as_tuple(asio::use_awaitable);
    co_await changed_.async_wait(token);
    expire_pending();
  }
  co_return condition();
}

// ---- starting ----

void RunEngine::prepare_tries() {
  facts_.tries.resize(plan_.trials.size());
  for (std::size_t t = 0; t < plan_.trials.size(); ++t) {
    const auto& check = plan_.checks[plan_.trials[t].check];
    const auto& path = check.paths[plan_.trials[t].path];
    auto& order = facts_.tries[t].order;
    order.id = next_id_++;
    order.protocol = check.port.protocol;
    order.address = path.address;
    order.port = core::port_of(check, path).port;
    order.timeout = path.timeout;
    order.hostname = path.hostname;
    if (check.layer) order.ask = std::shared_ptr<const core::Ask>(check.layer, &check.layer->ask);
    facts_.tries[t].report.id = order.id;
    facts_.tries[t].report.detail = "not reached in this run";
  }
}

asio::awaitable<void> RunEngine::start_probes() {
  progress_.phase("starting probes", plan_.vantages.size());
  for (const auto& name : plan_.vantages) {
    const auto endpoint = std::ranges::find(inventory_.endpoints, name, &core::Endpoint::name);
    CHECK(endpoint != inventory_.endpoints.end());
    auto& facts = facts_.probes[name];
    facts.endpoint = name;
    auto& probe = *(probes_[name] = std::make_unique<Probe>());
    probe.endpoint = &*endpoint;
    probe.facts = &facts;
    ProbeChannel::Events events;
    events.message = [this, &probe](protocol::Message&& m) { on_message(probe, std::move(m)); };
    events.lost = [this, &probe](std::string why) { on_lost(probe, std::move(why)); };
    auto channel = connect_(*endpoint, std::move(events));
    if (channel) {
      probe.channel = std::move(*channel);
    } else {
      on_lost(probe, channel.error().message);
    }
  }
  Condition all_answered = [this] {
    std::size_t answered = 0;
    for (const auto& [name, facts] : facts_.probes) {
      answered += facts.greeted || !facts.lost.empty() ? 1 : 0;
    }
    progress_.advanced(answered);
    return answered == facts_.probes.size() || ending();
  };
  co_await until(all_answered, limits_.start);
  for (auto& [name, probe] : probes_) {
    if (probe->facts->greeted || !probe->facts->lost.empty()) continue;
    complain(*probe, fmt::format("it did not say hello within {} s", limits_.start.count() / 1000));
  }
}

// ---- tries ----

protocol::Nonce RunEngine::nonce_for(std::uint64_t id) const {
  return nonces_(fmt::format("try {}", id));
}

void RunEngine::order(TryFacts& facts, Probe& probe) {
  if (!probe.usable()) {
    facts.report.detail = "the probe was lost: " + probe.facts->lost;
    return;
  }
  // Connection, handshake and answer have the timeout each.
  auto timeout = facts.order.timeout * (facts.order.ask ? 3 : 1) + limits_.grace;
  if (facts.order.ask && facts.order.ask->hold.count() != 0) {
    timeout += facts.order.ask->hold + core::kHoldGrace;
  }
  pending_[facts.order.id] = {&facts, &probe, Clock::now() + timeout};
  facts.report.detail = "the probe did not answer in time";
  ++probe.in_flight;
  probe.channel->send(facts.order);
}

void RunEngine::on_outcome(Probe& probe, protocol::OutcomeReport&& report) {
  const auto it = pending_.find(report.id);
  // A result counts only for what this very probe was asked, and once.
  if (it == pending_.end() || it->second.probe != &probe) {
    if (report.id == 0 || report.id >= next_id_) {
      complain(probe, "it reports a try that nobody had asked for");
    }
    return;  // late: it stays "not run"
  }
  it->second.facts->report = std::move(report);
  pending_.erase(it);
  --probe.in_flight;
  ++settled_;
}

void RunEngine::on_refused(Probe& probe, const protocol::Refused& refused) {
  constexpr std::uint64_t kBesideTries = 1024;  // its arms, and the session as a whole
  if (++probe.refusals > next_id_ + kBesideTries) {
    complain(probe, "it refuses more than it was asked");
    return;
  }
  facts_.refusals.push_back({probe.endpoint->name, refused});
  if (const auto it = pending_.find(refused.id);
      it != pending_.end() && it->second.probe == &probe) {
    it->second.facts->report.detail =
        fmt::format("the probe refused ({}): {}", protocol::word(refused.why), refused.detail);
    pending_.erase(it);
    --probe.in_flight;
    ++settled_;
  } else if (probe.arms_pending > 0) {
    probe.arms_pending = 0;
    auto& witness = facts_.witnesses[probe.endpoint->name];
    witness.state = WitnessFacts::State::Unable;
    witness.detail = refused.detail;
  }
}

void RunEngine::expire_pending() {
  const auto moment = Clock::now();
  std::erase_if(pending_, [&](auto& entry) {
    if (entry.second.until > moment) return false;
    --entry.second.probe->in_flight;
    ++settled_;
    return true;
  });
}

asio::awaitable<void> RunEngine::settle_pending() {
  Condition none_pending = [this] {
    progress_.advanced(settled_);
    return pending_.empty() || ending();
  };
  // Every pending try has its own deadline, so this ends by itself.
  co_await until(none_pending, protocol::kTimeoutMax * 3 + limits_.grace + std::chrono::seconds(1));
  for (auto& [id, pending] : pending_) {
    --pending.probe->in_flight;
    pending.facts->report.detail =
        ending() ? facts_.interrupted : "the probe did not answer in time";
  }
  pending_.clear();
}

asio::awaitable<void> RunEngine::wait_for_turn(Clock::time_point due, const std::string& target,
                                               Probe& probe) {
  for (const bool shared : {false, true}) {
    if (shared) {
      if (!limits_.pace || ending()) break;
      due = limits_.pace->take(target, Clock::now());
    }
    Condition due_now = [this, due] { return Clock::now() >= due || ending(); };
    const auto wait = std::max(Clock::duration::zero(), due - Clock::now());
    co_await until(due_now, std::chrono::ceil<std::chrono::milliseconds>(wait));
  }
  Condition has_room = [this, &probe] {
    return probe.in_flight < limits_.in_flight_max || !probe.usable() || ending();
  };
  co_await until(has_room, protocol::kTimeoutMax * 3 + limits_.grace);
}

asio::awaitable<void> RunEngine::make_attempts() {
  progress_.phase("attempts", plan_.trials.size());
  settled_ = 0;
  auto begin = Clock::now();
  for (std::size_t t = 0; t < plan_.trials.size(); ++t) {
    const auto& trial = plan_.trials[t];
    const auto& check = plan_.checks[trial.check];
    const auto& path = check.paths[trial.path];
    Probe* probe = find(path.vantage);
    CHECK(probe != nullptr);
    const bool known = probe->channel && probe->channel->knows(facts_.tries[t].order.id);
    if (known) {
      begin = Clock::now() - trial.due;  // a resumed run goes on where it stood
    } else {
      co_await wait_for_turn(begin + trial.due, path.target, *probe);
    }
    if (ending()) {
      for (; t < plan_.trials.size(); ++t) facts_.tries[t].report.detail = facts_.interrupted;
      break;
    }
    auto& facts = facts_.tries[t];
    if (path.witnessed) {
      const auto& witness = facts_.witnesses[path.target];
      const auto it = witness.before.find(check.port);
      const bool ours = it != witness.before.end() && it->second == protocol::Listener::Own;
      if (check.port.protocol == core::Protocol::Tcp) facts.order.mss = mark_of(facts.order.id);
      // A service of somebody else's gets no byte of ours over TCP.
      if (ours && !check.layer) facts.order.nonce = nonce_for(facts.order.id);
    }
    const bool blind = check.port.protocol != core::Protocol::Tcp && !check.layer;
    if (blind) facts.order.nonce = nonce_for(facts.order.id);
    order(facts, *probe);
    progress_.advanced(settled_);
    // Tries that are all due must not keep the loop from everything else.
    constexpr std::size_t kUnbrokenMax = 256;
    if (t % kUnbrokenMax == kUnbrokenMax - 1) co_await breathe();
  }
  co_await settle_pending();
}

asio::awaitable<void> RunEngine::breathe() {
  auto token = asio::use_awaitable;
  co_await asio::post(loop_, token);
}

// ---- liveness of targets without a witness ----

bool RunEngine::needs_liveness(const core::Path& path) const {
  if (!path.witnessed) return true;
  const auto witness = facts_.witnesses.find(path.target);
  return witness != facts_.witnesses.end() && witness->second.state == WitnessFacts::State::Unable;
}

asio::awaitable<void> RunEngine::prove_targets_alive(bool before) {
  std::vector<std::string> targets;
  std::vector<const LivenessKey*> keys;
  for (const auto& check : plan_.checks) {
    for (const auto& path : check.paths) {
      if (!needs_liveness(path)) continue;
      for (const auto& vantage : path.liveness_from) {
        const LivenessKey key{vantage, path.target, path.address, core::port_of(check, path)};
        facts_.liveness.try_emplace(key);
      }
    }
  }
  for (const auto& [key, facts] : facts_.liveness) {
    targets.push_back(key.target);
    keys.push_back(&key);
  }
  if (keys.empty()) co_return;
  progress_.phase(before ? "proving targets alive" : "proving targets alive again", keys.size());
  settled_ = 0;
  const auto begin = Clock::now();
  for (const auto& turn : core::paced_turns(targets, plan_.rate, plan_.per_target)) {
    const LivenessKey& key = *keys[turn.index];
    Probe* probe = find(key.vantage);
    CHECK(probe != nullptr);
    co_await wait_for_turn(begin + turn.due, key.target, *probe);
    if (ending()) break;
    auto& liveness = facts_.liveness[key];
    TryFacts& facts = before ? liveness.before : liveness.after;
    facts.order = {.id = next_id_++,
                   .protocol = key.port.protocol,
                   .address = key.address,
                   .port = key.port.port,
                   .timeout = kLivenessTimeoutMin};
    if (key.port.protocol != core::Protocol::Tcp) facts.order.nonce = nonce_for(facts.order.id);
    order(facts, *probe);
  }
  co_await settle_pending();
}

// ---- messages, loss, end ----

void RunEngine::on_message(Probe& probe, protocol::Message&& message) {
  if (auto* hello = std::get_if<protocol::Hello>(&message)) {
    if (probe.facts->greeted) {
      complain(probe, "it said hello twice");
    } else if (hello->version != protocol::kVersion) {
      complain(probe, fmt::format("it speaks version {} of the protocol, this orchestrator {}: "
                                  "install the same release on both",
                                  hello->version, protocol::kVersion));
    } else {
      probe.facts->hello = std::move(*hello);
      probe.facts->greeted = true;
    }
  } else if (!probe.facts->greeted) {
    complain(probe, "it spoke before it said hello");
  } else if (const auto* armed = std::get_if<protocol::Armed>(&message)) {
    on_armed(probe, *armed);
  } else if (auto* outcome = std::get_if<protocol::OutcomeReport>(&message)) {
    on_outcome(probe, std::move(*outcome));
  } else if (const auto* sighting = std::get_if<protocol::SightingReport>(&message)) {
    on_sighting(probe, *sighting);
  } else if (const auto* done = std::get_if<protocol::Done>(&message)) {
    on_done(probe, *done);
  } else if (const auto* refused = std::get_if<protocol::Refused>(&message)) {
    on_refused(probe, *refused);
  } else {
    complain(probe, "it sent a message that only an orchestrator may send");
  }
  wake();
}

/// The probe did what it must not do: it is not asked again, and nothing more of it counts.
void RunEngine::complain(Probe& probe, const std::string& why) {
  if (probe.channel) probe.channel->kill();
  on_lost(probe, why);
}

void RunEngine::on_lost(Probe& probe, std::string why) {
  if (probe.stopped || !probe.facts->lost.empty()) return;
  probe.facts->lost = std::move(why);
  progress_.notice(fmt::format("{}: {}", probe.endpoint->name, probe.facts->lost));
  std::erase_if(pending_, [&](auto& entry) {
    if (entry.second.probe != &probe) return false;
    entry.second.facts->report.detail = "the probe was lost: " + probe.facts->lost;
    ++settled_;
    return true;
  });
  probe.in_flight = 0;
  probe.arms_pending = 0;
  probe.watches_pending = 0;
  const auto it = facts_.witnesses.find(probe.endpoint->name);
  if (it != facts_.witnesses.end() && it->second.state != WitnessFacts::State::Done) {
    it->second.state = WitnessFacts::State::Lost;
    it->second.detail = probe.facts->lost;
  }
  wake();
}

asio::awaitable<void> RunEngine::stop_probes() {
  progress_.phase("stopping probes", probes_.size());
  for (auto& [name, probe] : probes_) {
    const protocol::Stop stop{.reason = "the run is over"};
    if (probe->usable()) probe->channel->send(stop);
  }
  Condition all_stopped = [this] {
    return std::ranges::none_of(probes_, [](const auto& p) { return p.second->usable(); });
  };
  co_await until(all_stopped, limits_.stop);
  for (auto& [name, probe] : probes_) {
    if (probe->channel) probe->channel->kill();
  }
}

}  // namespace reachproof::orchestrator
