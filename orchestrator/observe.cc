#include "orchestrator/observe.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "core/canary.h"
#include "protocol/keyed_answer.h"

namespace reachproof::orchestrator {
namespace {

using core::Outcome;
using core::PortState;
using core::SourceProof;
using core::WitnessState;
using protocol::Listener;

/// What was learnt of one vantage in one address family over the whole run. Times are on the
/// vantage's own monotonic clock.
struct VantageFacts {
  bool reached = false;         ///< something beyond it answered, or a witness saw its packets
  std::int64_t reached_us = 0;  ///< when last
  std::int64_t hop_us = 0;      ///< when its next hop was last known to be confirmed
  bool hop_at_the_end = false;  ///< its next hop answered when the run was over
  bool should_reach = false;    ///< the scenario requires that it reaches something that listens
};
using VantageKey = std::pair<std::string, core::Family>;

class Observer {
 public:
  Observer(const core::Plan& plan, const core::Inventory& inventory, const RunFacts& facts)
      : plan_(plan), facts_(facts) {
    for (const auto& endpoint : inventory.endpoints) {
      own_addresses_[endpoint.name] = {endpoint.addresses.begin(), endpoint.addresses.end()};
    }
    learn_vantages();
    find_reused_ports();
  }

  std::vector<std::vector<core::Observation>> observe() const {
    std::vector<std::vector<core::Observation>> all(plan_.checks.size());
    for (std::size_t c = 0; c < plan_.checks.size(); ++c) {
      for (const auto& path : plan_.checks[c].paths) {
        all[c].push_back(frame_of(plan_.checks[c], path));
      }
    }
    for (std::size_t t = 0; t < plan_.trials.size(); ++t) {
      const auto& trial = plan_.trials[t];
      const auto& check = plan_.checks[trial.check];
      add_try(all[trial.check][trial.path], check.paths[trial.path], t);
    }
    for (std::size_t c = 0; c < plan_.checks.size(); ++c) {
      for (std::size_t p = 0; p < all[c].size(); ++p) {
        const auto& path = plan_.checks[c].paths[p];
        std::int64_t last_try_us = 0;
        for (const auto& attempt : all[c][p].attempts) {
          last_try_us = std::max(last_try_us, attempt.started.monotonic_us);
        }
        all[c][p].source = source_proof(path.vantage, path.address.family(), last_try_us);
      }
    }
    return all;
  }

 private:
  // ---- what a vantage could reach ----

  /// An ICMP error that neither this host's kernel nor its firewall made up.
  bool from_elsewhere(const std::string& endpoint, const protocol::OutcomeReport& report) const {
    if (!report.icmp || report.icmp->sender == report.source) return false;
    const auto it = own_addresses_.find(endpoint);
    return it == own_addresses_.end() || !it->second.contains(report.icmp->sender);
  }

  void learn_from(const std::string& vantage, const TryFacts& facts, bool sighted) {
    auto& known = vantages_[{vantage, facts.order.address.family()}];
    const auto& report = facts.report;
    const std::int64_t over_us = report.started.monotonic_us + report.elapsed_us;
    if (report.outcome == Outcome::Connected || from_elsewhere(vantage, report) || sighted) {
      known.reached = true;
      // What arrived had left when the try began; an answer came when it was over.
      known.reached_us =
          std::max(known.reached_us, sighted ? report.started.monotonic_us : over_us);
    }
    if (report.first_hop_ms >= 0) {
      known.hop_us = std::max(known.hop_us, over_us - report.first_hop_ms * 1000);
    }
  }

  /// A service that is required and proven to listen: where it is not reached, the vantage's
  /// network does not work or a firewall stands in between, and the vantage alone cannot tell.
  bool should_be_reached(const core::Check& check, const core::Path& path) const {
    const auto* witness = witness_of(path.target);
    if (check.expectation != core::Expectation::Allow || witness == nullptr) return false;
    std::string unused;
    return port_state(listener_in(witness->before, check.port),
                      listener_in(witness->after, check.port), unused) == PortState::Listening;
  }

  void learn_vantages() {
    for (std::size_t t = 0; t < plan_.trials.size(); ++t) {
      const auto& check = plan_.checks[plan_.trials[t].check];
      const auto& path = check.paths[plan_.trials[t].path];
      const auto* sighting = sighting_of(path.target, facts_.tries[t].order.id);
      learn_from(path.vantage, facts_.tries[t], sighting != nullptr && sighting->arrived);
      auto& known = vantages_[{path.vantage, path.address.family()}];
      known.should_reach = known.should_reach || should_be_reached(check, path);
    }
    for (const auto& [name, probe] : facts_.probes) {
      vantages_[{name, core::Family::V4}].hop_at_the_end = probe.first_hop_v4_ms >= 0;
      vantages_[{name, core::Family::V6}].hop_at_the_end = probe.first_hop_v6_ms >= 0;
    }
    for (const auto& [key, liveness] : facts_.liveness) {
      learn_from(key.vantage, liveness.before, false);
      learn_from(key.vantage, liveness.after, false);
    }
  }

