#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evidence/log.h"
#include "evidence/stored_run.h"

/// What a bundle is about: which records, and which signed heads stand around them.
namespace reachproof::evidence {

/// One run by its id or "latest", or what was recorded between two times (the second excluded).
struct BundlePeriod {
  std::string run;
  std::optional<core::WallTime> from;
  std::optional<core::WallTime> to;
};

/// Records first to end - 1, without a gap: what lies between the records of a run belongs to the
/// bundle too, because a gap could not be told from an omission.
struct BundleRange {
  std::string name;  ///< of the bundle's folder, behind "bundle-<origin>-"
  LeafIndex first = 0;
  LeafIndex end = 0;
  std::vector<std::string> runs;  ///< that began in it; each is whole
};

/// NotFound where there is no such run, or nothing was recorded in the period.
[[nodiscard]] Result<BundleRange> bundle_range(const LogReader& log, const BundlePeriod& period);

/// The heads that a bundle holds. The same log gives the same ones, however much it has grown.
struct BundleCheckpoints {
  StoredCheckpoint first;  ///< the newest before the range, or the log's oldest
  StoredCheckpoint last;   ///< the oldest with a token that covers it, or the oldest that does
  std::optional<StoredCheckpoint> previous;          ///< the one that somebody kept, where given
  std::map<std::uint64_t, std::string> authorities;  ///< certificates of their tokens, by size
};

/// `size_min` records must be covered; `previous` stays empty. A token without the certificate that
/// it was believed by could not be verified by anybody, and is left out.
[[nodiscard]] Result<BundleCheckpoints> bundle_checkpoints(const LogReader& log,
                                                           const BundleRange& range,
                                                           std::uint64_t size_min);

}  // namespace reachproof::evidence
