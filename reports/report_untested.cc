#include "reports/report_untested.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

namespace reachproof::reports {
namespace {

using What = Untested::What;

std::string counted(std::size_t number, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

class Collector {
 public:
  explicit Collector(const Report& report) : report_(report), run_(report.run) {}

  std::vector<Untested> all() {
    add_run();
    add_checks();
    for (const auto& gap : run_.gaps) add(What::Rule, gap.rule, gap.reason);
    add_probes();
    add_scope();
    return std::move(list_);
  }

 private:
  void add(What what, std::string subject, std::string why) {
    list_.push_back({what, std::move(subject), std::move(why)});
  }

  void add_run() {
    if (!run_.end) {
      add(What::Run, "the whole run", "it never finished: there are no verdicts");
    } else if (!run_.end->interrupted.empty()) {
      add(What::Run, "part of the run", "it ended early: " + run_.end->interrupted);
    }
  }

  void add_checks() {
    std::map<std::string, std::size_t> gaps;
    std::set<std::string> canaries;
    std::size_t pairs_untried = 0;
    for (const auto& stored : run_.checks) {
      if (!stored.check.gap.empty()) ++gaps[stored.check.gap];
      pairs_untried += static_cast<std::size_t>(stored.check.pairs_untried);
      const auto& verdict = stored.verdict.verdict;
      if (verdict.reason == core::Reason::CanaryFailed) canaries.insert(verdict.detail);
    }
    for (const auto& detail : canaries) {
      add(What::Canary, "a canary failed", "nothing there counts as blocked: " + detail);
    }
    for (const auto& [why, number] : gaps) {
      add(What::Checks, counted(number, "check", "checks"), why);
    }
    if (pairs_untried > 0) {
      add(What::Endpoints, counted(pairs_untried, "endpoint pair", "endpoint pairs"),
          "beyond the samples that the scenario asks for");
    }
  }

  void add_probes() {
    for (const auto& probe : run_.probes) {
      if (!probe.lost.empty()) add(What::Probe, "the probe at " + probe.endpoint, probe.lost);
    }
    std::map<std::pair<std::string, std::string>, std::size_t> refusals;
    for (const auto& refusal : run_.refusals) {
      const auto why = refusal.detail.empty() ? refusal.why : refusal.why + ": " + refusal.detail;
      ++refusals[{refusal.endpoint, why}];
    }
    for (const auto& [refusal, number] : refusals) {
      add(What::Refusal, fmt::format("{} at {}", counted(number, "order", "orders"), refusal.first),
          "refused by the probe: " + refusal.second);
    }
  }

  void add_scope() {
    const auto& scope = report_.scope;
    if (scope.pairs > scope.pairs_tested) {
      add(What::Pairs,
          fmt::format("{} of {}", scope.pairs - scope.pairs_tested,
                      counted(static_cast<std::size_t>(scope.pairs), "ordered pair of segments",
                              "ordered pairs of segments")),
          "no check of this run crosses them; the coverage lists them");
    }
    if (run_.checks.empty()) return;
    const auto tried = [&](std::string_view protocol) {
      return std::ranges::any_of(scope.ports,
                                 [&](const auto& port) { return port.starts_with(protocol); });
    };
    for (const std::string_view protocol : {"tcp", "udp", "icmp"}) {
      if (!tried(protocol)) {
        add(What::Scope, std::string(protocol), "no rule asks for a check over it");
      }
    }
    if (!scope.ipv4) add(What::Scope, "IPv4", "no endpoint was tried at an IPv4 address");
    if (!scope.ipv6) add(What::Scope, "IPv6", "no endpoint was tried at an IPv6 address");
  }

  const Report& report_;
  const evidence::StoredRun& run_;
  std::vector<Untested> list_;
};

/// Ordered pairs of segments, and those that lead outside: what stands there begins nothing.
int pairs_there_are(const Report& report) {
  const std::set<std::string> outside(report.outside.begin(), report.outside.end());
  std::set<std::string> segments;
  for (const auto& name : report.segments.names) {
    if (!outside.contains(name)) segments.insert(name);
  }
  if (report.from.scenario != nullptr) {
    for (const auto& segment : report.from.scenario->segments) segments.insert(segment.name);
  }
  const auto leading_out = std::ranges::count_if(report.segments.cells, [&](const auto& cell) {
    return outside.contains(report.segments.names[cell.first.first]) ||
           outside.contains(report.segments.names[cell.first.second]);
  });
  return static_cast<int>(segments.size() * segments.size()) + static_cast<int>(leading_out);
}

}  // namespace

std::string_view word(Untested::What what) {
  switch (what) {
    case What::Run:
      return "run";
    case What::Canary:
      return "canary";
    case What::Checks:
      return "checks";
    case What::Rule:
      return "rule";
    case What::Probe:
      return "probe";
    case What::Refusal:
      return "refusal";
    case What::Endpoints:
      return "endpoints";
    case What::Pairs:
      return "pairs";
    case What::Scope:
      return "scope";
  }
  return "?";
}

std::vector<std::string> outside_of(const evidence::StoredRun& run) {
  std::set<std::string> names;
  for (const auto& stored : run.checks) {
    if (stored.check.source_segment.empty()) names.insert(stored.check.source);
    if (stored.check.destination_segment.empty()) names.insert(stored.check.destination);
  }
  return {names.begin(), names.end()};
}

Scope scope_of(const Report& report) {
  Scope scope;
  std::set<core::ProtocolPort> ports;
  for (const auto& stored : report.run.checks) {
    if (stored.check.gap.empty()) ports.insert(stored.check.port);
    for (const auto& path : stored.check.paths) {
      (path.address.family() == core::Family::V4 ? scope.ipv4 : scope.ipv6) = true;
    }
    scope.attempts += stored.verdict.verdict.attempts;
  }
  for (const auto& port : ports) scope.ports.push_back(port.text());
  scope.pairs = pairs_there_are(report);
  scope.pairs_tested = static_cast<int>(report.segments.cells.size());
  return scope;
}

std::vector<Untested> untested_of(const Report& report) {
  return Collector(report).all();
}

std::string untested_sentence(const Report& report) {
  if (report.untested.empty()) return "Every rule was tested as the scenario asks.";
  std::map<What, std::size_t> kinds;
  for (const auto& item : report.untested) ++kinds[item.what];
  std::string parts;
  const auto add = [&](std::string part) { parts += (parts.empty() ? "" : ", ") + part; };
  if (kinds.contains(What::Run)) add(report.run.end ? "part of the run" : "the whole run");
  if (kinds.contains(What::Canary)) add("segments whose canary failed");
  if (report.tally.untestable > 0) {
    add(counted(static_cast<std::size_t>(report.tally.untestable), "check", "checks"));
  }
  if (const auto n = kinds[What::Rule]; n > 0) add(counted(n, "part of a rule", "parts of rules"));
  if (const auto n = kinds[What::Probe]; n > 0) {
    add("what " + counted(n, "lost probe", "lost probes") + " should have done");
  }
  if (const auto n = kinds[What::Refusal]; n > 0) add("what probes refused");
  if (kinds[What::Endpoints] > 0) add("endpoints beyond the samples");
  const auto untested_pairs = report.scope.pairs - report.scope.pairs_tested;
  if (untested_pairs > 0) {
    add(fmt::format("{} of {} ordered pairs of segments", untested_pairs, report.scope.pairs));
  }
  std::string scopes;
  for (const auto& item : report.untested) {
    if (item.what == What::Scope) scopes += (scopes.empty() ? "" : ", ") + item.subject;
  }
  if (!scopes.empty()) add(scopes);
  return "Not tested: " + parts + ".";
}

const std::vector<std::string>& standing_limitations() {
  static const std::vector<std::string> kLimitations{
      "A verdict speaks of the moment of its tries, of the endpoints and ports that were tried, "
      "and "
      "of nothing else.",
      "Blocked and corroborated means that a proven service did not answer; a lost answer looks "
      "the "
      "same. Blocked and proved means that a witness at the destination saw nothing arrive.",
      "Reachability is what an attack technique needs. It is not the technique, and nothing was "
      "exploited.",
      "Evidence shows that records were not changed after they were signed. It cannot show that "
      "what a probe reported was true.",
      "The results support evidence for the controls that rules name. Whether a control is met is "
      "for an assessor to say."};
  return kLimitations;
}

const std::vector<std::string>& to_be_attached() {
  static const std::vector<std::string> kAttached{
      "The assessed entity and the assessor: names, qualification, and the tester's organisational "
      "independence. \"Started by\" is an account, and no statement of either.",
      "The authorisation: rules of engagement, window, emergency contact. Where a service requires "
      "engagements, their approval is a record of the log.",
      "How the scope was determined: segmentation methods in use, why segments are in or out of "
      "it, diagrams of network and data flows, and the date on which that was confirmed.",
      "Wireless networks, remote access, third parties and cloud peering, as far as no segment of "
      "the scenario stands for them.",
      "The methodology that this test is part of, and the tests that it does not replace.",
      "Impact, due date and fix of each violation. A retest is a later run; name both by their "
      "ids.",
      "Sign-off: the tester's attestation, the reviewer, the entity's acceptance, with dates.",
      "Classification, distribution, handling and destruction of this report. It names internal "
      "systems, which PCI DSS 1.4.5 keeps to those who are authorised."};
  return kAttached;
}

}  // namespace reachproof::reports
