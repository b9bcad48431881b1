#include "core/plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <map>
#include <queue>
#include <set>
#include <tuple>

#include "core/plan_rules.h"

namespace reachproof::core {
namespace {

bool has_probe(const Endpoint& endpoint) {
  return endpoint.launch.kind != Launch::Kind::None;
}

bool has_family(const Endpoint& endpoint, Family family) {
  return std::ranges::any_of(endpoint.addresses,
                             [&](const IpAddress& a) { return a.family() == family; });
}

/// The fragile workloads, with their hours.
using Fragile = std::map<std::string, HoursWindow>;

Fragile fragile_workloads(const Scenario& scenario) {
  Fragile fragile;
  for (const auto& workload : scenario.workloads) {
    if (workload.fragile) fragile.emplace(workload.name, *workload.fragile);
  }
  return fragile;
}

struct EndpointPair {
  const Endpoint* vantage;
  const Endpoint* target;
};

/// Up to `samples` pairs that together cover as many different sources and targets as they can:
/// walking the diagonals of the table of pairs.
std::vector<EndpointPair> sampled_pairs(const std::vector<const Endpoint*>& vantages,
                                        const std::vector<const Endpoint*>& targets, int samples) {
  std::vector<EndpointPair> pairs;
  const std::size_t rows = vantages.size();
  const std::size_t columns = targets.size();
  const std::size_t longest = std::max(rows, columns);
  const std::size_t shortest = std::min(rows, columns);
  for (std::size_t shift = 0; shift < shortest; ++shift) {
    for (std::size_t i = 0; i < longest; ++i) {
      if (pairs.size() >= static_cast<std::size_t>(samples)) return pairs;
      const bool tall = rows >= columns;
      pairs.push_back(
          {vantages[tall ? i : (i + shift) % rows], targets[tall ? (i + shift) % columns : i]});
    }
  }
  return pairs;
}

class PathPlanner {
 public:
  PathPlanner(const Scenario& scenario, const EndpointsOf& endpoints, const Fragile& fragile,
              const PlanOptions& options)
      : scenario_(scenario), endpoints_(endpoints), fragile_(fragile), options_(options) {}

  /// Who may prove a target alive: the sources of allowed checks that have a probe.
  void learn_allowed(const std::vector<Check>& checks) {
    for (const auto& check : checks) {
      if (check.expectation == Expectation::Deny || check.rule == "default") continue;
      if (!blackout_of(check).empty()) continue;
      for (const Endpoint* endpoint : endpoints_of(check.source)) {
        if (has_probe(*endpoint)) {
          allowed_[{check.destination, check.port}].push_back(endpoint);
        }
      }
    }
  }

  void give_paths(Check& check, const CheckSettings& settings) const {
    if (check.gap = blackout_of(check); !check.gap.empty()) return;
    if (check.gap = fragility_of(check); !check.gap.empty()) return;
    const auto& sources = endpoints_of(check.source);
    const auto& targets = endpoints_of(check.destination);
    if (check.gap = missing_endpoints(check, sources, targets); !check.gap.empty()) return;
    std::vector<const Endpoint*> vantages;
    std::ranges::copy_if(sources, std::back_inserter(vantages),
                         [](const Endpoint* e) { return has_probe(*e); });
    const auto pairs = sampled_pairs(vantages, targets, settings.samples);
    check.pairs_untried =
        static_cast<int>(sources.size() * targets.size()) - static_cast<int>(pairs.size());
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      add_paths(check, pairs[i], static_cast<int>(i), settings);
    }
    if (check.paths.empty()) {
      check.gap = fmt::format("no endpoint of {} has an address of a family that {} has",
                              check.destination, check.source);
    }
  }

 private:
  const std::vector<const Endpoint*>& endpoints_of(const std::string& workload) const {
    static const std::vector<const Endpoint*> kNone;
    const auto it = endpoints_.find(workload);
    return it == endpoints_.end() ? kNone : it->second;
  }

