#pragma once

#include <span>
#include <string>
#include <vector>

#include "evidence/bundle_range.h"
#include "evidence/redaction.h"

namespace reachproof::evidence {

/// What write_records() put into the file.
struct BundledRecords {
  std::vector<LeafIndex> indexes;  ///< ascending
  std::uint64_t bodies_left_out = 0;
  core::WallTime newest{};  ///< when the last record of the range was kept
};

/// Writes `evidence.db` of a bundle: the tables `record` and `checkpoint` of a log, with the
/// records of the range, and every "key" record before `keys_end`. A body that is left out is NULL;
/// its hashes stay. The same records give the same bytes. Refuses to overwrite a file.
[[nodiscard]] Result<BundledRecords> write_records(const LogReader& log, const BundleRange& range,
                                                   LeafIndex keys_end,
                                                   std::span<const StoredCheckpoint> checkpoints,
                                                   Redaction redaction, const std::string& path);

/// Scenario or inventory of a run, put together from its "snapshot" records.
struct Snapshot {
  std::string role;  ///< "scenario" or "inventory"
  std::string text;
};
/// Where a bundle keeps it: "scenario/<role>-<12 digits of its SHA-256>.yaml".
[[nodiscard]] std::string snapshot_path(const Snapshot& snapshot);
/// Those of a run whose records lie from `first` to before `end`. Corrupt where a piece is missing.
[[nodiscard]] Result<std::vector<Snapshot>> snapshots_of(const LogReader& log,
                                                         const std::string& run, LeafIndex first,
                                                         LeafIndex end);

}  // namespace reachproof::evidence
