#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/judge.h"
#include "core/plan.h"
#include "orchestrator/run_facts.h"

namespace reachproof::orchestrator {

/// A run in numbers, for metrics. Keys are the values of a metric's labels, in their order.
struct RunTally {
  using Counts = std::map<std::vector<std::string>, std::uint64_t>;
  Counts checks;     ///< expectation, result
  Counts verdicts;   ///< reachability, proof, result
  Counts gaps;       ///< reason
  Counts attempts;   ///< protocol, outcome, reason
  Counts sightings;  ///< protocol, seen
  Counts dead;       ///< segment of targets that could not be proven alive
  Counts witnesses;  ///< reason for which a witness was lost
  Counts proved;     ///< expectation: how many of its checks are proven
  /// Seconds that attempts took, by protocol and outcome; at most kSampledMax of each.
  std::map<std::vector<std::string>, std::vector<double>> seconds;
  static constexpr std::size_t kSampledMax = 1000;
};
[[nodiscard]] RunTally tally_of(const core::Plan& plan, const RunFacts& facts,
                                const std::vector<core::CheckVerdict>& verdicts);

}  // namespace reachproof::orchestrator