  std::string blackout_of(const Check& check) const {
    for (const auto& blackout : scenario_.limits.blackouts) {
      if (!blackout.hours.contains(options_.now)) continue;
      for (const auto& workload : blackout.workloads) {
        if (workload != check.source && workload != check.destination) continue;
        return fmt::format("blackout of {} {} UTC: {}", workload, blackout.hours.text(),
                           blackout.why.empty() ? "no reason given" : blackout.why);
      }
    }
    return "";
  }

  /// Why a fragile destination must not get what the check would send; empty where it may.
  std::string fragility_of(const Check& check) const {
    const auto fragile = fragile_.find(check.destination);
    if (fragile == fragile_.end()) return "";
    if (!fragile->second.contains(options_.now)) {
      return fmt::format("{} is fragile: tried within {} UTC alone", check.destination,
                         fragile->second.text());
    }
    if (check.layer || check.port.protocol != Protocol::Tcp) {
      return fmt::format("{} is fragile: it gets no payload", check.destination);
    }
    return "";
  }

  static std::string missing_endpoints(const Check& check,
                                       const std::vector<const Endpoint*>& sources,
                                       const std::vector<const Endpoint*>& targets) {
    if (sources.empty()) {
      return fmt::format("the inventory has no endpoint of {}", check.source);
    }
    if (targets.empty()) {
      return fmt::format("the inventory has no endpoint of {}", check.destination);
    }
    if (std::ranges::none_of(sources, [](const Endpoint* e) { return has_probe(*e); })) {
      return fmt::format("no endpoint of {} has a probe", check.source);
    }
    return "";
  }

  void add_paths(Check& check, const EndpointPair& pair, int number,
                 const CheckSettings& settings) const {
    Path plain;
    plain.pair = number;
    plain.vantage = pair.vantage->name;
    plain.target = pair.target->name;
    plain.attempts = options_.attempts > 0 ? options_.attempts : settings.attempts;
    plain.timeout = options_.timeout.count() > 0 ? options_.timeout : settings.timeout;
    plain.witnessed = has_probe(*pair.target);
    const auto add = [&](Path path, const IpAddress& address) {
      if (!has_family(*pair.vantage, address.family())) return;
      path.address = address;
      // A fragile one gets nothing beside its one attempt.
      if (!fragile_.contains(check.destination)) {
        path.liveness_from = liveness_from(check, address.family());
      }
      check.paths.push_back(std::move(path));
    };
    for (const auto& address : pair.target->addresses) {
      auto path = plain;
      path.hostname = pair.target->hostname;
      add(std::move(path), address);
    }
    for (const auto& variant : pair.target->variants) {
      auto path = plain;
      path.variant = variant.name;
      const auto port = variant.ports.find(check.port);
      if (!variant.ports.empty() && port == variant.ports.end()) continue;
      if (port != variant.ports.end()) path.port = port->second;
      add(std::move(path), variant.address);
    }
  }

  /// Two vantages at most: one is proof, the second is for when the first is gone.
  std::vector<std::string> liveness_from(const Check& check, Family family) const {
    std::vector<std::string> names;
    const auto it = allowed_.find({check.destination, check.port});
    if (it == allowed_.end()) return names;
    for (const Endpoint* endpoint : it->second) {
      if (names.size() >= 2) break;
      if (has_family(*endpoint, family)) names.push_back(endpoint->name);
    }
    return names;
  }

