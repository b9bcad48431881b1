#pragma once

#include <vector>

#include "core/judge.h"
#include "core/observation.h"

namespace reachproof::bench {

/// What a run of that many checks knows at its end, and what the judge says of it.
struct Facts {
  core::WallTime started{};
  std::vector<std::vector<core::Observation>> observations;  ///< one path for each check
  std::vector<core::CheckVerdict> verdicts;
};

/// Three attempts a check under an armed witness. Of 20 checks 10 are silent, 3 get an ICMP error,
/// 3 are refused on the way, 2 connect and get the nonce back, 1 reaches a closed port, 1 lies
/// behind a source translation; every fifth is IPv6. The same facts for the same count.
[[nodiscard]] Facts facts_of(std::size_t checks);

}  // namespace reachproof::bench
