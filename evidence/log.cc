#include "evidence/log.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/check.h"

namespace reachproof::evidence {
namespace {

/// 2: bodies may be packed (packing.h). Files of 1 are read as they are, and become 2 when written.
constexpr int kSchemaVersion = 2;

/// Triggers stop accidents, not an administrator: what makes a change detectable is the signed
/// head together with a copy of it held elsewhere.
constexpr const char* kSchema = R"sql(
PRAGMA page_size = 4096;
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS record(
  idx INTEGER PRIMARY KEY CHECK(idx >= 0), kind TEXT NOT NULL, recorded_at TEXT NOT NULL,
  body BLOB,
  body_sha256 BLOB NOT NULL CHECK(length(body_sha256) = 32),
  leaf_hash   BLOB NOT NULL CHECK(length(leaf_hash) = 32)) STRICT;
CREATE INDEX IF NOT EXISTS record_by_kind ON record(kind, idx);
CREATE TABLE IF NOT EXISTS tree_node(
  level INTEGER, n INTEGER, hash BLOB NOT NULL, PRIMARY KEY(level, n)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS checkpoint(
  size INTEGER PRIMARY KEY, note BLOB NOT NULL, tsr BLOB, anchored_at TEXT) STRICT;
CREATE TRIGGER IF NOT EXISTS record_no_delete BEFORE DELETE ON record
  BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS record_dense BEFORE INSERT ON record
  WHEN NEW.idx IS NOT (SELECT COALESCE(MAX(idx) + 1, 0) FROM record)
  BEGIN SELECT RAISE(ABORT, 'index gap'); END;
CREATE TRIGGER IF NOT EXISTS record_no_update BEFORE UPDATE ON record
  WHEN NOT (NEW.body IS NULL AND OLD.body IS NOT NULL AND NEW.idx IS OLD.idx
            AND NEW.kind IS OLD.kind AND NEW.recorded_at IS OLD.recorded_at
            AND NEW.body_sha256 IS OLD.body_sha256 AND NEW.leaf_hash IS OLD.leaf_hash)
  BEGIN SELECT RAISE(ABORT, 'append-only'); END;
PRAGMA user_version = 2;
COMMIT;
)sql";

/// A record is on disk before anybody is told of it; INSERT OR REPLACE must fire the triggers. The
/// write-ahead log is carried over every 16 MB, so that hot pages are written once, not each time.
constexpr const char* kConnection = R"sql(
PRAGMA synchronous = FULL;
PRAGMA recursive_triggers = ON;
PRAGMA wal_autocheckpoint = 4096;
PRAGMA cache_size = -16384;
)sql";

/// Rows of one INSERT. The triggers may abort, so SQLite keeps a copy of every page that a
/// statement changes: once for many rows is cheaper than once for each.
constexpr std::size_t kRowsAtOnce = 50;
constexpr int kColumns = 6;

std::string insert_sql(std::size_t rows) {
  std::string sql = "INSERT INTO record VALUES(?,?,?,?,?,?)";
  for (std::size_t i = 1; i < rows; ++i) sql += ",(?,?,?,?,?,?)";
  return sql;
}

std::string whole_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// On disk, whole, or not at all.
Result<void> replace_file(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".new";
  const int fd = ::open(fresh.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0) {
    return fail(ErrorCode::Io, fmt::format("cannot write `{}`: {}", fresh, std::strerror(errno)));
  }
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(fd) == 0;
  ::close(fd);
  if (!written || ::rename(fresh.c_str(), path.c_str()) != 0) {
    return fail(ErrorCode::Io, fmt::format("cannot write `{}`: {}", path, std::strerror(errno)));
  }
  return {};
}

Hash hash_in(std::string_view bytes) {
  Hash hash{};
  if (bytes.size() == hash.size()) std::ranges::copy(bytes, hash.begin());
  return hash;
}

/// Reads nodes of the stored tree; level 0 are the records' leaf hashes.
Result<Hash> read_node(const Database& database, int level, std::uint64_t n) {
  auto statement = Statement::prepare(
      database, level == 0 ? "SELECT leaf_hash FROM record WHERE idx = ?1"
                           : "SELECT hash FROM tree_node WHERE n = ?1 AND level = ?2");
  if (!statement) return tl::unexpected(statement.error());
  statement->bind(1, static_cast<std::int64_t>(n));
  if (level > 0) statement->bind(2, level);
  auto row = statement->step();
  if (!row) return tl::unexpected(row.error());
  if (!*row || statement->column_bytes(0).size() != 32) {
    return fail(ErrorCode::Corrupt, fmt::format("tree node {} of level {} is missing", n, level));
  }
  return hash_in(statement->column_bytes(0));
}

}  // namespace