  const Scenario& scenario_;
  const EndpointsOf& endpoints_;
  const Fragile& fragile_;
  const PlanOptions& options_;
  std::map<std::pair<std::string, ProtocolPort>, std::vector<const Endpoint*>> allowed_;
};

bool kept(const Check& check, const CheckSettings& settings, const PlanOptions& options) {
  const bool of_another = !options.schedule.empty() && !settings.schedule.empty() &&
                          settings.schedule != options.schedule;
  if (of_another) return false;
  const auto names = [&](const std::string& part) {
    return check.id.find(part) != std::string::npos;
  };
  const bool wanted = options.only.empty() || std::ranges::any_of(options.only, names);
  const bool severe =
      options.severities.empty() ||
      std::ranges::find(options.severities, check.severity) != options.severities.end();
  if (!severe) return false;
  const bool dropped = std::ranges::any_of(options.skip, names);
  return wanted && !dropped;
}

bool flow_expects_service(const Scenario& scenario, const std::string& workload,
                          ProtocolPort port) {
  return std::ranges::any_of(scenario.flows, [&](const FlowRule& flow) {
    return std::ranges::find(flow.to.workloads, workload) != flow.to.workloads.end() &&
           std::ranges::any_of(flow.ports, [&](const PortRange& range) {
             return range.contains(port.protocol, port.port);
           });
  });
}

std::vector<WitnessPlan> witnesses_of(const Plan& plan, const Scenario& scenario,
                                      const Inventory& inventory, const Fragile& fragile) {
  std::map<std::string, std::set<ProtocolPort>> watched;
  std::set<std::pair<std::string, ProtocolPort>> asked;
  for (const auto& check : plan.checks) {
    for (const auto& path : check.paths) {
      if (!path.witnessed) continue;
      watched[path.target].insert(check.port);
      // The service itself is asked: a listener of ours could not answer in its place.
      if (check.layer) asked.insert({path.target, check.port});
    }
  }
  std::vector<WitnessPlan> witnesses;
  for (const auto& endpoint : inventory.endpoints) {
    const auto it = watched.find(endpoint.name);
    if (it == watched.end()) continue;
    WitnessPlan witness{
        .endpoint = endpoint.name, .passive = fragile.contains(endpoint.workload), .ports = {}};
    for (const auto& port : it->second) {
      const bool kept_closed = std::ranges::any_of(endpoint.keep_closed, [&](const PortRange& r) {
        return r.contains(port.protocol, port.port);
      });
      witness.ports.push_back(
          {.port = port,
           .may_listen = port.protocol != Protocol::Icmp && !kept_closed && !witness.passive &&
                         !asked.contains({endpoint.name, port}) &&
                         !flow_expects_service(scenario, endpoint.workload, port),
           .asked = asked.contains({endpoint.name, port})});
    }
    witnesses.push_back(std::move(witness));
  }
  return witnesses;
}

std::vector<std::string> vantages_of(const Plan& plan) {
  std::set<std::string> names;
  for (const auto& check : plan.checks) {
    for (const auto& path : check.paths) {
      names.insert(path.vantage);
      if (path.witnessed) names.insert(path.target);
      names.insert(path.liveness_from.begin(), path.liveness_from.end());
    }
  }
  return {names.begin(), names.end()};
}

/// Leaves each fragile endpoint one attempt in all: that of the severest check.
void spare_fragile(std::vector<Check>& checks, const Fragile& fragile) {
  if (fragile.empty()) return;
  std::vector<Check*> order;
  for (auto& check : checks) {
    if (fragile.contains(check.destination)) order.push_back(&check);
  }
  std::ranges::stable_sort(
      order, [](const Check* a, const Check* b) { return a->severity > b->severity; });
  std::set<std::string> tried;
  for (Check* check : order) {
    const auto dropped = std::erase_if(
        check->paths, [&](const Path& path) { return !tried.insert(path.target).second; });
    for (auto& path : check->paths) path.attempts = 1;
    if (dropped > 0 && check->paths.empty()) {
      check->gap = fmt::format("{} is fragile: its one attempt of this run goes to another check",
                               check->destination);
    }
  }
}

/// All first tries before all second ones, so that the tries of one path are spread over the run;
/// severe checks first.
std::vector<Trial> trials_by_importance(const std::vector<Check>& checks) {
  std::vector<std::uint32_t> order(checks.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, [&](std::uint32_t a, std::uint32_t b) {
    return checks[a].severity > checks[b].severity;
  });
  int attempts_max = 0;
  for (const auto& check : checks) {
    for (const auto& path : check.paths) attempts_max = std::max(attempts_max, path.attempts);
  }
  std::vector<Trial> trials;
  for (int number = 1; number <= attempts_max; ++number) {
    for (const auto index : order) {
      const auto& paths = checks[index].paths;
      for (std::size_t p = 0; p < paths.size(); ++p) {
        if (number > paths[p].attempts) continue;
        trials.push_back({.check = index,
                          .path = static_cast<std::uint16_t>(p),
                          .number = static_cast<std::uint16_t>(number),
                          .due = {}});
      }
    }
  }
  return trials;
}

}  // namespace

