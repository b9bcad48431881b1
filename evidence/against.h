#pragma once

#include <string>
#include <vector>

#include "evidence/log.h"
#include "evidence/note.h"

/// Holds a log against checkpoints that somebody kept elsewhere: what shows a rollback, or a
/// history that was written anew, to whoever does not trust the log's owner.
namespace reachproof::evidence {

struct KeptCheckpoint {
  std::string where;  ///< the file that it was found in
  std::string note;
};

/// The checkpoints in a file (a signed note, or a bundle) or a folder (a bundle, or files of these
/// kinds). NotFound where there is none.
[[nodiscard]] Result<std::vector<KeptCheckpoint>> kept_checkpoints(const std::string& path);

struct AgainstReport {
  std::uint64_t held = 0;             ///< checkpoints that the log goes on from
  std::vector<std::string> problems;  ///< each names the file of its checkpoint
};

/// `key` is the one that is trusted for the log. The log's own hashes are taken as they are stored:
/// verify_log() shows that they are those of its records.
[[nodiscard]] Result<AgainstReport> check_against(const LogReader& log, const VerifierKey& key,
                                                  const std::vector<KeptCheckpoint>& kept);

}  // namespace reachproof::evidence