/// An advisory lock on `<file>.lock`; the system lets go of it whatever ends us.
struct Log::Lock {
  int fd = -1;
  ~Lock() {
    if (fd >= 0) ::close(fd);
  }
};

struct Log::Statements {
  Statement insert_record;
  Statement insert_records;  ///< kRowsAtOnce of them
  Statement insert_node;
  Statement insert_checkpoint;
};

std::string head_path(const std::string& log_path) {
  return log_path + ".head";
}

Result<Log> Log::open(const std::string& path, const std::string& holder) {
  Log log;
  log.path_ = path;
  log.lock_ = std::make_shared<Lock>();
  const auto lock_path = path + ".lock";
  log.lock_->fd = ::open(lock_path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  if (log.lock_->fd < 0) {
    return fail(ErrorCode::Io,
                fmt::format("cannot create `{}`: {}", lock_path, std::strerror(errno)));
  }
  if (::flock(log.lock_->fd, LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::Busy,
                fmt::format("the evidence file `{}` is in use by {}", path, whole_file(lock_path)));
  }
  if (::ftruncate(log.lock_->fd, 0) != 0 ||
      ::pwrite(log.lock_->fd, holder.data(), holder.size(), 0) < 0) {
    return fail(ErrorCode::Io, fmt::format("cannot write `{}`", lock_path));
  }
  auto database = Database::open(path, Database::Mode::ReadWrite);
  if (!database) return tl::unexpected(database.error());
  log.database_ = std::make_unique<Database>(std::move(*database));
  if (auto made = log.create_schema(); !made) return fail(std::move(made), "open evidence");
  if (auto grown = log.take_up_tree(); !grown) return fail(std::move(grown), "open evidence");
  if (auto sound = log.refuse_rollback(path); !sound) return tl::unexpected(sound.error());
  return log;
}

Result<void> Log::create_schema() {
  const auto version = database_->number("PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  if (*version > kSchemaVersion) {
    return fail(ErrorCode::Config, fmt::format("`{}` was written by a newer release", path_));
  }
  if (*version == 0) {
    if (auto made = database_->run(kSchema); !made) return made;
  } else if (*version < kSchemaVersion) {
    if (auto raised = database_->run("PRAGMA user_version = 2"); !raised) return raised;
  }
  if (auto set = database_->run(kConnection); !set) return set;
  auto record = Statement::prepare(*database_, insert_sql(1));
  auto records = Statement::prepare(*database_, insert_sql(kRowsAtOnce));
  auto node = Statement::prepare(*database_, "INSERT INTO tree_node VALUES(?1,?2,?3)");
  auto checkpoint = Statement::prepare(
      *database_,
      "INSERT INTO checkpoint(size, note) VALUES(?1,?2) ON CONFLICT(size) DO UPDATE "
      "SET note = excluded.note, tsr = NULL, anchored_at = NULL "
      "WHERE note IS NOT excluded.note");
  if (!record) return tl::unexpected(record.error());
  if (!records) return tl::unexpected(records.error());
  if (!node) return tl::unexpected(node.error());
  if (!checkpoint) return tl::unexpected(checkpoint.error());
  statements_ = std::make_shared<Statements>(Statements{std::move(*record), std::move(*records),
                                                        std::move(*node), std::move(*checkpoint)});
  return {};
}

Result<void> Log::take_up_tree() {
  const auto count = database_->number("SELECT COALESCE(MAX(idx) + 1, 0) FROM record");
  if (!count) return tl::unexpected(count.error());
  const auto size = static_cast<std::uint64_t>(*count);
  std::vector<Hash> subtrees;
  for (const auto& node : complete_subtrees(size)) {
    auto hash = read_node(*database_, node.level, node.n);
    if (!hash) return tl::unexpected(hash.error());
    subtrees.push_back(*hash);
  }
  tree_ = TreeFrontier(size, std::move(subtrees));
  return {};
}

Result<void> Log::refuse_rollback(const std::string& path) const {
  const auto signed_size = database_->number("SELECT COALESCE(MAX(size), 0) FROM checkpoint");
  if (!signed_size) return tl::unexpected(signed_size.error());
  auto largest = static_cast<std::uint64_t>(*signed_size);
  const auto head = whole_file(head_path(path));
  if (!head.empty()) {
    const auto checkpoint = Checkpoint::parse(head);
    if (!checkpoint) return fail(ErrorCode::Corrupt, head_path(path) + " is not a checkpoint");
    largest = std::max(largest, checkpoint->size);
  }
  if (largest <= tree_.size()) return {};
  return fail(ErrorCode::Corrupt,
              fmt::format("`{}` holds {} records, but {} were signed: records are missing (an old "
                          "backup?). Nothing is written to it. Keep it, and `{}`, for inspection, "
                          "and start another evidence file",
                          path, tree_.size(), largest, head_path(path)));
}

/// At most kRowsAtOnce records, with what they complete of the tree.
Result<void> Log::insert(std::span<const Record> records, std::string_view time,
                         TreeFrontier& tree) {
  std::array<Hash, kRowsAtOnce> digests;
  std::array<Hash, kRowsAtOnce> leaves;
  std::array<std::string, kRowsAtOnce> stored;
  auto& statement =
      records.size() == kRowsAtOnce ? statements_->insert_records : statements_->insert_record;
  CHECK(records.size() == kRowsAtOnce || records.size() == 1);
  int place = 1;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto& record = records[i];
    if (record.body.size() > kBodyBytesMax) {
      return fail(ErrorCode::Internal, fmt::format("a record of {} bytes; at most {} fit",
                                                   record.body.size(), kBodyBytesMax));
    }
    digests[i] = sha256(record.body);
    leaves[i] = leaf_hash(record.body);
    stored[i] = packer_.pack(record.kind, record.body);
    statement.bind(place, static_cast<std::int64_t>(tree.size() + i));
    statement.bind_text(place + 1, record.kind).bind_text(place + 2, time);
    statement.bind_blob(place + 3, stored[i]).bind_blob(place + 4, digests[i]);
    statement.bind_blob(place + 5, leaves[i]);
    place += kColumns;
  }
  if (auto done = statement.execute(); !done) return done;
  Result<void> nodes;
  for (std::size_t i = 0; i < records.size(); ++i) {
    tree.add(leaves[i], [&](const TreeFrontier::Node& node) {
      if (!nodes) return;
      statements_->insert_node.bind(1, node.level).bind(2, static_cast<std::int64_t>(node.n));
      nodes = statements_->insert_node.bind_blob(3, node.hash).execute();
    });
  }
  return nodes;
}

