#include <fmt/core.h>

#include <algorithm>

#include "orchestrator/run_engine.h"
#include "orchestrator/run_engine_probe.h"
#include "protocol/keyed_answer.h"

/// The engine's part that deals with witnesses: arming, disarming, sightings.
namespace reachproof::orchestrator {

namespace asio = boost::asio;

asio::awaitable<void> RunEngine::arm_witnesses() {
  progress_.phase("arming witnesses", plan_.witnesses.size());
  for (const auto& planned : plan_.witnesses) {
    auto& witness = facts_.witnesses[planned.endpoint];
    Probe* probe = find(planned.endpoint);
    if (probe == nullptr || !probe->usable() || ending()) {
      witness.state = WitnessFacts::State::Lost;
      witness.detail = probe == nullptr || probe->facts->lost.empty() ? "the run ended before"
                                                                      : probe->facts->lost;
      continue;
    }
    witness.key = nonces_("witness " + planned.endpoint);
    protocol::Arm arm{.id = 1,
                      .key = witness.key,
                      .addresses = probe->endpoint->addresses,
                      .passive = planned.passive};
    for (const auto& port : planned.ports) {
      if (arm.ports.size() >= protocol::kListMax) break;
      arm.ports.push_back({port.port, port.may_listen, port.asked});
    }
    if (planned.ports.size() > arm.ports.size()) {
      progress_.notice(fmt::format("{}: only {} of {} ports can be witnessed", planned.endpoint,
                                   arm.ports.size(), planned.ports.size()));
    }
    probe->arms_pending = 1;
    probe->channel->send(arm);
  }
  Condition all_armed = [this] {
    std::size_t waiting = 0;
    for (const auto& [name, probe] : probes_) waiting += probe->arms_pending;
    progress_.advanced(plan_.witnesses.size() - waiting);
    return waiting == 0 || ending();
  };
  co_await until(all_armed, limits_.arm);
  for (auto& [name, probe] : probes_) {
    if (probe->arms_pending == 0) continue;
    probe->arms_pending = 0;
    facts_.witnesses[name].state = WitnessFacts::State::Lost;
    facts_.witnesses[name].detail = "it was not armed in time";
  }
}

void RunEngine::on_armed(Probe& probe, const protocol::Armed& armed) {
  const auto it = facts_.witnesses.find(probe.endpoint->name);
  if (ending() && probe.arms_pending == 0) return;  // it was asked, and is not waited for
  if (it == facts_.witnesses.end() || probe.arms_pending == 0) {
    complain(probe, "it says that it was armed when nobody had asked");
    return;
  }
  probe.arms_pending = 0;
  auto& witness = it->second;
  witness.state = armed.capture ? WitnessFacts::State::Armed : WitnessFacts::State::Unable;
  witness.watching = true;
  witness.detail = armed.detail;
  for (const auto& port : armed.ports) witness.before[port.port] = port.listener;
}

std::map<std::string, std::vector<std::size_t>> RunEngine::witnessed_tries() const {
  std::map<std::string, std::vector<std::size_t>> by_target;
  for (std::size_t t = 0; t < plan_.trials.size(); ++t) {
    const auto& path = plan_.checks[plan_.trials[t].check].paths[plan_.trials[t].path];
    if (path.witnessed) by_target[path.target].push_back(t);
  }
  return by_target;
}

void RunEngine::ask_witness(Probe& probe, const std::vector<std::size_t>& witnessed) {
  std::vector<protocol::ExpectedTry> tries;
  for (const auto t : witnessed) {
    const auto& check = plan_.checks[plan_.trials[t].check];
    const auto& facts = facts_.tries[t];
    if (facts.report.source_port == 0) continue;
    tries.push_back({.id = facts.order.id,
                     .port = check.port,
                     .source = facts.report.source,
                     .source_port = facts.report.source_port,
                     .mss = facts.order.mss,
                     .nonce = facts.report.mark                            ? facts.report.mark
                              : check.port.protocol != core::Protocol::Tcp ? facts.order.nonce
                                                                           : std::nullopt});
  }
  std::size_t at = 0;
  do {
    const auto count = std::min(protocol::kListMax, tries.size() - at);
    protocol::Disarm disarm{.id = 1, .tries = {}, .last = at + count == tries.size()};
    disarm.tries.assign(tries.begin() + static_cast<std::ptrdiff_t>(at),
                        tries.begin() + static_cast<std::ptrdiff_t>(at + count));
    probe.channel->send(disarm);
    at += count;
  } while (at < tries.size());
}

asio::awaitable<void> RunEngine::disarm_witnesses() {
  progress_.phase("disarming witnesses", plan_.witnesses.size());
  auto tries = witnessed_tries();
  for (auto& [name, witness] : facts_.witnesses) {
    Probe* probe = find(name);
    if (!witness.watching || probe == nullptr || !probe->usable()) continue;
    probe->watches_pending = 1;
    ask_witness(*probe, tries[name]);
    co_await breathe();
  }
  Condition all_done = [this] {
    std::size_t waiting = 0;
    for (const auto& [name, probe] : probes_) waiting += probe->watches_pending;
    progress_.advanced(plan_.witnesses.size() - waiting);
    return waiting == 0;
  };
  co_await until(all_done, limits_.arm);
  for (auto& [name, witness] : facts_.witnesses) {
    if (witness.state != WitnessFacts::State::Armed) continue;
    witness.state = WitnessFacts::State::Lost;
    witness.detail = "it did not answer when it was disarmed";
  }
}

void RunEngine::on_sighting(Probe& probe, const protocol::SightingReport& report) {
  const auto it = facts_.witnesses.find(probe.endpoint->name);
  if (it == facts_.witnesses.end() || probe.watches_pending == 0) {
    complain(probe, "it reports sightings when nobody had asked");
    return;
  }
  for (const auto& seen : report.tries) {
    if (seen.id == 0 || seen.id >= next_id_) {
      complain(probe, "it reports a sighting of a try that nobody had made");
      return;
    }
    it->second.sightings[seen.id] = seen.sighting;
  }
}

void RunEngine::on_done(Probe& probe, const protocol::Done& done) {
  if (done.what == protocol::Done::What::Stopped) {
    probe.stopped = true;
    probe.facts->first_hop_v4_ms = done.first_hop_v4_ms;
    probe.facts->first_hop_v6_ms = done.first_hop_v6_ms;
    return;
  }
  const auto it = facts_.witnesses.find(probe.endpoint->name);
  if (it == facts_.witnesses.end() || probe.watches_pending == 0) {
    complain(probe, "it ends a watch that nobody had ended");
    return;
  }
  probe.watches_pending = 0;
  auto& witness = it->second;
  for (const auto& port : done.ports) witness.after[port.port] = port.listener;
  if (witness.state != WitnessFacts::State::Armed) return;
  witness.state = WitnessFacts::State::Done;
  witness.sound = done.sound;
  if (!done.sound) witness.detail = done.detail;
}

}  // namespace reachproof::orchestrator
