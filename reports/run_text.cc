#include "reports/run_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "reports/table.h"

namespace reachproof::reports {
namespace {

using core::CheckResult;
using evidence::StoredCheck;
using evidence::StoredRun;

int count_of(const StoredRun& run, CheckResult result) {
  return static_cast<int>(std::ranges::count_if(
      run.checks, [&](const StoredCheck& c) { return c.verdict.verdict.result == result; }));
}

std::string counted(int count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string verdict_words(const core::Verdict& verdict) {
  std::string words(core::word(verdict.reachability));
  if (verdict.proof != core::Proof::None) words += fmt::format(", {}", core::word(verdict.proof));
  return words;
}

std::string ratio(const core::Verdict& verdict) {
  return verdict.attempts == 0 ? "-" : fmt::format("{}/{}", verdict.connected, verdict.attempts);
}

/// Worst first: what a reader must see before all else.
int importance(CheckResult result) {
  switch (result) {
    case CheckResult::Violation:
      return 0;
    case CheckResult::Broken:
      return 1;
    case CheckResult::Unproven:
      return 2;
    case CheckResult::Excepted:
      return 3;
    case CheckResult::InUseNoted:
      return 4;
    case CheckResult::InUse:
    case CheckResult::Idle:
      return 5;
    case CheckResult::Pass:
      return 6;
  }
  return 7;
}

std::vector<const StoredCheck*> by_importance(const StoredRun& run) {
  std::vector<const StoredCheck*> order;
  for (const auto& check : run.checks) order.push_back(&check);
  std::ranges::stable_sort(order, [](const StoredCheck* a, const StoredCheck* b) {
    const auto key = [](const StoredCheck* c) {
      return std::tuple(importance(c->verdict.verdict.result), -static_cast<int>(c->check.severity),
                        static_cast<int>(c->verdict.verdict.reachability));
    };
    return key(a) < key(b);
  });
  return order;
}

void add_result_row(Table& table, const StoredCheck& check) {
  const auto& verdict = check.verdict.verdict;
  const auto paint = paint_of(verdict.result);
  table.add({{symbol(verdict), paint},
             {std::string(core::word(verdict.result)), paint},
             {fmt::format("{} -> {}", check.check.source, check.check.destination)},
             {check.check.port_and_layer()},
             {check.check.rule},
             {std::string(core::word(check.check.severity))},
             {verdict_words(verdict)},
             {ratio(verdict)},
             {printable(core::explanation(verdict))}});
}

Table result_table() {
  return Table({" ", "result", "flow", "port", "rule", "severity", "verdict", "open", "why"});
}

std::string sentence_of(const StoredRun& run) {
  const int violations = count_of(run, CheckResult::Violation);
  const int broken = count_of(run, CheckResult::Broken);
  const int unproven = count_of(run, CheckResult::Unproven);
  if (run.checks.empty()) return "Nothing was checked: no check of the scenario is in this plan.";
  if (violations + broken == 0 && unproven == 0) {
    return fmt::format("Everything that was checked is as intended: {}.",
                       counted(static_cast<int>(run.checks.size()), "check", "checks"));
  }
  return fmt::format("{}, {} broken, {} unproven, of {}.",
                     counted(violations, "violation", "violations"), broken, unproven,
                     counted(static_cast<int>(run.checks.size()), "check", "checks"));
}

void append_section(std::string& out, const Look& look, std::string_view title) {
  out += painted(look, Paint::Bold, title) + "\n";
}

/// Each failed canary once: why nothing of a segment counts as blocked.
std::string canaries(const StoredRun& run, const Look& look) {
  std::set<std::string> told;
  for (const auto& check : run.checks) {
    const auto& verdict = check.verdict.verdict;
    if (verdict.reason == core::Reason::CanaryFailed) told.insert(verdict.detail);
  }
  std::string out;
  for (const auto& detail : told) {
    out += painted(look, Paint::Bad,
                   "Canary failed, nothing there counts as blocked: " + printable(detail)) +
           "\n";
  }
  return out;
}

}  // namespace

bool ResultFilter::keeps(const StoredCheck& stored) const {
  const auto& check = stored.check;
  const auto end_fits = [](const std::string& wanted, const std::string& workload,
                           const std::string& segment) {
    return wanted.empty() || wanted == workload || wanted == segment;
  };
  const auto port_text = check.port.text();
  const bool port_fits =
      port.empty() || port == port_text || port == std::to_string(check.port.port);
  return (result.empty() || result == core::word(stored.verdict.verdict.result)) &&
         end_fits(source, check.source, check.source_segment) &&
         end_fits(destination, check.destination, check.destination_segment) && port_fits;
}

std::string summary(const StoredRun& run, const Look& look) {
  std::string out;
  const bool fails = count_of(run, CheckResult::Violation) + count_of(run, CheckResult::Broken) > 0;
  if (run.end) out += painted(look, fails ? Paint::Bad : Paint::Bold, sentence_of(run)) + "\n";
  if (!run.end) {
    out += painted(look, Paint::Unsure,
                   "This run never finished: it ended in the middle, and has no verdicts.") +
           "\n";
  } else if (!run.end->interrupted.empty()) {
    out += painted(look, Paint::Unsure,
                   "This run ended early: " + printable(run.end->interrupted) + ".") +
           "\n";
  }
  out += canaries(run, look);
  fmt::format_to(std::back_inserter(out), "run {}  scenario {}  {}\n", run.header.run,
                 run.header.scenario, core::text(run.header.started));
  if (!run.end) return out;
  for (const auto result :
       {CheckResult::Violation, CheckResult::Broken, CheckResult::Unproven, CheckResult::Excepted,
        CheckResult::Pass, CheckResult::InUse, CheckResult::InUseNoted, CheckResult::Idle}) {
    const int count = count_of(run, result);
    if (count == 0) continue;
    out += painted(look, paint_of(result), fmt::format("{} {}", count, core::word(result))) + "  ";
  }
  const auto proofs = [&](core::Proof proof) {
    return std::ranges::count_if(
        run.checks, [&](const StoredCheck& c) { return c.verdict.verdict.proof == proof; });
  };
  fmt::format_to(std::back_inserter(out), "\n{} proved, {} corroborated only\n",
                 proofs(core::Proof::Proved), proofs(core::Proof::Corroborated));
  return out;
}

std::string findings(const StoredRun& run, const Look& look) {
  auto table = result_table();
  for (const auto* check : by_importance(run)) {
    if (importance(check->verdict.verdict.result) <= 4) add_result_row(table, *check);
  }
  if (table.empty()) return "No departures from intent.\n";
  return table.text(look);
}

std::string results(const StoredRun& run, const ResultFilter& filter, const Look& look) {
  auto table = result_table();
  for (const auto* check : by_importance(run)) {
    if (filter.keeps(*check)) add_result_row(table, *check);
  }
  if (table.empty()) return "No check fits.\n";
  return table.text(look);
}

std::map<std::string, core::CheckState> states(const StoredRun& run) {
  std::map<std::string, core::CheckState> states;
  for (const auto& check : run.checks) {
    const auto& verdict = check.verdict.verdict;
    states[check.check.id] = {verdict.result, verdict.reachability, check.check.flow()};
  }
  return states;
}

std::string diff_text(const StoredRun& before, const StoredRun& after, const core::RunDiff& diff,
                      const Look& look) {
  std::string out = fmt::format(
      "{} -> {}: {} opened, {} closed, {} lost sight of, {} newly unproven, {} persisting, {} "
      "changed otherwise, {} checks added, {} removed\n",
      before.header.run, after.header.run, diff.opened.size(), diff.closed.size(),
      diff.lost_sight.size(), diff.dimmed.size(), diff.persisting, diff.changed.size(),
      diff.added.size(), diff.removed.size());
  const auto list = [&](std::string_view title, const std::vector<core::CheckChange>& changes,
                        Paint paint) {
    for (const auto& change : changes) {
      out += painted(look, paint, title);
      fmt::format_to(std::back_inserter(out), "  {}  {} ({}) -> {} ({})\n", change.id,
                     core::word(change.before.result), core::word(change.before.reachability),
                     core::word(change.after.result), core::word(change.after.reachability));
    }
  };
  list("opened     ", diff.opened, Paint::Bad);
  list("closed     ", diff.closed, Paint::Good);
  list("lost sight ", diff.lost_sight, Paint::Unsure);
  list("unproven   ", diff.dimmed, Paint::Unsure);
  list("changed    ", diff.changed, Paint::Plain);
  for (const auto& id : diff.added) out += fmt::format("added        {}\n", id);
  for (const auto& id : diff.removed) out += fmt::format("removed      {}\n", id);
  return out;
}

std::string limitations(const StoredRun& run, const Look& look) {
  std::string out;
  std::map<std::string, int> check_gaps;
  int untried = 0;
  for (const auto& check : run.checks) {
    if (!check.check.gap.empty()) ++check_gaps[check.check.gap];
    untried += check.check.pairs_untried;
  }
  for (const auto& [reason, count] : check_gaps) {
    out += fmt::format("  {}: {}\n", counted(count, "check", "checks"), printable(reason));
  }
  for (const auto& gap : run.gaps)
    out += fmt::format("  {}: {}\n", gap.rule, printable(gap.reason));
  if (untried > 0) {
    out += fmt::format("  {} beyond the samples were not tried\n",
                       counted(untried, "endpoint pair", "endpoint pairs"));
  }
  for (const auto& probe : run.probes) {
    if (probe.lost.empty()) continue;
    out += fmt::format("  the probe at {} was lost: {}\n", probe.endpoint, printable(probe.lost));
  }
  for (const auto& refusal : run.refusals) {
    out += fmt::format("  the probe at {} refused ({}): {}\n", refusal.endpoint, refusal.why,
                       printable(refusal.detail));
  }
  if (out.empty()) return "";
  std::string titled;
  append_section(titled, look, "Not tested");
  return titled + out;
}

}  // namespace reachproof::reports
