#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "evidence/note.h"

namespace reachproof::evidence {

struct VerifyReport {
  std::uint64_t records = 0;
  std::uint64_t checkpoints = 0;
  std::size_t keys = 1;  ///< that signed them: more than one where the key was rotated
  Hash root{};
  std::string last_note;               ///< the newest checkpoint, empty where none was signed
  std::uint64_t unsigned_records = 0;  ///< appended after the newest checkpoint
  std::vector<std::string> problems;   ///< each names its record, node or checkpoint
  std::vector<std::string> notes;      ///< what the reader should know, though nothing is wrong
  [[nodiscard]] bool sound() const { return problems.empty(); }
};

/// Checks a log file from its bytes: that SQLite finds it whole; that every record's hashes are
/// those of its body and the indexes have no gap; that the stored tree is the tree of the records;
/// that every checkpoint is signed by the key, or by one that it handed over to or took over from
/// (key_history.h), and its root is that of the tree at its size; that
/// every missing body was pruned by two approvers (retention.h); that
/// the head beside the file (`<file>.head`) is not ahead of it. Changes nothing.
///
/// At most 100 problems are listed. An error means that it could not be checked at all.
[[nodiscard]] Result<VerifyReport> verify_log(const std::string& path, const VerifierKey& key);

}  // namespace reachproof::evidence
