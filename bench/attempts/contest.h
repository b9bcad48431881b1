#pragma once

#include <map>
#include <vector>

#include "bench/attempts/contenders.h"

namespace reachproof::bench {

/// All measures of one case, one a round.
using Measures = std::map<Contender, std::vector<Measure>>;

struct ContestOptions {
  int rounds = 5;
  bool nmap = true;
};

/// Runs the contenders one after the other, round by round, each in a fresh network and process.
[[nodiscard]] Result<Measures> contest(const Work& work, const ContestOptions& options);

/// The median of each figure; the wrong outcomes of all rounds added up.
[[nodiscard]] Measure median(const std::vector<Measure>& measures);

}  // namespace reachproof::bench
