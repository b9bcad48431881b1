#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/calendar.h"
#include "core/error.h"
#include "evidence/database.h"
#include "evidence/merkle.h"
#include "evidence/note.h"
#include "evidence/packing.h"

namespace reachproof::evidence {

using LeafIndex = std::uint64_t;

/// What is kept: the bytes that were hashed, and what they are. docs/evidence-format.md.
struct Record {
  std::string kind;
  std::string body;  ///< UTF-8 JSON, keys sorted, no spaces; at most kBodyBytesMax
};

/// A C2SP entry bundle cannot carry more.
inline constexpr std::size_t kBodyBytesMax = 65'535;

struct StoredRecord {
  LeafIndex index = 0;
  std::string kind;
  std::string recorded_at;
  std::string body;              ///< empty where it was pruned: `pruned`
  bool pruned = false;           ///< the body is gone, its hashes are kept
  std::size_t stored_bytes = 0;  ///< that it takes in the file
  Hash leaf{};
};

/// Append-only Merkle log of evidence records, in one SQLite file.
///
/// A record is on disk when append() returns, and nobody hears of it before. Never signs a tree
/// smaller than one that it has signed: the last signed head is kept beside the file too
/// (`<file>.head`), so that a restored backup is noticed. Not thread-safe: one thread owns it.
class Log {
 public:
  /// Opens for writing, creating the file where there is none. Only one process may: another gets
  /// Busy, with who holds it. `holder` says who we are in that message.
  static Result<Log> open(const std::string& path, const std::string& holder);

  /// Adds records in one transaction and returns the place of the first. All or none: after a
  /// failure nothing of them is there.
  Result<LeafIndex> append(std::span<const Record> records, core::WallTime now);

  /// Signs the tree as it stands and keeps the checkpoint. Returns the note. Refuses (Config) a key
  /// that a "key" record of the log has retired.
  Result<std::string> sign(const SignerKey& key, core::WallTime now);

  /// Lets the bodies of these records go, in one transaction, and gives their bytes back to the
  /// file system; what was there already gone stays so. Returns how many went. Whether they may go
  /// is for prune.h.
  Result<std::uint64_t> drop_bodies(std::span<const std::pair<LeafIndex, LeafIndex>> ranges);

  [[nodiscard]] std::uint64_t size() const { return tree_.size(); }
  [[nodiscard]] Hash root() const { return tree_.root(); }

 private:
  struct Lock;
  struct Statements;
  Log() = default;
  Result<void> create_schema();
  Result<void> take_up_tree();
  Result<void> refuse_rollback(const std::string& path) const;
  Result<void> refuse_retired(const SignerKey& key) const;
  Result<void> insert(std::span<const Record> records, std::string_view time, TreeFrontier& tree);

  std::string path_;
  std::shared_ptr<Lock> lock_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Statements> statements_;
  Packer packer_;
  TreeFrontier tree_;
};

/// A signed head, and the RFC 3161 token that anchors it in time.
struct StoredCheckpoint {
  std::uint64_t size = 0;
  std::string note;
  std::string token;        ///< DER of the TimeStampResp; empty where it was not anchored
  std::string anchored_at;  ///< what the token says, RFC 3339; empty likewise
};

/// Keeps a token with the checkpoint that it covers, whoever holds the log open: nothing else of
/// the file is touched. NotFound where the log has no longer that note.
[[nodiscard]] Result<void> keep_token(const std::string& path, const StoredCheckpoint& anchored);

/// Reads a log without locking it: a run may be writing at the same time.
class LogReader {
 public:
  static Result<LogReader> open(const std::string& path);
  /// The same of a file that nobody writes, such as a copy from elsewhere: what lies beside it
  /// (journals) is not looked at, and nothing is written.
  static Result<LogReader> open_copy(const std::string& path);

  [[nodiscard]] Result<std::uint64_t> size() const;
  [[nodiscard]] Result<StoredRecord> read(LeafIndex index) const;
  /// Records of these kinds (all where empty) from `first` to before `end`, in order. `take` says
  /// whether to go on.
  [[nodiscard]] Result<void> scan(LeafIndex first, LeafIndex end,
                                  const std::vector<std::string>& kinds,
                                  const std::function<bool(const StoredRecord&)>& take) const;
  /// The same from the newest back: records of before `end`.
  [[nodiscard]] Result<void> scan_back(LeafIndex end, const std::vector<std::string>& kinds,
                                       const std::function<bool(const StoredRecord&)>& take) const;
  /// The newest signed checkpoint, as a note; NotFound where nothing was signed yet.
  [[nodiscard]] Result<std::string> last_checkpoint() const;
  /// All of them, the oldest first.
  [[nodiscard]] Result<std::vector<std::string>> checkpoints() const;
  /// The same with their tokens.
  [[nodiscard]] Result<std::vector<StoredCheckpoint>> stored_checkpoints() const;
  [[nodiscard]] ReadNode node_reader() const;
  /// Bodies of records in there rest as packing.h says.
  [[nodiscard]] const Database& database() const { return *database_; }

 private:
  LogReader() = default;
  static Result<LogReader> open_as(const std::string& path, Database::Mode mode);
  Result<void> walk(LeafIndex first, LeafIndex end, const std::vector<std::string>& kinds,
                    bool newest_first, const std::function<bool(const StoredRecord&)>& take) const;
  std::shared_ptr<Database> database_;
};

/// Where the last signed head is kept, beside the log.
[[nodiscard]] std::string head_path(const std::string& log_path);

}  // namespace reachproof::evidence
