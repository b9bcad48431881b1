#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "evidence/log.h"
#include "evidence/stored_run.h"

namespace reachproof::evidence {

/// A record with the proof that it stands in the signed tree.
struct ProvenRecord {
  StoredRecord record;
  std::vector<Hash> proof;  ///< leaf side first; empty where no checkpoint covers it
};

/// What a report shows of the log, so that its reader can check it: the hashes of the run's
/// records, some of them whole, and the checkpoint that covers them.
struct RunEvidence {
  /// The oldest checkpoint over all of the run, so that a later run changes no report of an earlier
  /// one; empty where nothing was signed since.
  std::string note;
  Checkpoint checkpoint;              ///< what the note says; size 0 where there is none
  std::string vkey;                   ///< of the log, as it lies beside the evidence; may be empty
  std::map<LeafIndex, Hash> leaves;   ///< of every record from the run's first to its last
  std::vector<ProvenRecord> records;  ///< those that were wanted, in order
  std::uint64_t left_out = 0;         ///< wanted, but beyond the limit
};

/// Reads them. `wanted` are records of the run; the first and the last are always among those
/// shown. Past `bytes_max` of bodies no more are taken.
[[nodiscard]] Result<RunEvidence> load_run_evidence(const LogReader& log, const StoredRun& run,
                                                    std::set<LeafIndex> wanted,
                                                    std::size_t bytes_max);

}  // namespace reachproof::evidence
