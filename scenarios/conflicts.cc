#include "scenarios/conflicts.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <optional>

namespace reachproof::scenarios {
namespace {

using core::PortRange;

using Places = std::map<std::string, std::size_t>;

/// Workloads as bits, by their place in the scenario: every flow is compared with every forbid.
class WorkloadSet {
 public:
  WorkloadSet() = default;
  WorkloadSet(const core::Selection& selection, const Places& places)
      : words_(places.size() / 64 + 1) {
    for (const auto& name : selection.workloads) {
      const auto place = places.at(name);
      words_[place / 64] |= std::uint64_t{1} << (place % 64);
    }
  }

  [[nodiscard]] bool meets(const WorkloadSet& other) const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if ((words_[i] & other.words_[i]) != 0) return true;
    }
    return false;
  }
  [[nodiscard]] bool has(std::size_t place) const {
    return ((words_[place / 64] >> (place % 64)) & 1) != 0;
  }
  /// The places of both, in order.
  [[nodiscard]] std::vector<std::size_t> common(const WorkloadSet& other) const {
    return places_of([&](std::size_t i) { return words_[i] & other.words_[i]; });
  }
  /// The places that the other lacks.
  [[nodiscard]] std::vector<std::size_t> without(const WorkloadSet& other) const {
    return places_of([&](std::size_t i) { return words_[i] & ~other.words_[i]; });
  }

 private:
  template <class Word>
  [[nodiscard]] std::vector<std::size_t> places_of(Word word) const {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t bits = word(i); bits != 0; bits &= bits - 1) {
        places.push_back(i * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
      }
    }
    return places;
  }

  std::vector<std::uint64_t> words_;
};

/// A rule, ready to be compared.
template <class Rule>
struct Spread {
  const Rule* rule;
  WorkloadSet from;
  WorkloadSet to;
};

template <class Rule>
std::vector<Spread<Rule>> spread(const std::vector<Rule>& rules, const Places& places) {
  std::vector<Spread<Rule>> all;
  all.reserve(rules.size());
  for (const auto& rule : rules) {
    if (rule.from.workloads.empty() || rule.to.workloads.empty() || rule.ports.empty()) continue;
    all.push_back({&rule, WorkloadSet(rule.from, places), WorkloadSet(rule.to, places)});
  }
  return all;
}

std::vector<PortRange> common_ports(const std::vector<PortRange>& a,
                                    const std::vector<PortRange>& b) {
  std::vector<PortRange> common;
  for (const auto& x : a) {
    for (const auto& y : b) {
      if (!x.overlaps(y)) continue;
      common.push_back({x.protocol, std::max(x.first, y.first), std::min(x.last, y.last)});
    }
  }
  return common;
}

bool ports_meet(const std::vector<PortRange>& a, const std::vector<PortRange>& b) {
  return std::ranges::any_of(a, [&](const auto& x) {
    return std::ranges::any_of(b, [&](const auto& y) { return x.overlaps(y); });
  });
}

/// The first port of `ports` that no range of `covered` has. Each turn goes past one range.
std::optional<core::ProtocolPort> first_uncovered(const std::vector<PortRange>& ports,
                                                  std::vector<PortRange> covered) {
  std::ranges::sort(covered);
  for (const auto& range : ports) {
    std::uint32_t next = range.first;
    for (const auto& cover : covered) {
      if (cover.protocol == range.protocol && cover.first <= next && next <= cover.last) {
        next = std::uint32_t{cover.last} + 1;
      }
    }
    if (next <= range.last)
      return core::ProtocolPort{range.protocol, static_cast<core::Port>(next)};
  }
  return std::nullopt;
}

class Conflicts {
 public:
  Conflicts(const core::Scenario& scenario, core::Date today, bool lapsed_is_told,
            Problems& problems)
      : scenario_(scenario), today_(today), lapsed_is_told_(lapsed_is_told), problems_(problems) {
    for (const auto& workload : scenario.workloads) places_.emplace(workload.name, places_.size());
    flows_ = spread(scenario.flows, places_);
    forbids_ = spread(scenario.forbids, places_);
    exceptions_ = spread(scenario.exceptions, places_);
  }

