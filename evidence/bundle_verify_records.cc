#include "evidence/bundle_verify_records.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "core/hex.h"
#include "evidence/bundle_records.h"
#include "evidence/record_kind.h"
#include "evidence/stored_run.h"
#include "evidence/tlog_proof.h"

namespace reachproof::evidence {
namespace {

constexpr std::string_view kProofs = "proofs/";
constexpr std::string_view kProofEnd = ".tlog-proof";

bool same(std::string_view bytes, const Hash& hash) {
  return bytes == std::string_view(reinterpret_cast<const char*>(hash.data()), hash.size());
}

std::string proof_path(LeafIndex index) {
  return fmt::format("{}{}{}", kProofs, index, kProofEnd);
}

class RecordCheck {
 public:
  RecordCheck(const BundleFolder& bundle, const BundleAbout& about, const Checkpoint& last,
              const std::string& last_note, Problems& problems)
      : bundle_(bundle), about_(about), last_(last), last_note_(last_note), problems_(problems) {}

  BundleRecords check(const LogReader& records) {
    if (auto done = walk(records.database()); !done) {
      problems_.add("evidence.db: " + done.error().message);
    }
    if (expected_ < about_.end_record) missing(expected_, about_.end_record);
    if (found_.bodies_left_out != about_.bodies_left_out) {
      problems_.add(
          fmt::format("evidence.db: the bodies of {} records are not there, where "
                      "bundle.json says that {} were left out",
                      found_.bodies_left_out, about_.bodies_left_out));
    }
    check_strays();
    return found_;
  }

 private:
  Result<void> walk(const Database& database) {
    auto whole = Statement::prepare(database, "PRAGMA integrity_check(5)");
    if (!whole) return tl::unexpected(whole.error());
    while (true) {
      auto row = whole->step();
      if (!row) return tl::unexpected(row.error());
      if (!*row) break;
      const std::string said(whole->column_bytes(0));
      if (said != "ok") problems_.add("evidence.db: SQLite finds it damaged: " + said);
    }
    auto rows = Statement::prepare(
        database, "SELECT idx, body, body_sha256, leaf_hash, kind FROM record ORDER BY idx");
    if (!rows) return tl::unexpected(rows.error());
    while (true) {
      auto row = rows->step();
      if (!row) return tl::unexpected(row.error());
      if (!*row) return {};
      check_record(*rows);
    }
  }

  void problem(LeafIndex index, std::string_view what) {
    problems_.add(fmt::format("evidence.db: record {}: {}", index, what));
  }

  void missing(LeafIndex begin, LeafIndex end) {
    problems_.add(end - begin == 1
                      ? fmt::format("evidence.db: record {} is missing", begin)
                      : fmt::format("evidence.db: records {} to {} are missing", begin, end - 1));
  }

  void check_record(const Statement& row) {
    const auto index = static_cast<LeafIndex>(row.column_number(0));
    const auto kind = row.column_bytes(4);
    ++found_.records;
    proofs_.insert(proof_path(index));
    if (index >= about_.first_record && index < about_.end_record) {
      if (index > expected_) missing(expected_, index);
      expected_ = index + 1;
    } else if (kind != "key") {
      problem(index, "it does not belong to this bundle's range, and names no key");
    }
    Hash leaf{};
    if (row.column_is_null(1)) {
      ++found_.bodies_left_out;
      std::copy_n(row.column_bytes(3).begin(), std::min(leaf.size(), row.column_bytes(3).size()),
                  leaf.begin());
    } else {
      leaf = leaf_hash(row.column_bytes(1));
      if (!same(row.column_bytes(2), sha256(row.column_bytes(1)))) {
        problem(index, "its SHA-256 is not that of its body");
      }
      if (!same(row.column_bytes(3), leaf)) problem(index, "its leaf hash is not that of its body");
      if (const auto own = other_kind(row.column_bytes(1), kind)) {
        problem(index, fmt::format("it is kept as `{}`, its body says `{}`", kind, *own));
      }
    }
    check_proof(index, leaf);
  }

  void check_proof(LeafIndex index, const Hash& leaf) {
    const auto file = proof_path(index);
    const auto text = bundle_.read(file);
    const auto proof = text ? TlogProof::parse(*text) : tl::unexpected(text.error());
    if (!text) return problems_.add(text.error().message);
    if (!proof) return problems_.add(file + ": " + proof.error().message);
    if (proof->index != index) {
      problems_.add(fmt::format("{}: it is the proof of record {}", file, proof->index));
    } else if (proof->checkpoint != last_note_) {
      problems_.add(file + ": its checkpoint is not checkpoints/last");
    } else if (!verify_inclusion(index, last_.size, leaf, elements(proof->hashes), last_.root)) {
      problem(index, fmt::format("it is not in the log that checkpoints/last signs: {} does not "
                                 "lead to its root",
                                 file));
    }
  }

  /// A proof whose record was taken away.
  void check_strays() {
    for (const auto& [name, bytes] : bundle_.files()) {
      if (name.starts_with(kProofs) && !proofs_.contains(name))
        problems_.add(name + ": the record that it is about is not in evidence.db");
    }
  }

  const BundleFolder& bundle_;
  const BundleAbout& about_;
  const Checkpoint& last_;
  const std::string& last_note_;
  Problems& problems_;
  BundleRecords found_;
  LeafIndex expected_ = about_.first_record;
  std::set<std::string> proofs_;
};

void check_snapshot(const BundleFolder& bundle, const StoredRun& run, const Snapshot& snapshot,
                    std::set<std::string>& known, Problems& problems) {
  const auto file = snapshot_path(snapshot);
  known.insert(file);
  const auto& wanted =
      snapshot.role == "scenario" ? run.header.scenario_sha256 : run.header.inventory_sha256;
  if (core::hex(sha256(snapshot.text)) != wanted) {
    problems.add(
        fmt::format("evidence.db: the {} in the records of run {} is not the one whose "
                    "digest the run names",
                    snapshot.role, run.header.run));
  }
  const auto bytes = bundle.read(file);
  if (!bytes) {
    problems.add(bytes.error().message);
  } else if (*bytes != snapshot.text) {
    problems.add(file + ": it is not what the snapshot records hold");
  }
}

}  // namespace

BundleRecords check_records(const BundleFolder& bundle, const LogReader& records,
                            const BundleAbout& about, const Checkpoint& last,
                            const std::string& last_note, Problems& problems) {
  return RecordCheck(bundle, about, last, last_note, problems).check(records);
}

void check_scenarios(const BundleFolder& bundle, const LogReader& records, const BundleAbout& about,
                     Problems& problems) {
  std::set<std::string> known;
  for (const auto& id : about.runs) {
    const auto run = load_run(records, id);
    if (!run) {
      problems.add(fmt::format("evidence.db: run {}: {}", id, run.error().message));
      continue;
    }
    const auto snapshots = snapshots_of(records, id, run->first_record, run->end_record);
    if (!snapshots) {
      problems.add(fmt::format("evidence.db: run {}: {}", id, snapshots.error().message));
      continue;
    }
    for (const auto& snapshot : *snapshots) check_snapshot(bundle, *run, snapshot, known, problems);
  }
  for (const auto& [name, bytes] : bundle.files()) {
    if (name.starts_with("scenario/") && !known.contains(name)) {
      problems.add(name + ": no snapshot record holds it");
    }
  }
}

}  // namespace reachproof::evidence
