#include "core/canary.h"

#include <fmt/core.h>

#include <algorithm>

namespace reachproof::core {
namespace {

/// Why nothing of the segment counts as blocked; empty where the canary sings.
std::string failure(const Plan& plan, const std::vector<CheckVerdict>& verdicts,
                    const Segment::Canary& canary) {
  for (std::size_t i = 0; i < plan.checks.size(); ++i) {
    const auto& check = plan.checks[i];
    const auto reachability = verdicts[i].verdict.reachability;
    if (check.rule == canary.denied && is_reachable(reachability)) {
      return fmt::format("enforcement is off: {} must be denied, and is {}", check.id,
                         word(reachability));
    }
    const bool silent = reachability != Reachability::Open &&
                        verdicts[i].verdict.reason != Reason::NotRun &&
                        verdicts[i].verdict.reason != Reason::NoAttempts;
    if (check.rule == canary.allowed && silent) {
      return fmt::format("{} must work, and is {}", check.id, word(reachability));
    }
  }
  return "";
}

}  // namespace

void apply_canaries(const Plan& plan, std::vector<CheckVerdict>& verdicts) {
  // Of what the network says, before anything is voided.
  std::map<std::string, std::string> failed;
  for (const auto& [segment, canary] : plan.canaries) {
    if (auto why = failure(plan, verdicts, canary); !why.empty()) failed[segment] = std::move(why);
  }
  for (std::size_t i = 0; i < plan.checks.size() && !failed.empty(); ++i) {
    auto& verdict = verdicts[i].verdict;
    if (verdict.reachability != Reachability::Blocked) continue;
    for (const auto& segment :
         {plan.checks[i].destination_segment, plan.checks[i].source_segment}) {
      const auto it = failed.find(segment);
      if (it == failed.end()) continue;
      verdict.reachability = Reachability::Inconclusive;
      verdict.proof = Proof::None;
      verdict.result = CheckResult::Unproven;
      verdict.reason = Reason::CanaryFailed;
      verdict.detail = fmt::format("segment {}: {}", segment, it->second);
      break;
    }
  }
}

}  // namespace reachproof::core
