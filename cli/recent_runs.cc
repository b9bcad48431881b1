#include "cli/recent_runs.h"

namespace reachproof::cli {

Result<void> for_recent_runs(const EvidenceOptions& evidence, const std::string& scenario,
                             core::WallTime since,
                             const std::function<void(const evidence::StoredRun&)>& take) {
  const auto log = evidence::LogReader::open(evidence.file);
  if (!log) {
    if (log.error().code == ErrorCode::NotFound) return {};
    return tl::unexpected(log.error());
  }
  const auto all = evidence::list_runs(*log);
  if (!all) return tl::unexpected(all.error());
  for (auto run = all->rbegin(); run != all->rend(); ++run) {
    if (run->header.scenario != scenario || !run->end || run->header.started < since) continue;
    const auto stored = evidence::load_what_is_left(*log, run->header.run);
    if (!stored) return tl::unexpected(stored.error());
    if (!stored->pruned) take(*stored);
  }
  return {};
}

}  // namespace reachproof::cli
