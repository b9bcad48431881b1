#include "reports/plan_text.h"

#include <fmt/core.h>

#include <map>

#include "reports/table.h"

namespace reachproof::reports {
namespace {

std::string seconds(std::chrono::microseconds time) {
  return fmt::format("{}.{} s", time.count() / 1'000'000, time.count() / 100'000 % 10);
}

int witnessed_checks(const core::Plan& plan) {
  int count = 0;
  for (const auto& check : plan.checks) {
    bool all = !check.paths.empty();
    for (const auto& path : check.paths) all = all && path.witnessed;
    count += all ? 1 : 0;
  }
  return count;
}

}  // namespace

std::string plan_text(const core::Plan& plan, bool every_check, const Look& look) {
  std::map<std::string, int> expectations;
  std::map<std::string, int> gaps;
  int untried = 0;
  for (const auto& check : plan.checks) {
    ++expectations[std::string(core::word(check.expectation))];
    if (!check.gap.empty()) ++gaps[check.gap];
    untried += check.pairs_untried;
  }
  std::string out = painted(look, Paint::Bold, fmt::format("{} checks", plan.checks.size()));
  for (const auto& [word, count] : expectations) out += fmt::format("  {} {}", count, word);
  out += fmt::format(
      "\n{} attempts from {} probes, {} of them witnesses, at most {} every {} s and "
      "{} every {} s at one target: about {}\n",
      plan.trials.size(), plan.vantages.size(), plan.witnesses.size(), plan.rate.count,
      plan.rate.per.count(), plan.per_target.count, plan.per_target.per.count(),
      seconds(plan.duration()));
  out += fmt::format("{} checks can be proved by a witness, the others corroborated at most\n",
                     witnessed_checks(plan));
  if (every_check) {
    Table table({"expectation", "flow", "port", "rule", "severity", "paths", "note"});
    for (const auto& check : plan.checks) {
      table.add({{std::string(core::word(check.expectation))},
                 {fmt::format("{} -> {}", check.source, check.destination)},
                 {check.port_and_layer()},
                 {check.rule},
                 {std::string(core::word(check.severity))},
                 {std::to_string(check.paths.size())},
                 {printable(check.gap.empty() ? check.exception : check.gap)}});
    }
    out += table.text(look);
  }
  if (gaps.empty() && plan.gaps.empty() && untried == 0) return out;
  out += painted(look, Paint::Bold, "Will not be tested") + "\n";
  for (const auto& [reason, count] : gaps) {
    out += fmt::format("  {} checks: {}\n", count, printable(reason));
  }
  for (const auto& gap : plan.gaps)
    out += fmt::format("  {}: {}\n", gap.rule, printable(gap.reason));
  if (untried > 0) out += fmt::format("  {} endpoint pairs beyond the samples\n", untried);
  return out;
}

}  // namespace reachproof::reports
