#include "reports/report.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "core/hex.h"
#include "evidence/finding_records.h"
#include "reports/compared.h"
#include "reports/report_untested.h"

namespace reachproof::reports {
namespace {

using core::CheckResult;
using evidence::StoredCheck;
using evidence::StoredRun;

void count(Tally& tally, const StoredCheck& stored) {
  const auto& verdict = stored.verdict.verdict;
  ++tally.checks;
  switch (stored.has_verdict ? verdict.result : CheckResult::Unproven) {
    case CheckResult::Violation:
      ++tally.violations;
      return;
    case CheckResult::Broken:
      ++tally.broken;
      return;
    case CheckResult::Unproven:
      ++tally.unproven;
      tally.untestable += stored.check.gap.empty() ? 0 : 1;
      return;
    case CheckResult::Excepted:
      ++tally.excepted;
      return;
    case CheckResult::Pass:
      ++tally.passes;
      tally.proved += verdict.proof == core::Proof::Proved ? 1 : 0;
      tally.corroborated += verdict.proof == core::Proof::Corroborated ? 1 : 0;
      return;
    case CheckResult::InUse:
    case CheckResult::InUseNoted:
      ++tally.in_use;
      return;
    case CheckResult::Idle:
      ++tally.idle;
      return;
  }
}

bool is_departure(const StoredCheck& check) {
  switch (check.verdict.verdict.result) {
    case CheckResult::Violation:
    case CheckResult::Broken:
    case CheckResult::Unproven:
    case CheckResult::Excepted:
    case CheckResult::InUseNoted:
      return true;
    case CheckResult::Pass:
    case CheckResult::InUse:
    case CheckResult::Idle:
      return !check.has_verdict;
  }
  return true;
}

std::optional<core::Finding> finding_of(const ReportSources& from, const StoredCheck& check) {
  if (from.findings == nullptr) return std::nullopt;
  const auto& all = from.findings->findings();
  const auto it = all.find(evidence::fingerprint_of(from.run->header.scenario, check.check));
  if (it == all.end()) return std::nullopt;
  return it->second;
}

void add_change(Report& report) {
  const auto* before = report.from.baseline;
  if (before == nullptr) return;
  report.change = Comparison{.run = before->header.run,
                             .started = before->header.started,
                             .diff = core::diff(states(*before), states(report.run))};
}

void add_departures(Report& report) {
  std::optional<Compared> compared;
  if (report.from.baseline != nullptr) compared.emplace(*report.from.baseline, report.run);
  for (const auto& check : report.run.checks) {
    if (!is_departure(check)) continue;
    report.departures.push_back({.check = &check,
                                 .finding = finding_of(report.from, check),
                                 .is_new = compared && compared->is_new(check)});
  }
  std::ranges::stable_sort(report.departures, [](const Departure& a, const Departure& b) {
    const auto key = [](const Departure& departure) {
      const auto& check = *departure.check;
      return std::tuple(badness_rank(check) / 8, -static_cast<int>(check.check.severity),
                        badness_rank(check));
    };
    return key(a) < key(b);
  });
}

/// Keeps the first of each id, and where it was put.
template <class Item>
class Once {
 public:
  explicit Once(std::vector<Item>& into) : into_(into) {}
  Item& at(const std::string& id) {
    const auto [it, fresh] = places_.try_emplace(id, into_.size());
    if (fresh) into_.push_back({.id = id});
    return into_[it->second];
  }

