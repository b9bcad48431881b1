#pragma once

#include <string>
#include <vector>

#include "evidence/log.h"
#include "evidence/timestamp.h"

namespace reachproof::evidence {

struct TokenReport {
  std::uint64_t tokens = 0;
  std::string newest;                 ///< a sentence on the newest that verifies; may be empty
  std::vector<std::string> problems;  ///< each names its checkpoint
  std::vector<std::string> notes;     ///< tokens for which nobody says whom to believe
};

/// Verifies the time stamps that a log keeps with its checkpoints, each as of its own time.
/// Believed are the certificates that are given, or those that stand in the log's own "timestamp"
/// records.
[[nodiscard]] Result<TokenReport> verify_tokens(const LogReader& log, const TimestampTrust& trust);

}  // namespace reachproof::evidence