  /// The network must have worked when the path's last try began, or later: what was reached
  /// before says nothing of a link that went down since. A vantage that is required to reach
  /// something and reached nothing has shown no working network, whatever its next hop says; one
  /// that may reach nothing has only its next hop.
  SourceProof source_proof(const std::string& vantage, core::Family family,
                           std::int64_t last_try_us) const {
    const auto it = vantages_.find({vantage, family});
    if (it == vantages_.end()) return SourceProof::None;
    const auto& known = it->second;
    const bool hop_after = known.hop_at_the_end || known.hop_us >= last_try_us;
    if (known.reached && (hop_after || known.reached_us >= last_try_us)) {
      return SourceProof::Reached;
    }
    return hop_after && !known.should_reach ? SourceProof::FirstHop : SourceProof::None;
  }

  // ---- what was known of a target ----

  const WitnessFacts* witness_of(const std::string& endpoint) const {
    const auto it = facts_.witnesses.find(endpoint);
    return it == facts_.witnesses.end() ? nullptr : &it->second;
  }

  const core::Sighting* sighting_of(const std::string& endpoint, std::uint64_t id) const {
    const auto* witness = witness_of(endpoint);
    if (witness == nullptr) return nullptr;
    const auto it = witness->sightings.find(id);
    return it == witness->sightings.end() ? nullptr : &it->second;
  }

  core::Observation frame_of(const core::Check& check, const core::Path& path) const {
    core::Observation seen;
    seen.protocol = check.port.protocol;
    seen.layer = check.layer;
    if (path.witnessed) {
      const auto& witness = *witness_of(path.target);
      describe_witness(seen, witness, check.port);
      const bool unable = witness.state == WitnessFacts::State::Unable;
      if (unable && seen.port == PortState::Unproven) describe_liveness(seen, check, path);
    } else {
      seen.witness_detail = "no probe at the destination";
      describe_liveness(seen, check, path);
    }
    return seen;
  }

  static void describe_witness(core::Observation& seen, const WitnessFacts& witness,
                               core::ProtocolPort port) {
    seen.witness_detail = witness.detail;
    switch (witness.state) {
      case WitnessFacts::State::Done:
        seen.witness = witness.sound ? WitnessState::Armed : WitnessState::Lost;
        break;
      case WitnessFacts::State::Unable:
        seen.witness = WitnessState::None;
        break;
      case WitnessFacts::State::Planned:
      case WitnessFacts::State::Armed:
      case WitnessFacts::State::Lost:
        seen.witness = WitnessState::Lost;
        break;
    }
    seen.port = port_state(listener_in(witness.before, port), listener_in(witness.after, port),
                           seen.port_detail);
  }

  static Listener listener_in(const std::map<core::ProtocolPort, Listener>& listeners,
                              core::ProtocolPort port) {
    const auto it = listeners.find(port);
    return it == listeners.end() ? Listener::Unknown : it->second;
  }

  static PortState port_state(Listener before, Listener after, std::string& detail) {
    const auto serves = [](Listener l) { return l == Listener::Own || l == Listener::Service; };
    if (serves(before) && serves(after)) return PortState::Listening;
    if (before == Listener::Closed && after == Listener::Closed) return PortState::NotListening;
    detail = fmt::format("the port was {} before and {} after", protocol::word(before),
                         protocol::word(after));
    return PortState::Unproven;
  }

  void describe_liveness(core::Observation& seen, const core::Check& check,
                         const core::Path& path) const {
    if (path.liveness_from.empty()) {
      seen.port_detail = "no witness there, and no vantage that may connect to prove it alive";
      return;
    }
    for (const auto& vantage : path.liveness_from) {
      const auto it =
          facts_.liveness.find({vantage, path.target, path.address, core::port_of(check, path)});
      if (it == facts_.liveness.end()) continue;
      const auto before = it->second.before.report.outcome;
      const auto after = it->second.after.report.outcome;
      if (before == Outcome::Connected && after == Outcome::Connected) {
        seen.port = PortState::Listening;
        seen.port_detail = fmt::format("{} connected before and after", vantage);
        return;
      }
      if (shown_dead(vantage, it->second)) seen.port = PortState::NotListening;
      seen.port_detail =
          fmt::format("{}: {} before, {} after", vantage, core::word(before), core::word(after));
    }
  }

  /// Told once that the host is not there, and nothing else but that or silence the other time:
  /// routers limit the rate of their errors, so one among silent tries is an answer.
  bool shown_dead(const std::string& vantage, const LivenessFacts& liveness) const {
    const bool before = told_dead(vantage, liveness.before);
    const bool after = told_dead(vantage, liveness.after);
    const auto silent = [](const TryFacts& facts) {
      return facts.report.outcome == Outcome::TimedOut;
    };
    return (before || after) && (before || silent(liveness.before)) &&
           (after || silent(liveness.after));
  }

