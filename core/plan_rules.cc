#include "core/plan_rules.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

namespace reachproof::core {
namespace {

struct FlowKey {
  std::string source;
  std::string destination;
  ProtocolPort port;
  std::string layer;  ///< what is asked, in its canonical text; empty for the network alone
  auto operator<=>(const FlowKey&) const = default;
};

void add_small(std::set<ProtocolPort>& ports, const std::vector<PortRange>& ranges) {
  for (const auto& range : ranges) {
    if (range.size() > kPortsTriedWholeMax) continue;
    for (std::uint32_t p = range.first; p <= range.last; ++p) {
      ports.insert({range.protocol, static_cast<Port>(p)});
    }
  }
}

class RuleResolver {
 public:
  RuleResolver(const Scenario& scenario, const EndpointsOf& endpoints, WallTime now)
      : scenario_(scenario), endpoints_(endpoints), now_(now) {
    for (const auto& service : scenario.services) add_small(named_, service.ports);
    for (const auto& flow : scenario.flows) add_small(named_, flow.ports);
    for (const auto& forbid : scenario.forbids) add_small(named_, forbid.ports);
  }

  RuledChecks resolve() {
    for (const auto& forbid : scenario_.forbids) apply(forbid);
    for (const auto& flow : scenario_.flows) apply(flow);
    apply_default_deny();
    for (auto& [key, check] : decided_) {
      if (const auto met = met_.find(key); met != met_.end()) {
        result_.thorough[check.id] = met->second;
      }
      result_.checks.push_back(std::move(check));
    }
    return std::move(result_);
  }

 private:
  /// Every port of a small range; of a wide one those that anybody named.
  std::vector<ProtocolPort> ports_tried(const std::vector<PortRange>& ranges,
                                        const std::string& destination) const {
    std::set<ProtocolPort> tried;
    add_small(tried, ranges);
    std::set<ProtocolPort> known = named_;
    add_known_listeners(known, destination);
    for (const auto& range : ranges) {
      if (range.size() <= kPortsTriedWholeMax) continue;
      bool any = false;
      for (const auto& p : known) {
        if (!range.contains(p.protocol, p.port)) continue;
        tried.insert(p);
        any = true;
      }
      // A rule is never silent: of a range that nobody names a port of, its ends are tried.
      if (!any) tried.insert({{range.protocol, range.first}, {range.protocol, range.last}});
    }
    return {tried.begin(), tried.end()};
  }

  void add_known_listeners(std::set<ProtocolPort>& ports, const std::string& workload) const {
    const auto it = endpoints_.find(workload);
    if (it == endpoints_.end()) return;
    for (const Endpoint* endpoint : it->second) {
      add_small(ports, endpoint->listens);
      add_small(ports, endpoint->keep_closed);
    }
  }

  Check fresh_check(const std::string& rule, const FlowKey& key, const LayerPtr& layer) const {
    Check check;
    check.rule = rule;
    check.source = key.source;
    check.destination = key.destination;
    check.port = key.port;
    check.id = fmt::format("{}/{}/{}/{}", rule, key.source, key.destination, key.port.text());
    check.layer = layer;
    if (layer) check.id += "/" + layer->label;
    if (const auto* w = scenario_.workload(key.source)) check.source_segment = w->segment;
    if (const auto* w = scenario_.workload(key.destination)) check.destination_segment = w->segment;
    return check;
  }

  /// A forbid beats a flow; a flow beats the default.
  void decide(const FlowKey& key, Check check) {
    const auto [it, fresh] = decided_.try_emplace(key, check);
    if (fresh) return;
    const bool forbidden = is_forbid(it->second.rule);
    if (forbidden != is_forbid(check.rule)) return;  // forbids come first
    if (forbidden) meet(key, it->second, check);
    const bool decides = forbidden ? forbid_rank(check) > forbid_rank(it->second)
                                   : flow_rank(check) > flow_rank(it->second);
    if (decides) it->second = std::move(check);
  }

  void meet(const FlowKey& key, const Check& a, const Check& b) {
    const auto& one = result_.settings[a.rule];
    auto& most = met_.try_emplace(key, one).first->second;
    const auto& other = result_.settings[b.rule];
    most.samples = std::max(most.samples, other.samples);
    most.attempts = std::max(most.attempts, other.attempts);
    most.timeout = std::max(most.timeout, other.timeout);
  }

  /// Among forbids one that no exception lifts decides, and then the most severe.
  static std::pair<bool, Severity> forbid_rank(const Check& check) {
    return {check.exception.empty(), check.severity};
  }