std::vector<Turn> paced_turns(const std::vector<std::string>& targets, Rate rate, Rate per_target) {
  std::map<std::string_view, std::deque<std::size_t>> queues;
  for (std::size_t i = 0; i < targets.size(); ++i) queues[targets[i]].push_back(i);
  // Whose turn it is: the target that may be tried earliest; among equals the one whose next is
  // the most important.
  struct Ready {
    std::chrono::microseconds at;
    std::size_t next;
    std::deque<std::size_t>* queue;
    bool operator>(const Ready& other) const {
      return std::tie(at, next) > std::tie(other.at, other.next);
    }
  };
  std::priority_queue<Ready, std::vector<Ready>, std::greater<>> ready;
  for (auto& [target, queue] : queues) ready.push({{}, queue.front(), &queue});
  std::vector<Turn> turns;
  turns.reserve(targets.size());
  std::chrono::microseconds now{0};
  while (!ready.empty()) {
    auto [at, next, queue] = ready.top();
    ready.pop();
    const auto due = std::max(now, at);
    now = due + rate.interval();
    turns.push_back({.index = next, .due = due});
    queue->pop_front();
    if (!queue->empty()) ready.push({due + per_target.interval(), queue->front(), queue});
  }
  return turns;
}

std::vector<Trial> paced_trials(const std::vector<Check>& checks, Rate rate, Rate per_target) {
  const auto trials = trials_by_importance(checks);
  std::vector<std::string> targets;
  targets.reserve(trials.size());
  for (const auto& trial : trials) {
    targets.push_back(checks[trial.check].paths[trial.path].target);
  }
  std::vector<Trial> paced;
  paced.reserve(trials.size());
  for (const auto& turn : paced_turns(targets, rate, per_target)) {
    paced.push_back(trials[turn.index]);
    paced.back().due = turn.due;
  }
  return paced;
}

Plan plan(const Scenario& scenario, const Inventory& inventory, const PlanOptions& options) {
  const auto endpoints = endpoints_by_workload(inventory);
  auto ruled = ruled_checks(scenario, endpoints, options.now);
  const auto fragile = fragile_workloads(scenario);
  PathPlanner paths(scenario, endpoints, fragile, options);
  paths.learn_allowed(ruled.checks);
  Plan plan;
  plan.rate = options.rate.value_or(scenario.limits.rate);
  plan.per_target = scenario.limits.per_target;
  plan.gaps = std::move(ruled.gaps);
  for (const auto& segment : scenario.segments) {
    if (segment.canary != Segment::Canary{}) plan.canaries[segment.name] = segment.canary;
  }
  for (auto& check : ruled.checks) {
    const auto settings = ruled.settings_of(check);
    if (!kept(check, settings, options)) {
      plan.whole = false;
      continue;
    }
    paths.give_paths(check, settings);
    plan.checks.push_back(std::move(check));
  }
  spare_fragile(plan.checks, fragile);
  plan.witnesses = witnesses_of(plan, scenario, inventory, fragile);
  plan.vantages = vantages_of(plan);
  plan.trials = paced_trials(plan.checks, plan.rate, plan.per_target);
  return plan;
}

}  // namespace reachproof::core
