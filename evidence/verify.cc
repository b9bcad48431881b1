#include "evidence/verify.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "evidence/database.h"
#include "evidence/key_history.h"
#include "evidence/log.h"
#include "evidence/prune.h"
#include "evidence/record_kind.h"

namespace reachproof::evidence {
namespace {

constexpr std::size_t kProblemsMax = 100;

bool same(std::string_view bytes, const Hash& hash) {
  return bytes.size() == hash.size() &&
         std::equal(hash.begin(), hash.end(), bytes.begin(),
                    [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); });
}

/// "2026-11-30T00:00:00.000Z" by its form: no hash covers when a record was kept.
bool is_time(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00.000Z";
  return std::ranges::equal(text, kForm, [](char c, char form) {
    return form == '0' ? c >= '0' && c <= '9' : c == form;
  });
}

/// The stored nodes of one level, read in their order beside the tree that grows from the records:
/// a row for each node costs much less than a search for each.
class LevelCursor {
 public:
  static Result<LevelCursor> open(const Database& database, int level) {
    auto rows = Statement::prepare(
        database, "SELECT n, hash FROM tree_node WHERE level = ?1 AND n >= 0 ORDER BY n");
    if (!rows) return tl::unexpected(rows.error());
    rows->bind(1, level);
    LevelCursor cursor(std::move(*rows));
    cursor.next();
    return cursor;
  }

  /// Whether node n is there with that hash. Ask for n in ascending order.
  bool holds(std::uint64_t n, const Hash& hash) {
    while (row_ && at_ < n) next();
    return row_ && at_ == n && same(rows_.column_bytes(1), hash);
  }

 private:
  explicit LevelCursor(Statement rows) : rows_(std::move(rows)) {}
  void next() {
    const auto stepped = rows_.step();
    row_ = stepped && *stepped;
    if (row_) at_ = static_cast<std::uint64_t>(rows_.column_number(0));
  }

  Statement rows_;
  bool row_ = false;
  std::uint64_t at_ = 0;
};

class Verifier {
 public:
  Verifier(const Database& database, const LogKeys& keys, const Retention& retention)
      : database_(database), keys_(keys), retention_(retention) {}

  Result<VerifyReport> verify() {
    if (auto whole = check_file(); !whole) return tl::unexpected(whole.error());
    if (auto read = read_checkpoints(); !read) return tl::unexpected(read.error());
    if (auto walked = walk_records(); !walked) return tl::unexpected(walked.error());
    check_remaining_checkpoints();
    report_.records = tree_.size();
    report_.root = tree_.root();
    report_.unsigned_records = tree_.size() - std::min(tree_.size(), signed_size_);
    return std::move(report_);
  }

 private:
  void problem(std::string text) {
    if (report_.problems.size() < kProblemsMax) report_.problems.push_back(std::move(text));
  }

  Result<void> check_file() {
    auto statement = Statement::prepare(database_, "PRAGMA integrity_check(20)");
    if (!statement) return tl::unexpected(statement.error());
    while (true) {
      auto row = statement->step();
      if (!row) return tl::unexpected(row.error());
      if (!*row) return {};
      const std::string line(statement->column_bytes(0));
      if (line != "ok") problem("SQLite finds the file damaged: " + line);
    }
  }

  Result<void> read_checkpoints() {
    auto statement =
        Statement::prepare(database_, "SELECT size, note FROM checkpoint ORDER BY size");
    if (!statement) return tl::unexpected(statement.error());
    while (true) {
      auto row = statement->step();
      if (!row) return tl::unexpected(row.error());
      if (!*row) return {};
      const auto size = static_cast<std::uint64_t>(statement->column_number(0));
      const std::string note(statement->column_bytes(1));
      ++report_.checkpoints;
      take_checkpoint(size, note);
    }
  }

  void take_checkpoint(std::uint64_t size, const std::string& note) {
    const auto where = fmt::format("checkpoint of size {}", size);
    const auto checkpoint = keys_.open(note);
    if (!checkpoint) {
      problem(where + ": " + checkpoint.error().message);
    } else if (checkpoint->size != size || checkpoint->origin != keys_.name()) {
      problem(where + ": it speaks of another size or another log");
    } else {
      expected_[size] = checkpoint->root;
      signed_size_ = size;
      report_.last_note = note;
    }
  }

  Result<void> walk_records() {
    auto records = Statement::prepare(
        database_,
        "SELECT idx, body, body_sha256, leaf_hash, kind, recorded_at FROM record ORDER BY idx");
    if (!records) return tl::unexpected(records.error());
    check_root();
    while (true) {
      auto row = records->step();
      if (!row) return tl::unexpected(row.error());
      if (!*row) return count_nodes();
      check_record(*records);
      tree_.add(leaf_, [&](const TreeFrontier::Node& n) { check_node(n); });
      check_root();
    }
  }

  void check_record(Statement& row) {
    const auto index = static_cast<std::uint64_t>(row.column_number(0));
    if (index != tree_.size()) {
      problem(
          fmt::format("record {} is missing: record {} stands in its place", tree_.size(), index));
    }
    // Records of one batch have one time: it is looked at once.
    if (const auto kept = row.column_bytes(5); kept != kept_) {
      kept_ = kept;
      kept_soundly_ = is_time(kept);
    }
    if (!kept_soundly_) {
      problem(fmt::format("record {}: when it was kept cannot be read", index));
    }
    if (row.column_is_null(1)) {
      // A pruned body: its hashes stay, and the tree stays verifiable.
      std::copy_n(row.column_bytes(3).begin(),
                  std::min<std::size_t>(32, row.column_bytes(3).size()), leaf_.begin());
      check_pruned(index, row.column_bytes(4));
      return;
    }
    const auto unpacked = unpacker_.unpack(row.column_bytes(1));
    if (!unpacked) problem(fmt::format("record {}: {}", index, unpacked.error().message));
    const auto body = unpacked.value_or(std::string_view());
    leaf_ = leaf_hash(body);
    if (!same(row.column_bytes(2), sha256(body))) {
      problem(fmt::format("record {}: its SHA-256 is not that of its body", index));
    }
    if (!same(row.column_bytes(3), leaf_)) {
      problem(fmt::format("record {}: its leaf hash is not that of its body", index));
    }
    check_kind(index, body, row.column_bytes(4));
  }