  void report() {
    for (std::size_t i = 0; i < flows_.size(); ++i) {
      for (const auto& forbid : forbids_) report_flow(flows_[i], forbid);
      for (std::size_t k = 0; k < i; ++k) warn_of_same_flow(flows_[k], flows_[i]);
    }
    for (const auto& exception : exceptions_) {
      for (const auto& forbid : forbids_) report_exception(exception, forbid);
    }
  }

 private:
  using Flow = Spread<core::FlowRule>;
  using Forbid = Spread<core::ForbidRule>;
  using Exception = Spread<core::ExceptionRule>;

  /// Whether both ask the same above the network, or both nothing.
  [[nodiscard]] static bool ask_the_same(const core::LayerPtr& a, const core::LayerPtr& b) {
    return a && b ? a->ask == b->ask : a == b;
  }

  template <class A, class B>
  [[nodiscard]] static bool meet(const Spread<A>& a, const Spread<B>& b) {
    return ports_meet(a.rule->ports, b.rule->ports) && a.from.meets(b.from) && a.to.meets(b.to);
  }

  [[nodiscard]] const std::string& name(std::size_t place) const {
    return scenario_.workloads[place].name;
  }

  /// Those in force; with `expired` those too whose time is over.
  [[nodiscard]] std::vector<const Exception*> exceptions_of(const core::ForbidRule& forbid,
                                                            bool expired = false) const {
    std::vector<const Exception*> lifting;
    for (const auto& exception : exceptions_) {
      const bool lifts =
          exception.rule->in_force(today_) || (expired && exception.rule->expires < today_);
      if (exception.rule->of == forbid.id && lifts) {
        lifting.push_back(&exception);
      }
    }
    return lifting;
  }

  /// "web -> db tcp/5432": something that both rules speak of and no exception in force covers.
  template <class A, class B>
  [[nodiscard]] std::string example(const Spread<A>& a, const Spread<B>& b,
                                    const std::vector<const Exception*>& lifting) const {
    const auto ports = common_ports(a.rule->ports, b.rule->ports);
    const auto targets = a.to.common(b.to);
    for (const auto from : a.from.common(b.from)) {
      for (const auto to : targets) {
        if (from == to) continue;
        std::vector<PortRange> covered;
        for (const auto* exception : lifting) {
          if (!exception->from.has(from) || !exception->to.has(to)) continue;
          covered.insert(covered.end(), exception->rule->ports.begin(),
                         exception->rule->ports.end());
        }
        if (const auto port = first_uncovered(ports, std::move(covered))) {
          return fmt::format("{} -> {} {}", name(from), name(to), port->text());
        }
      }
    }
    return "";
  }

  void report_flow(const Flow& flow, const Forbid& forbid) {
    // A forbid above the network leaves the connection itself to other rules.
    const auto& above = forbid.rule->layer;
    if (above && !ask_the_same(above, flow.rule->layer)) return;
    if (problems_.full() || !meet(flow, forbid)) return;
    const auto met = example(flow, forbid, exceptions_of(*forbid.rule));
    if (met.empty()) return;
    const auto what = fmt::format("flow {} ({}) meets forbid {} ({}): {}", flow.rule->id,
                                  problems_.line_of(flow.rule->mark), forbid.rule->id,
                                  problems_.line_of(forbid.rule->mark), met);
    const bool lapsed =
        lapsed_is_told_ && example(flow, forbid, exceptions_of(*forbid.rule, true)).empty();
    if (lapsed) {
      problems_.warning(flow.rule->mark,
                        what + "; the exception for it expired, so the forbid holds",
                        way_out(*forbid.rule));
    } else {
      problems_.error(flow.rule->mark, what, way_out(*forbid.rule));
    }
  }