Result<LeafIndex> Log::append(std::span<const Record> records, core::WallTime now) {
  const LeafIndex first = tree_.size();
  TreeFrontier grown = tree_;
  const std::string time = core::text(now);
  if (auto begun = database_->run("BEGIN IMMEDIATE"); !begun) return tl::unexpected(begun.error());
  for (std::size_t at = 0; at < records.size();) {
    const std::size_t count = records.size() - at >= kRowsAtOnce ? kRowsAtOnce : 1;
    auto inserted = insert(records.subspan(at, count), time, grown);
    at += count;
    if (!inserted) {
      (void)database_->run("ROLLBACK");
      return fail(std::move(inserted), "append evidence");
    }
  }
  if (auto committed = database_->run("COMMIT"); !committed) {
    (void)database_->run("ROLLBACK");
    return fail(std::move(committed), "append evidence");
  }
  tree_ = std::move(grown);
  return first;
}

Result<void> Log::refuse_retired(const SignerKey& key) const {
  auto newest = Statement::prepare(
      *database_,
      "SELECT json_extract(CAST(body AS TEXT), '$.key') FROM record WHERE kind = 'key' "
      "AND json_extract(CAST(body AS TEXT), '$.role') = 'log' ORDER BY idx DESC LIMIT 1");
  if (!newest) return tl::unexpected(newest.error());
  auto row = newest->step();
  if (!row) return tl::unexpected(row.error());
  if (!*row || newest->column_bytes(0) == key.verifier().text()) return {};
  return fail(ErrorCode::Config,
              fmt::format("the key of `{}` was rotated to {}, and the key that is to sign is an "
                          "older one: restore the newer key file, or finish the rotation with "
                          "`reachproof evidence key rotate`",
                          path_, newest->column_bytes(0)));
}

