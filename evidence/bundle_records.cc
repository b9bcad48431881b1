#include "evidence/bundle_records.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <map>

#include "core/hex.h"

namespace reachproof::evidence {
namespace {

namespace json = boost::json;

constexpr const char* kSchema = R"sql(
PRAGMA page_size = 4096;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA user_version = 1;
BEGIN;
CREATE TABLE record(
  idx INTEGER PRIMARY KEY CHECK(idx >= 0), kind TEXT NOT NULL, recorded_at TEXT NOT NULL,
  body BLOB,
  body_sha256 BLOB NOT NULL CHECK(length(body_sha256) = 32),
  leaf_hash   BLOB NOT NULL CHECK(length(leaf_hash) = 32)) STRICT;
CREATE TABLE checkpoint(
  size INTEGER PRIMARY KEY, note BLOB NOT NULL, tsr BLOB, anchored_at TEXT) STRICT;
)sql";

/// Bytes 96 to 99 of a database name the release of SQLite that wrote it (fileformat2.html 1.3.17):
/// the one thing in it that would differ between machines. Here they name 3.37, which has STRICT.
constexpr std::size_t kWriterAt = 96;
constexpr std::array<char, 4> kWriter{0x00, 0x2e, 0x38, 0x68};

Result<void> forget_writer(const std::string& path) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(kWriterAt).write(kWriter.data(), kWriter.size());
  if (!file.flush()) return fail(ErrorCode::Io, fmt::format("cannot write `{}`", path));
  return {};
}

Result<void> insert_checkpoints(const Database& database,
                                std::span<const StoredCheckpoint> checkpoints) {
  auto insert = Statement::prepare(database, "INSERT INTO checkpoint VALUES(?1,?2,?3,?4)");
  if (!insert) return tl::unexpected(insert.error());
  std::map<std::uint64_t, const StoredCheckpoint*> by_size;
  for (const auto& checkpoint : checkpoints) by_size[checkpoint.size] = &checkpoint;
  for (const auto& [size, checkpoint] : by_size) {
    auto row = Statement::prepare(database, "INSERT INTO checkpoint(size, note) VALUES(?1,?2)");
    auto& statement = checkpoint->token.empty() ? *row : *insert;
    statement.bind(1, static_cast<std::int64_t>(size)).bind_blob(2, checkpoint->note);
    if (!checkpoint->token.empty()) {
      statement.bind_blob(3, checkpoint->token).bind_text(4, checkpoint->anchored_at);
    }
    if (auto done = statement.execute(); !done) return done;
  }
  return {};
}

/// Copies the rows as they are, bodies unpacked or left out.
class RecordCopy {
 public:
  RecordCopy(const LogReader& log, Redaction redaction) : log_(log), redaction_(redaction) {}

  Result<BundledRecords> copy(Database& to, const BundleRange& range, LeafIndex keys_end) {
    auto rows = Statement::prepare(
        log_.database(),
        "SELECT idx, kind, recorded_at, body, body_sha256, leaf_hash FROM record "
        "WHERE (idx >= ?1 AND idx < ?2) OR (kind = 'key' AND idx < ?3) ORDER BY idx");
    auto insert = Statement::prepare(to, "INSERT INTO record VALUES(?1,?2,?3,?4,?5,?6)");
    auto without_body =
        Statement::prepare(to,
                           "INSERT INTO record(idx, kind, recorded_at, body_sha256, leaf_hash) "
                           "VALUES(?1,?2,?3,?5,?6)");
    if (!rows) return tl::unexpected(rows.error());
    if (!insert) return tl::unexpected(insert.error());
    if (!without_body) return tl::unexpected(without_body.error());
    rows->bind(1, static_cast<std::int64_t>(range.first));
    rows->bind(2, static_cast<std::int64_t>(range.end));
    rows->bind(3, static_cast<std::int64_t>(keys_end));
    while (true) {
      auto row = rows->step();
      if (!row) return tl::unexpected(row.error());
      if (!*row) return std::move(copied_);
      const auto body = unpacker_.unpack(rows->column_bytes(3));
      if (!body) {
        return fail(body.error().code,
                    fmt::format("record {}: {}", rows->column_number(0), body.error().message));
      }
      const bool left_out =
          rows->column_is_null(3) || is_left_out(redaction_, rows->column_bytes(1), *body);
      auto& statement = left_out ? *without_body : *insert;
      if (auto done = copy_row(*rows, *body, statement, left_out); !done) {
        return tl::unexpected(done.error());
      }
      const auto time = core::parse_wall_time(rows->column_bytes(2));
      if (time && copied_.indexes.back() < range.end) copied_.newest = *time;
    }
  }

