#include "orchestrator/run_tally.h"

#include <cstring>

namespace reachproof::orchestrator {
namespace {

std::string words(std::string_view word) {
  return std::string(word);
}

std::string reason_of(const protocol::OutcomeReport& report) {
  if (report.error_number == 0) return "";
  const char* name = strerrorname_np(report.error_number);
  return name == nullptr ? "other" : name;
}

void count_tries(const core::Plan& plan, const RunFacts& facts, RunTally& tally) {
  for (std::size_t t = 0; t < facts.tries.size(); ++t) {
    const auto& made = facts.tries[t];
    const auto& check = plan.checks[plan.trials[t].check];
    const auto& path = check.paths[plan.trials[t].path];
    const auto protocol = words(core::word(check.port.protocol));
    const auto outcome = words(core::word(made.report.outcome));
    ++tally.attempts[{protocol, outcome, reason_of(made.report)}];
    if (made.report.outcome == core::Outcome::NotRun) continue;
    auto& seconds = tally.seconds[{protocol, outcome}];
    if (seconds.size() < RunTally::kSampledMax) {
      seconds.push_back(static_cast<double>(made.report.elapsed_us) / 1e6);
    }
    const auto witness = facts.witnesses.find(path.target);
    if (!path.witnessed || witness == facts.witnesses.end()) continue;
    const auto& seen = witness->second.sightings;
    ++tally.sightings[{protocol, seen.contains(made.order.id) ? "true" : "false"}];
  }
}

}  // namespace

RunTally tally_of(const core::Plan& plan, const RunFacts& facts,
                  const std::vector<core::CheckVerdict>& verdicts) {
  RunTally tally;
  for (std::size_t c = 0; c < plan.checks.size() && c < verdicts.size(); ++c) {
    const auto& check = plan.checks[c];
    const auto& verdict = verdicts[c].verdict;
    const auto expectation = words(core::word(check.expectation));
    const auto result = words(core::word(verdict.result));
    ++tally.checks[{expectation, result}];
    ++tally.verdicts[{words(core::word(verdict.reachability)), words(core::word(verdict.proof)),
                      result}];
    if (verdict.result == core::CheckResult::Unproven) {
      ++tally.gaps[{words(core::word(verdict.reason))}];
    }
    tally.proved[{expectation}] += verdict.proof == core::Proof::Proved ? 1 : 0;
  }
  count_tries(plan, facts, tally);
  std::map<std::string, std::string> segments;  // of targets
  for (const auto& check : plan.checks) {
    for (const auto& path : check.paths) segments[path.target] = check.destination_segment;
  }
  for (const auto& [key, liveness] : facts.liveness) {
    if (liveness.before.report.outcome != core::Outcome::Connected)
      ++tally.dead[{segments[key.target]}];
  }
  for (const auto& [endpoint, witness] : facts.witnesses) {
    if (witness.state == WitnessFacts::State::Lost) ++tally.witnesses[{"lost"}];
    if (witness.state == WitnessFacts::State::Unable) ++tally.witnesses[{"unable"}];
  }
  return tally;
}

}  // namespace reachproof::orchestrator