Result<std::string> Log::sign(const SignerKey& key, core::WallTime) {
  if (auto current = refuse_retired(key); !current) return tl::unexpected(current.error());
  const Checkpoint checkpoint{key.verifier().name, tree_.size(), tree_.root()};
  auto note = signed_note(checkpoint.text(), key);
  if (!note) return note;
  statements_->insert_checkpoint.bind(1, static_cast<std::int64_t>(checkpoint.size));
  if (auto kept = statements_->insert_checkpoint.bind_blob(2, *note).execute(); !kept) {
    return fail(std::move(kept), "keep the checkpoint");
  }
  if (auto head = replace_file(head_path(path_), *note); !head) return tl::unexpected(head.error());
  return note;
}

Result<std::uint64_t> Log::drop_bodies(std::span<const std::pair<LeafIndex, LeafIndex>> ranges) {
  auto drop = Statement::prepare(
      *database_, "UPDATE record SET body = NULL WHERE idx BETWEEN ?1 AND ?2 AND body IS NOT NULL");
  if (!drop) return tl::unexpected(drop.error());
  // Freed pages are overwritten, in the file and by emptying the write-ahead log.
  auto begun = database_->run("PRAGMA secure_delete = ON; BEGIN IMMEDIATE");
  if (!begun) return tl::unexpected(begun.error());
  std::uint64_t gone = 0;
  for (const auto& [first, last] : ranges) {
    drop->bind(1, static_cast<std::int64_t>(first)).bind(2, static_cast<std::int64_t>(last));
    if (auto done = drop->execute(); !done) {
      (void)database_->run("ROLLBACK");
      return fail(std::move(done), "prune");
    }
    gone += database_->changed_rows();
  }
  if (auto done = database_->run("COMMIT"); !done) {
    (void)database_->run("ROLLBACK");
    return fail(std::move(done), "prune");
  }
  if (auto done = database_->run("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)"); !done) {
    return fail(std::move(done),
                "the bodies are gone, but their room is not given back (is the disk full?)");
  }
  return gone;
}

Result<void> keep_token(const std::string& path, const StoredCheckpoint& anchored) {
  auto database = Database::open(path, Database::Mode::ReadWrite);
  if (!database) return tl::unexpected(database.error());
  if (auto set = database->run(kConnection); !set) return set;
  auto update = Statement::prepare(*database,
                                   "UPDATE checkpoint SET tsr = ?3, anchored_at = ?4 "
                                   "WHERE size = ?1 AND note = ?2 RETURNING size");
  if (!update) return tl::unexpected(update.error());
  update->bind(1, static_cast<std::int64_t>(anchored.size)).bind_blob(2, anchored.note);
  update->bind_blob(3, anchored.token).bind_text(4, anchored.anchored_at);
  auto row = update->step();
  if (!row) return fail(std::move(row), "keep the time stamp");
  if (*row) return update->execute();
  return fail(ErrorCode::NotFound, fmt::format("`{}` no longer holds the checkpoint of {} records",
                                               path, anchored.size));
}

Result<LogReader> LogReader::open(const std::string& path) {
  return open_as(path, Database::Mode::ReadOnly);
}

Result<LogReader> LogReader::open_copy(const std::string& path) {
  return open_as(path, Database::Mode::Frozen);
}

Result<LogReader> LogReader::open_as(const std::string& path, Database::Mode mode) {
  if (!std::filesystem::exists(path)) {
    return fail(ErrorCode::NotFound, fmt::format("there is no evidence file `{}`", path));
  }
  auto database = Database::open(path, mode);
  if (!database) return tl::unexpected(database.error());
  LogReader reader;
  reader.database_ = std::make_shared<Database>(std::move(*database));
  const auto version = reader.database_->number("PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  if (*version > kSchemaVersion) {
    return fail(ErrorCode::Config, fmt::format("`{}` was written by a newer release", path));
  }
  if (*version < 1) {
    return fail(ErrorCode::Corrupt, fmt::format("`{}` is not an evidence file of this tool", path));
  }
  return reader;
}