  /// What one flow requires no other excuses; what one intends no other denies outside its hours.
  static int flow_rank(const Check& check) {
    switch (check.expectation) {
      case Expectation::Allow:
        return 2;
      case Expectation::Permit:
        return 1;
      case Expectation::Deny:
        return 0;
    }
    return 0;
  }

  bool is_forbid(const std::string& rule) const {
    return std::ranges::any_of(scenario_.forbids, [&](const auto& f) { return f.id == rule; });
  }

  template <class Rule, class Make>
  void for_each_flow(const Rule& rule, Make make) {
    const auto layer = rule.layer ? canonical(rule.layer->ask) : std::string();
    std::size_t wide = 0;
    for (const auto& range : rule.ports) wide += range.size() > kPortsTriedWholeMax ? 1 : 0;
    std::size_t tried_max = 0;
    for (const auto& source : rule.from.workloads) {
      for (const auto& destination : rule.to.workloads) {
        if (source == destination) continue;
        const auto ports = ports_tried(rule.ports, destination);
        tried_max = std::max(tried_max, ports.size());
        for (const auto& port : ports) make(FlowKey{source, destination, port, layer});
      }
    }
    if (wide == 0) return;
    std::uint32_t all = 0;
    for (const auto& range : rule.ports) all += range.size();
    result_.gaps.push_back(
        {rule.id,
         fmt::format("of its {} ports ({}) at most {} were tried for one destination: "
                     "those that a service, a flow or a listener names, or the ends of the range",
                     all, rule.service, tried_max)});
  }

  void place_rule(Check& check, SourceMark mark) const {
    check.mark = mark;
    const auto file = static_cast<std::size_t>(mark.file);
    if (file == 0 || file > scenario_.included.size()) return;
    check.mark_file = scenario_.included[file - 1];
  }

  void apply(const ForbidRule& forbid) {
    result_.settings[forbid.id] = forbid.check;
    for_each_flow(forbid, [&](const FlowKey& key) {
      Check check = fresh_check(forbid.id, key, forbid.layer);
      check.expectation = Expectation::Deny;
      check.severity = forbid.severity;
      check.why = !forbid.title.empty() ? forbid.title
                  : !forbid.why.empty() ? forbid.why
                                        : fmt::format("{} must not reach {} ({})", forbid.from.text,
                                                      forbid.to.text, forbid.service);
      place_rule(check, forbid.mark);
      check.controls = forbid.controls;
      check.techniques = forbid.techniques;
      lift(check, forbid.id, key);
      decide(key, std::move(check));
    });
    if (forbid.reach == ForbidRule::Reach::Transitive) {
      result_.gaps.push_back({forbid.id,
                              "reach: transitive: only direct connections were tested; chains of "
                              "several hops are not evaluated in this version"});
    }
  }

  void apply(const FlowRule& flow) {
    result_.settings[flow.id] = flow.check;
    const bool open_hours = !flow.hours || flow.hours->contains(now_);
    for_each_flow(flow, [&](FlowKey key) {
      // Outside its hours nothing of it is intended: the connection itself is denied.
      if (!open_hours) key.layer.clear();
      Check check = fresh_check(flow.id, key, open_hours ? flow.layer : nullptr);
      check.severity = flow.severity.value_or(scenario_.defaults.severity);
      place_rule(check, flow.mark);
      check.controls = flow.controls;
      check.techniques = flow.techniques;
      check.why = flow.why.empty()
                      ? fmt::format("{} to {} ({})", flow.from.text, flow.to.text, flow.service)
                      : flow.why;
      if (!open_hours) {
        const bool observed = is_observed(key.source) || is_observed(key.destination);
        check.expectation = observed ? Expectation::Permit : Expectation::Deny;
        check.why += fmt::format("; not intended outside {} UTC", flow.hours->text());
        if (!observed) lift(check, "default", key);
      } else {
        check.expectation =
            flow.need == FlowRule::Need::Required ? Expectation::Allow : Expectation::Permit;
      }
      decide(key, std::move(check));
    });
  }

  /// The exception in force that covers a check; of one whose time is over, that it is.
  void lift(Check& check, const std::string& rule, const FlowKey& key) const {
    const auto day = std::chrono::floor<std::chrono::days>(now_);
    const ExceptionRule* lapsed = nullptr;
    for (const auto& e : scenario_.exceptions) {
      if (e.of != rule || !covers(e, key)) continue;
      if (e.in_force(day)) {
        check.exception = e.id;
        return;
      }
      if (e.expires < day) lapsed = &e;
    }
    if (lapsed == nullptr) return;
    check.why += fmt::format("; exception {} expired on {}", lapsed->id, text(lapsed->expires));
  }