 private:
  std::vector<Item>& into_;
  std::map<std::string, std::size_t> places_;
};

/// Where a rule stands: as the check says, else where the scenario speaks of its default.
void place_rule(const Report& report, RuleUse& rule, const core::Check& check) {
  const auto& uri = report.from.scenario_uri;
  rule.file = uri.empty() ? report.run.header.scenario_file : uri;
  rule.line = check.mark.line;
  if (!check.mark_file.empty()) rule.file = check.mark_file;
  if (rule.line > 0 || report.from.scenario == nullptr) return;
  const auto& text = report.from.scenario->text;
  const auto at = text.starts_with("defaults:") ? 0 : text.find("\ndefaults:");
  if (at == std::string::npos) return;
  const auto before = static_cast<std::ptrdiff_t>(at + 1);
  rule.line = 1 + static_cast<int>(std::count(text.begin(), text.begin() + before, '\n'));
}

void add_rules(Report& report) {
  Once<RuleUse> rules(report.rules);
  for (const auto& stored : report.run.checks) {
    const auto& check = stored.check;
    auto& rule = rules.at(check.rule);
    if (rule.tally.checks == 0) {
      rule.why = check.why;
      rule.expectation = check.expectation;
      rule.controls = check.controls;
      rule.techniques = check.techniques;
      place_rule(report, rule, check);
    }
    rule.severity = std::max(rule.severity, check.severity);
    count(rule.tally, stored);
  }
}

void add_exceptions(Report& report) {
  Once<ExceptionUse> uses(report.exceptions);
  for (const auto& stored : report.run.checks) {
    if (stored.check.exception.empty()) continue;
    auto& use = uses.at(stored.check.exception);
    use.checks.push_back(&stored);
    use.open += core::is_reachable(stored.verdict.verdict.reachability) ? 1 : 0;
  }
  if (report.from.scenario == nullptr) return;
  for (const auto& rule : report.from.scenario->exceptions) uses.at(rule.id).rule = &rule;
}

void add_controls(Report& report) {
  Once<ControlSupport> controls(report.controls);
  Once<TechniqueExposure> techniques(report.techniques);
  for (const auto& stored : report.run.checks) {
    for (const auto& id : stored.check.controls) {
      auto& control = controls.at(id);
      control.denies = control.denies || stored.check.expectation == core::Expectation::Deny;
      control.requires_flow =
          control.requires_flow || stored.check.expectation == core::Expectation::Allow;
      count(control.tally, stored);
    }
    for (const auto& id : stored.check.techniques) count(techniques.at(id).tally, stored);
  }
  if (report.from.scenario == nullptr) return;
  for (const auto& known : report.from.scenario->controls) {
    for (auto& control : report.controls) {
      if (control.id != known.id) continue;
      control.framework = known.framework;
      control.ref = known.ref;
      control.title = known.title;
    }
  }
}

/// The newest runs of the scenario, up to and with the reported one.
void add_history(Report& report) {
  if (report.from.history == nullptr) return;
  for (const auto& run : *report.from.history) {
    if (run.header.scenario != report.run.header.scenario ||
        run.first_record > report.run.first_record) {
      continue;
    }
    report.history.push_back({.run = run.header.run,
                              .started = run.header.started,
                              .change = run.header.change,
                              .finished = run.end.has_value(),
                              .results = run.end ? run.end->results : RunPoint{}.results});
  }
  const auto surplus = std::max(report.history.size(), kHistoryRunsMax) - kHistoryRunsMax;
  report.history.erase(report.history.begin(),
                       report.history.begin() + static_cast<std::ptrdiff_t>(surplus));
}

std::string counted(int number, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

std::string sentence_of(const Report& report) {
  const auto& tally = report.tally;
  if (!report.run.end) return "This run never finished, and proves nothing.";
  if (tally.checks == 0) return "Nothing was checked: the plan of this run holds no check.";
  const auto checks = counted(tally.checks, "check", "checks");
  if (tally.violations + tally.broken + tally.unproven + tally.excepted == 0) {
    return fmt::format("{} {} came out as intended.", tally.checks == 1 ? "The" : "All", checks);
  }
  std::string parts;
  const auto add = [&](int number, std::string_view one, std::string_view many) {
    if (number == 0) return;
    fmt::format_to(std::back_inserter(parts), "{}{}", parts.empty() ? "" : ", ",
                   counted(number, one, many));
  };
  add(tally.violations, "violation", "violations");
  add(tally.broken, "broken flow", "broken flows");
  add(tally.unproven, "check unproven", "checks unproven");
  add(tally.excepted, "violation under an exception", "violations under exceptions");
  auto sentence = fmt::format("{}, of {}", parts, checks);
  if (report.change) {
    sentence += fmt::format("; {} of them new since {}", report.change->diff.opened.size(),
                            report.change->run);
  }
  return sentence + ".";
}

}  // namespace

std::string Report::leaf_sha256(const std::optional<evidence::LeafIndex>& record) const {
  if (!record || from.evidence == nullptr) return "";
  const auto it = from.evidence->leaves.find(*record);
  return it == from.evidence->leaves.end() ? "" : core::hex(it->second);
}

Report make_report(const ReportSources& sources) {
  Report report{.from = sources, .run = *sources.run};
  for (const auto& check : report.run.checks) count(report.tally, check);
  report.segments = grid_of(report.run, MatrixBy::Segment);
  report.workloads = grid_of(report.run, MatrixBy::Workload);
  report.outside = outside_of(report.run);
  add_change(report);
  add_history(report);
  add_departures(report);
  add_rules(report);
  add_exceptions(report);
  add_controls(report);
  report.scope = scope_of(report);
  report.untested = untested_of(report);
  report.untested_sentence = untested_sentence(report);
  report.sentence = sentence_of(report);
  return report;
}

std::set<evidence::LeafIndex> records_of_departures(const StoredRun& run) {
  std::set<evidence::LeafIndex> records;
  for (const auto& check : run.checks) {
    if (!is_departure(check)) continue;
    for (const auto& record : {check.plan_record, check.observation_record, check.verdict_record}) {
      if (record) records.insert(*record);
    }
  }
  return records;
}

core::WallTime dated(const StoredRun& run) {
  return run.end ? run.end->finished : run.header.started;
}

Tried tried(const StoredRun& run, const StoredCheck& check) {
  std::optional<Tried> times;
  for (const auto& seen : check.observations) {
    for (const auto& attempt : seen.attempts) {
      if (attempt.started.monotonic_us == 0) continue;
      const auto wall = attempt.started.wall;
      if (!times) times = Tried{wall, wall};
      times->first = std::min(times->first, wall);
      times->last = std::max(times->last, wall);
    }
  }
  return times.value_or(Tried{run.header.started, run.header.started});
}

std::string flow_text(const core::Check& check) {
  return check.flow();
}

std::string headline(const StoredCheck& stored) {
  const auto& check = stored.check;
  const auto& verdict = stored.verdict.verdict;
  const auto flow =
      fmt::format("{} to {} {}", check.source, check.destination, check.port_and_layer());
  const auto reach = core::word(verdict.reachability);
  if (!stored.has_verdict) return flow + " was not judged";
  switch (verdict.result) {
    case CheckResult::Violation:
      return fmt::format("{} is {}, and must be blocked", flow, reach);
    case CheckResult::Broken:
      return fmt::format("{} is {}, and must work", flow, reach);
    case CheckResult::Excepted:
      return fmt::format("{} is {} under exception {}", flow, reach, check.exception);
    case CheckResult::Unproven:
      return flow + " is unproven";
    case CheckResult::Pass:
      return fmt::format("{} is {}, as intended", flow, reach);
    case CheckResult::InUse:
    case CheckResult::InUseNoted:
    case CheckResult::Idle:
      return fmt::format("{} is permitted, and {}", flow, reach);
  }
  return flow;
}

}  // namespace reachproof::reports