Result<std::uint64_t> LogReader::size() const {
  const auto count = database_->number("SELECT COALESCE(MAX(idx) + 1, 0) FROM record");
  if (!count) return tl::unexpected(count.error());
  return static_cast<std::uint64_t>(*count);
}

Result<StoredRecord> LogReader::read(LeafIndex index) const {
  StoredRecord found;
  bool any = false;
  auto scanned = scan(index, index + 1, {}, [&](const StoredRecord& record) {
    found = record;
    any = true;
    return false;
  });
  if (!scanned) return tl::unexpected(scanned.error());
  if (!any) return fail(ErrorCode::NotFound, fmt::format("there is no record {}", index));
  return found;
}

Result<void> LogReader::scan(LeafIndex first, LeafIndex end, const std::vector<std::string>& kinds,
                             const std::function<bool(const StoredRecord&)>& take) const {
  return walk(first, end, kinds, false, take);
}

Result<void> LogReader::scan_back(LeafIndex end, const std::vector<std::string>& kinds,
                                  const std::function<bool(const StoredRecord&)>& take) const {
  return walk(0, end, kinds, true, take);
}

Result<void> LogReader::walk(LeafIndex first, LeafIndex end, const std::vector<std::string>& kinds,
                             bool newest_first,
                             const std::function<bool(const StoredRecord&)>& take) const {
  std::string sql =
      "SELECT idx, kind, recorded_at, body, leaf_hash FROM record "
      "WHERE idx >= ?1 AND idx < ?2";
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    sql += fmt::format("{}?{}", i == 0 ? " AND kind IN (" : ",", i + 3);
  }
  sql += kinds.empty() ? " ORDER BY idx" : ") ORDER BY idx";
  if (newest_first) sql += " DESC";
  auto statement = Statement::prepare(*database_, sql);
  if (!statement) return tl::unexpected(statement.error());
  constexpr std::uint64_t kEndMax = std::uint64_t{1} << 62U;
  statement->bind(1, static_cast<std::int64_t>(first));
  statement->bind(2, static_cast<std::int64_t>(std::min(end, kEndMax)));
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    statement->bind_text(static_cast<int>(i) + 3, kinds[i]);
  }
  Unpacker unpacker;
  while (true) {
    auto row = statement->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return {};
    const auto index = static_cast<LeafIndex>(statement->column_number(0));
    const auto body = unpacker.unpack(statement->column_bytes(3));
    if (!body)
      return fail(body.error().code, fmt::format("record {}: {}", index, body.error().message));
    const StoredRecord record{.index = index,
                              .kind = std::string(statement->column_bytes(1)),
                              .recorded_at = std::string(statement->column_bytes(2)),
                              .body = std::string(*body),
                              .pruned = statement->column_is_null(3),
                              .stored_bytes = statement->column_bytes(3).size(),
                              .leaf = hash_in(statement->column_bytes(4))};
    if (!take(record)) return {};
  }
}

Result<std::vector<StoredCheckpoint>> LogReader::stored_checkpoints() const {
  auto statement = Statement::prepare(
      *database_, "SELECT size, note, tsr, anchored_at FROM checkpoint ORDER BY size");
  if (!statement) return tl::unexpected(statement.error());
  std::vector<StoredCheckpoint> checkpoints;
  while (true) {
    auto row = statement->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return checkpoints;
    checkpoints.push_back({static_cast<std::uint64_t>(statement->column_number(0)),
                           std::string(statement->column_bytes(1)),
                           std::string(statement->column_bytes(2)),
                           std::string(statement->column_bytes(3))});
  }
}

Result<std::vector<std::string>> LogReader::checkpoints() const {
  auto stored = stored_checkpoints();
  if (!stored) return tl::unexpected(stored.error());
  std::vector<std::string> notes;
  for (auto& checkpoint : *stored) notes.push_back(std::move(checkpoint.note));
  return notes;
}

Result<std::string> LogReader::last_checkpoint() const {
  auto notes = checkpoints();
  if (!notes) return tl::unexpected(notes.error());
  if (notes->empty()) return fail(ErrorCode::NotFound, "nothing in this log has been signed yet");
  return notes->back();
}

ReadNode LogReader::node_reader() const {
  return
      [database = database_](int level, std::uint64_t n) { return read_node(*database, level, n); };
}

}  // namespace reachproof::evidence