  /// A vantage that may connect, and whose network works, was told by the network that the host
  /// is not there. Silence alone shows nothing, and a refusal may be a firewall's.
  bool told_dead(const std::string& vantage, const TryFacts& facts) const {
    const auto& icmp = facts.report.icmp;
    if (facts.report.outcome != Outcome::Unreachable || !icmp) return false;
    const auto it = vantages_.find({vantage, facts.order.address.family()});
    const bool alive = it != vantages_.end() && it->second.reached;
    const bool host_unreachable = icmp->sender.family() == core::Family::V4
                                      ? icmp->type == 3 && icmp->code == 1
                                      : icmp->type == 1 && icmp->code == 3;
    return alive && host_unreachable && from_elsewhere(vantage, facts.report);
  }

  // ---- the tries ----

  /// No five-tuple may serve twice in a run: connection tracking would remember the first.
  void find_reused_ports() {
    std::set<std::tuple<std::string, core::IpAddress, core::ProtocolPort, core::Port>> used;
    for (std::size_t t = 0; t < plan_.trials.size(); ++t) {
      const auto& facts = facts_.tries[t];
      if (facts.report.source_port == 0) continue;
      const auto& path = plan_.checks[plan_.trials[t].check].paths[plan_.trials[t].path];
      const core::ProtocolPort to{facts.order.protocol, facts.order.port};
      if (!used.emplace(path.vantage, path.address, to, facts.report.source_port).second) {
        reused_.insert(t);
      }
    }
  }

  core::NonceAnswer nonce_answer(const core::Path& path, core::ProtocolPort port,
                                 const TryFacts& facts) const {
    const auto* witness = witness_of(path.target);
    const bool ours =
        path.witnessed && witness != nullptr && listener_in(witness->before, port) == Listener::Own;
    if (!ours || !facts.order.nonce || facts.report.outcome != Outcome::Connected) {
      return core::NonceAnswer::NotSent;
    }
    if (!facts.report.answered) return core::NonceAnswer::Lost;
    const auto expected = protocol::keyed_answer(witness->key, *facts.order.nonce);
    return std::ranges::equal(facts.report.answer, expected) ? core::NonceAnswer::Returned
                                                             : core::NonceAnswer::Wrong;
  }

  void add_try(core::Observation& seen, const core::Path& path, std::size_t index) const {
    const auto& facts = facts_.tries[index];
    core::Attempt attempt;
    attempt.number = plan_.trials[index].number;
    attempt.outcome = facts.report.outcome;
    attempt.icmp = facts.report.icmp;
    attempt.error_number = facts.report.error_number;
    attempt.source = facts.report.source;
    attempt.source_port = facts.report.source_port;
    attempt.elapsed_us = facts.report.elapsed_us;
    attempt.started = facts.report.started;
    attempt.detail = facts.report.detail;
    attempt.nonce = nonce_answer(path, plan_.checks[plan_.trials[index].check].port, facts);
    attempt.exchange = facts.report.exchange;
    if (reused_.contains(index)) {
      attempt.outcome = Outcome::LocalError;
      attempt.detail = "its source port had served before in this run";
    }
    seen.attempts.push_back(std::move(attempt));
    if (seen.witness != WitnessState::Armed) return;
    const auto* sighting = sighting_of(path.target, facts.order.id);
    if (sighting == nullptr && facts.report.source_port != 0) {
      seen.witness = WitnessState::Lost;
      seen.witness_detail = "the witness did not say what it saw of every try";
      return;
    }
    seen.sightings.push_back(sighting == nullptr ? core::Sighting{} : *sighting);
  }

  const core::Plan& plan_;
  const RunFacts& facts_;
  std::map<std::string, std::set<core::IpAddress>> own_addresses_;
  std::map<VantageKey, VantageFacts> vantages_;
  std::set<std::size_t> reused_;
};

core::CheckVerdict gap_verdict(const core::Check& check) {
  core::CheckVerdict verdict;
  verdict.verdict.reason = core::Reason::NotRun;
  verdict.verdict.detail = check.gap;
  return verdict;
}

}  // namespace

std::vector<std::vector<core::Observation>> observations(const core::Plan& plan,
                                                         const core::Inventory& inventory,
                                                         const RunFacts& facts) {
  return Observer(plan, inventory, facts).observe();
}

std::vector<core::CheckVerdict> verdicts(const core::Plan& plan,
                                         const std::vector<std::vector<core::Observation>>& paths,
                                         bool require_proved) {
  std::vector<core::CheckVerdict> all;
  all.reserve(plan.checks.size());
  for (std::size_t c = 0; c < plan.checks.size(); ++c) {
    const auto& check = plan.checks[c];
    if (!check.gap.empty()) {
      all.push_back(gap_verdict(check));
      continue;
    }
    const core::JudgePolicy policy{.require_proved = require_proved,
                                   .exception_in_force = !check.exception.empty()};
    std::vector<core::PathVerdict> judged;
    for (std::size_t p = 0; p < paths[c].size(); ++p) {
      judged.push_back({check.paths[p].pair, core::judge(paths[c][p], check.expectation, policy)});
    }
    all.push_back(core::combine(judged, check.expectation, policy));
  }
  core::apply_canaries(plan, all);
  return all;
}

}  // namespace reachproof::orchestrator