  static bool covers(const ExceptionRule& e, const FlowKey& key) {
    return std::ranges::find(e.from.workloads, key.source) != e.from.workloads.end() &&
           std::ranges::find(e.to.workloads, key.destination) != e.to.workloads.end() &&
           std::ranges::any_of(e.ports, [&](const PortRange& range) {
             return range.contains(key.port.protocol, key.port.port);
           });
  }

  /// The ports on which default deny is tried at a workload: those of the flows that lead to it,
  /// and those that its endpoints are known to serve or to keep closed.
  std::set<ProtocolPort> ports_served(const Workload& workload) const {
    std::set<ProtocolPort> ports;
    for (const auto& flow : scenario_.flows) {
      const auto& to = flow.to.workloads;
      if (std::ranges::find(to, workload.name) != to.end()) add_small(ports, flow.ports);
    }
    add_known_listeners(ports, workload.name);
    return ports;
  }

  /// A workload of no segment (cloud metadata) is nobody's: default deny says nothing of it.
  const Segment* segment_of(const Workload& workload) const {
    return scenario_.segment(workload.segment);
  }

  bool is_observed(const std::string& workload) const {
    const auto* known = scenario_.workload(workload);
    const auto* segment = known == nullptr ? nullptr : segment_of(*known);
    return segment != nullptr && segment->mode == Segment::Mode::Observe;
  }

  bool has_endpoints(const Workload& workload) const { return endpoints_.contains(workload.name); }

  void apply_default_deny() {
    result_.settings["default"] = scenario_.defaults.check;
    for (const auto& destination : scenario_.workloads) {
      if (segment_of(destination) == nullptr) continue;
      if (destination.builtin && !has_endpoints(destination)) continue;
      const auto ports = ports_served(destination);
      for (const auto& source : scenario_.workloads) {
        if (source.name == destination.name || segment_of(source) == nullptr) continue;
        if (source.builtin && !has_endpoints(source)) continue;
        for (const auto& port : ports) deny_by_default(source, destination, port);
      }
    }
  }

  /// Whether a rule decides about the connection. A flow that asks something above the network
  /// intends it as well; a forbid above leaves it to others. `key` asks nothing, and so comes
  /// first.
  bool is_decided(const FlowKey& key) const {
    for (auto it = decided_.lower_bound(key); it != decided_.end(); ++it) {
      const auto& found = it->first;
      const bool same = found.source == key.source && found.destination == key.destination &&
                        found.port == key.port;
      if (!same) return false;
      if (found.layer.empty() || !is_forbid(it->second.rule)) return true;
    }
    return false;
  }

  void deny_by_default(const Workload& source, const Workload& destination, ProtocolPort port) {
    const FlowKey key{source.name, destination.name, port, ""};
    if (is_decided(key)) return;
    const bool enforced = segment_of(source)->mode == Segment::Mode::Enforce &&
                          segment_of(destination)->mode == Segment::Mode::Enforce;
    Check check = fresh_check("default", key, nullptr);
    check.severity = scenario_.defaults.severity;
    check.expectation = enforced ? Expectation::Deny : Expectation::Permit;
    check.why = enforced ? "no flow lists it: denied by default"
                         : "no flow lists it; a segment in mode observe is reported, not judged";
    if (enforced) lift(check, "default", key);
    decide(key, std::move(check));
  }

  const Scenario& scenario_;
  const EndpointsOf& endpoints_;
  WallTime now_;
  std::set<ProtocolPort> named_;
  std::map<FlowKey, Check> decided_;
  std::map<FlowKey, CheckSettings> met_;  ///< of flows of which several forbids speak
  RuledChecks result_;
};

}  // namespace

EndpointsOf endpoints_by_workload(const Inventory& inventory) {
  EndpointsOf endpoints;
  for (const auto& endpoint : inventory.endpoints) {
    endpoints[endpoint.workload].push_back(&endpoint);
  }
  return endpoints;
}

CheckSettings RuledChecks::settings_of(const Check& check) const {
  CheckSettings how;
  if (const auto rule = settings.find(check.rule); rule != settings.end()) how = rule->second;
  const auto more = thorough.find(check.id);
  if (more == thorough.end()) return how;
  how.samples = more->second.samples;
  how.attempts = more->second.attempts;
  how.timeout = more->second.timeout;
  return how;
}

RuledChecks ruled_checks(const Scenario& scenario, const EndpointsOf& endpoints, WallTime now) {
  return RuleResolver(scenario, endpoints, now).resolve();
}

}  // namespace reachproof::core