  void check_pruned(std::uint64_t index, std::string_view kind) {
    const auto* prune = retention_.prune_of(index);
    if (prune == nullptr) {
      problem(fmt::format("record {}: its body is missing, and no prune took it", index));
    } else if (!is_prunable(kind)) {
      problem(fmt::format("record {}: a body of kind `{}` is never pruned", index, kind));
    }
    ++pruned_;
  }

  void check_kind(std::uint64_t index, std::string_view body, std::string_view kind) {
    if (const auto own = other_kind(body, kind)) {
      problem(fmt::format("record {}: it is kept as `{}`, its body says `{}`", index, kind, *own));
    }
  }

  void check_node(const TreeFrontier::Node& node) {
    ++nodes_;
    const auto level = static_cast<std::size_t>(node.level - 1);
    if (level == levels_.size()) levels_.push_back(LevelCursor::open(database_, node.level));
    auto& cursor = levels_[level];
    if (!cursor || !cursor->holds(node.n, node.hash)) {
      problem(
          fmt::format("tree node {} of level {} is not that of the records", node.n, node.level));
    }
  }

  Result<void> count_nodes() {
    const auto stored = database_.number("SELECT COUNT(*) FROM tree_node");
    if (!stored) return tl::unexpected(stored.error());
    if (static_cast<std::uint64_t>(*stored) != nodes_) {
      problem(
          fmt::format("the tree has {} stored nodes where its records give {}", *stored, nodes_));
    }
    if (pruned_ > 0) {
      report_.notes.push_back(fmt::format("the bodies of {} records were pruned", pruned_));
    }
    return {};
  }

  void check_root() {
    const auto it = expected_.find(tree_.size());
    if (it == expected_.end()) return;
    if (it->second != tree_.root()) {
      problem(
          fmt::format("checkpoint of size {}: its root is not that of the first {} records: one "
                      "of them was changed after it was signed",
                      it->first, it->first));
    }
    expected_.erase(it);
  }

  void check_remaining_checkpoints() {
    for (const auto& [size, root] : expected_) {
      problem(
          fmt::format("checkpoint of size {}: the log holds {} records only; the rest is missing",
                      size, tree_.size()));
    }
  }

  const Database& database_;
  const LogKeys& keys_;
  const Retention& retention_;
  VerifyReport report_;
  Unpacker unpacker_;
  TreeFrontier tree_;
  Hash leaf_{};
  std::map<std::uint64_t, Hash> expected_;
  std::vector<Result<LevelCursor>> levels_;  ///< level 1 first; each begins with its first node
  std::uint64_t signed_size_ = 0;
  std::uint64_t nodes_ = 0;
  std::uint64_t pruned_ = 0;
  std::string kept_;  ///< when the record before was kept
  bool kept_soundly_ = false;
};

/// The head beside the file was written after the last signature: a file that is behind it, or
/// tells another story, is not the file that was signed.
void check_head(const std::string& path, const LogKeys& keys,
                const std::vector<std::string>& checkpoints, VerifyReport& report) {
  std::ifstream file(head_path(path), std::ios::binary);
  if (!file) {
    report.notes.push_back(head_path(path) + " is not there: a restored backup would go unnoticed");
    return;
  }
  std::ostringstream note;
  note << file.rdbuf();
  const auto head = keys.open(note.str());
  if (!head) {
    report.problems.push_back(head_path(path) + " is not a checkpoint signed by this log's key");
  } else if (head->size > report.records) {
    report.problems.push_back(
        fmt::format("{} was signed at {} records, the log holds {}: the rest "
                    "is missing",
                    head_path(path), head->size, report.records));
  } else if (note.str() == report.last_note) {
    return;
  } else if (std::ranges::find(checkpoints, note.str()) != checkpoints.end()) {
    // It is written after the checkpoint: a signing that was broken off leaves the older one.
    report.notes.push_back(head_path(path) + " is older than the newest checkpoint of the log");
  } else {
    report.problems.push_back(head_path(path) + " is not the newest checkpoint of the log");
  }
}

}  // namespace

Result<VerifyReport> verify_log(const std::string& path, const VerifierKey& key) {
  auto reader = LogReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  const auto checkpoints = reader->checkpoints().value_or(std::vector<std::string>());
  const auto events = key_events(*reader);
  const auto keys = LogKeys::from(key, events.value_or(std::vector<KeyEvent>()), checkpoints);
  const auto said = retention_of(*reader);
  const auto retention = said.value_or(Retention());
  auto report = Verifier(reader->database(), keys, retention).verify();
  if (!report) return report;
  if (!events) report->problems.push_back(events.error().message);
  if (!said) report->problems.push_back(said.error().message);
  std::ranges::move(retention.problems(), std::back_inserter(report->problems));
  report->keys = keys.count();
  check_head(path, keys, checkpoints, *report);
  return report;
}

}  // namespace reachproof::evidence