 private:
  Result<void> copy_row(const Statement& row, std::string_view body, Statement& insert,
                        bool left_out) {
    copied_.indexes.push_back(static_cast<LeafIndex>(row.column_number(0)));
    insert.bind(1, row.column_number(0)).bind_text(2, row.column_bytes(1));
    insert.bind_text(3, row.column_bytes(2));
    if (left_out) {
      ++copied_.bodies_left_out;
    } else {
      insert.bind_blob(4, body);
    }
    return insert.bind_blob(5, row.column_bytes(4)).bind_blob(6, row.column_bytes(5)).execute();
  }

  const LogReader& log_;
  Redaction redaction_;
  Unpacker unpacker_;
  BundledRecords copied_;
};

struct Piece {
  std::string role;
  std::string run;
  std::string text;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

std::optional<Piece> piece_in(std::string_view body) {
  json::error_code error;
  const auto value = json::parse(body, error);
  if (error || !value.is_object()) return std::nullopt;
  const auto& object = value.get_object();
  const auto text = [&](std::string_view name) -> std::string {
    const auto* field = object.if_contains(name);
    return field != nullptr && field->is_string() ? std::string(field->get_string()) : "";
  };
  const auto number = [&](std::string_view name) -> std::uint64_t {
    const auto* field = object.if_contains(name);
    const bool sound = field != nullptr && field->is_int64() && field->get_int64() >= 0;
    return sound ? static_cast<std::uint64_t>(field->get_int64()) : 0;
  };
  return Piece{text("role"), text("run"), text("text"), number("offset"), number("size")};
}

}  // namespace

Result<BundledRecords> write_records(const LogReader& log, const BundleRange& range,
                                     LeafIndex keys_end,
                                     std::span<const StoredCheckpoint> checkpoints,
                                     Redaction redaction, const std::string& path) {
  if (std::filesystem::exists(path)) {
    return fail(ErrorCode::Io, fmt::format("`{}` is in the way: remove it", path));
  }
  Result<BundledRecords> copied;
  {
    auto database = Database::open(path, Database::Mode::ReadWrite);
    if (!database) return tl::unexpected(database.error());
    if (auto made = database->run(kSchema); !made) return tl::unexpected(made.error());
    copied = RecordCopy(log, redaction).copy(*database, range, keys_end);
    if (!copied) return copied;
    if (auto done = insert_checkpoints(*database, checkpoints); !done) {
      return tl::unexpected(done.error());
    }
    if (auto done = database->run("COMMIT"); !done) return tl::unexpected(done.error());
  }
  if (auto done = forget_writer(path); !done) return tl::unexpected(done.error());
  return copied;
}

std::string snapshot_path(const Snapshot& snapshot) {
  constexpr std::size_t kDigits = 12;
  const auto digest = core::hex(sha256(snapshot.text)).substr(0, kDigits);
  return fmt::format("scenario/{}-{}.yaml", snapshot.role, digest);
}

Result<std::vector<Snapshot>> snapshots_of(const LogReader& log, const std::string& run,
                                           LeafIndex first, LeafIndex end) {
  std::vector<Snapshot> found;
  Result<void> sound;
  bool pruned = false;
  auto scanned = log.scan(first, end, {"snapshot"}, [&](const StoredRecord& record) {
    if (record.pruned) {
      pruned = true;
      return true;
    }
    const auto piece = piece_in(record.body);
    if (piece && piece->run != run) return true;
    auto snapshot = std::ranges::find(found, piece ? piece->role : "", &Snapshot::role);
    const auto so_far = snapshot == found.end() ? 0 : snapshot->text.size();
    if (piece && piece->offset != so_far && pruned) return true;
    if (!piece || piece->offset != so_far) {
      sound = fail(ErrorCode::Corrupt,
                   fmt::format("record {} (snapshot): a piece is missing before it", record.index));
      return false;
    }
    if (piece->role != "scenario" && piece->role != "inventory") return true;
    if (snapshot == found.end()) snapshot = found.insert(found.end(), {piece->role, ""});
    snapshot->text += piece->text;
    return true;
  });
  if (!scanned) return tl::unexpected(scanned.error());
  if (!sound) return tl::unexpected(sound.error());
  return found;
}

}  // namespace reachproof::evidence