  static std::string way_out(const core::ForbidRule& forbid) {
    if (forbid.mark.file == 0) {
      return fmt::format("remove one of them, narrow {} with `not`, or add an exception of {}",
                         forbid.id, forbid.id);
    }
    return fmt::format(
        "remove the flow, take one of its ends out of {} with a parameter of its "
        "include, or add an exception of {}",
        forbid.id, forbid.id);
  }

  void warn_of_same_flow(const Flow& earlier, const Flow& later) {
    if (!ask_the_same(earlier.rule->layer, later.rule->layer)) return;
    if (problems_.full() || !meet(earlier, later)) return;
    const auto same = example(earlier, later, {});
    if (same.empty()) return;
    problems_.warning(later.rule->mark,
                      fmt::format("flow {} repeats flow {} ({}): {}", later.rule->id,
                                  earlier.rule->id, problems_.line_of(earlier.rule->mark), same),
                      "keep one flow for each connection");
  }

  void report_exception(const Exception& exception, const Forbid& forbid) {
    const auto& rule = *exception.rule;
    if (rule.of == forbid.rule->id) return report_excess(exception, forbid);
    if (forbid.rule->layer) return;
    if (rule.of != "default" || problems_.full() || !meet(exception, forbid)) return;
    const auto met = example(exception, forbid, {});
    if (met.empty()) return;
    problems_.error(
        rule.mark,
        fmt::format("exception {} lifts the default, but forbid {} ({}) stands "
                    "against {}",
                    rule.id, forbid.rule->id, problems_.line_of(forbid.rule->mark), met),
        fmt::format("write `of: {}`, or narrow the exception", forbid.rule->id));
  }

  void report_excess(const Exception& exception, const Forbid& forbid) {
    const auto& rule = *exception.rule;
    std::string excess;
    if (const auto from = exception.from.without(forbid.from); !from.empty()) {
      excess = "from " + name(from.front());
    } else if (const auto to = exception.to.without(forbid.to); !to.empty()) {
      excess = "to " + name(to.front());
    } else if (const auto port = first_uncovered(rule.ports, forbid.rule->ports)) {
      excess = "on " + port->text();
    } else {
      return report_breadth(exception, forbid);
    }
    problems_.error(rule.mark,
                    fmt::format("exception {} allows more than forbid {} ({}) forbids: {}", rule.id,
                                forbid.rule->id, problems_.line_of(forbid.rule->mark), excess),
                    "an exception must be narrower than what it lifts");
  }

  /// An exception that lifts a whole forbid is a forbid that nobody means.
  void report_breadth(const Exception& exception, const Forbid& forbid) {
    const auto& narrow = *exception.rule;
    const auto& wide = *forbid.rule;
    const bool one_connection = wide.from.workloads.size() == 1 && wide.to.workloads.size() == 1 &&
                                wide.ports.size() == 1 && wide.ports.front().size() == 1;
    if (one_connection || !forbid.from.without(exception.from).empty()) return;
    if (!forbid.to.without(exception.to).empty()) return;
    if (first_uncovered(wide.ports, narrow.ports)) return;
    problems_.error(narrow.mark,
                    fmt::format("exception {} lifts all of forbid {} ({})", narrow.id, wide.id,
                                problems_.line_of(wide.mark)),
                    "narrow the exception, or remove the forbid");
  }

  const core::Scenario& scenario_;
  core::Date today_;
  bool lapsed_is_told_;
  Problems& problems_;
  Places places_;
  std::vector<Flow> flows_;
  std::vector<Forbid> forbids_;
  std::vector<Exception> exceptions_;
};

}  // namespace

void report_conflicts(const core::Scenario& scenario, core::Date today, bool lapsed_is_told,
                      Problems& problems) {
  Conflicts(scenario, today, lapsed_is_told, problems).report();
}

}  // namespace reachproof::scenarios
