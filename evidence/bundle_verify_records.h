#pragma once

#include "evidence/bundle_about.h"
#include "evidence/bundle_folder.h"
#include "evidence/log.h"
#include "evidence/note.h"

/// The part of verify_bundle() that goes through `evidence.db`. Internal to evidence/.
namespace reachproof::evidence {

struct BundleRecords {
  std::uint64_t records = 0;
  std::uint64_t bodies_left_out = 0;
};

/// Every record: its hashes, its kind, its proof in the tree of the last checkpoint; the range
/// without a gap; nothing but keys outside of it; no proof without its record.
[[nodiscard]] BundleRecords check_records(const BundleFolder& bundle, const LogReader& records,
                                          const BundleAbout& about, const Checkpoint& last,
                                          const std::string& last_note, Problems& problems);

/// Scenario files are those of the snapshot records, each there, and the digests those of the runs.
void check_scenarios(const BundleFolder& bundle, const LogReader& records, const BundleAbout& about,
                     Problems& problems);

}  // namespace reachproof::evidence
