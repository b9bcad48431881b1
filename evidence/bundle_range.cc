#include "evidence/bundle_range.h"

#include <fmt/core.h>

#include <algorithm>

#include "evidence/token_record.h"

namespace reachproof::evidence {
namespace {

/// "20261130T010000Z": a time in the name of a file.
std::string compact(core::WallTime time) {
  std::string digits;
  for (const char c : core::text(time).substr(0, 19)) {
    if (c != '-' && c != ':') digits += c;
  }
  return digits + "Z";
}

/// The first and the last record with a time in the period; that a bundle was made makes no other
/// bundle of a period that is not over yet. Clocks are set back now and then, so
/// what lies between them is taken along whatever its time.
Result<BundleRange> recorded_between(const LogReader& log, core::WallTime from, core::WallTime to) {
  auto rows = Statement::prepare(log.database(),
                                 "SELECT MIN(idx), MAX(idx), COUNT(*) FROM record "
                                 "WHERE recorded_at >= ?1 AND recorded_at < ?2 "
                                 "AND kind <> 'export'");
  if (!rows) return tl::unexpected(rows.error());
  const auto begin = core::text(from);
  const auto end = core::text(to);
  auto row = rows->bind_text(1, begin).bind_text(2, end).step();
  if (!row) return tl::unexpected(row.error());
  if (!*row || rows->column_number(2) == 0) {
    return fail(ErrorCode::NotFound, fmt::format("nothing was recorded from {} to {}", begin, end));
  }
  BundleRange range{.name = compact(from) + "-" + compact(to), .runs = {}};
  range.first = static_cast<LeafIndex>(rows->column_number(0));
  range.end = static_cast<LeafIndex>(rows->column_number(1)) + 1;
  return range;
}

/// One after a run's last record. Of one that never finished, its records are read for it.
Result<LeafIndex> end_of(const LogReader& log, const RunSummary& run) {
  if (run.end_record) return *run.end_record;
  const auto whole = load_what_is_left(log, run.header.run);
  if (!whole) return tl::unexpected(whole.error());
  return whole->end_record;
}

Result<BundleRange> range_of_run(const LogReader& log, const std::vector<RunSummary>& runs,
                                 const std::string& name) {
  if (runs.empty()) return fail(ErrorCode::NotFound, "there is no run in this evidence file yet");
  const auto named = [&](const RunSummary& run) { return run.header.run == name; };
  const auto found = name == "latest" ? runs.end() - 1 : std::ranges::find_if(runs, named);
  if (found == runs.end()) {
    return fail(ErrorCode::NotFound, fmt::format("there is no run `{}` here; the latest is `{}`",
                                                 name, runs.back().header.run));
  }
  const auto end = end_of(log, *found);
  if (!end) return tl::unexpected(end.error());
  return BundleRange{found->header.run, found->first_record, *end, {found->header.run}};
}

}  // namespace

Result<BundleRange> bundle_range(const LogReader& log, const BundlePeriod& period) {
  const auto runs = list_runs(log);
  if (!runs) return tl::unexpected(runs.error());
  if (!period.from || !period.to) return range_of_run(log, *runs, period.run);
  if (*period.from >= *period.to) {
    return fail(ErrorCode::Usage, "a period ends after it begins: --from must be before --to");
  }
  auto range = recorded_between(log, *period.from, *period.to);
  if (!range) return range;
  // Runs may begin in what an earlier one of them adds, so the end is looked at anew each time.
  for (const auto& summary : *runs) {
    if (summary.first_record < range->first || summary.first_record >= range->end) continue;
    const auto end = end_of(log, summary);
    if (!end) return tl::unexpected(end.error());
    range->runs.push_back(summary.header.run);
    range->end = std::max(range->end, *end);
  }
  return range;
}

Result<BundleCheckpoints> bundle_checkpoints(const LogReader& log, const BundleRange& range,
                                             std::uint64_t size_min) {
  auto stored = log.stored_checkpoints();
  if (!stored) return tl::unexpected(stored.error());
  // Nothing can be shown to go on from a tree without leaves.
  std::erase_if(*stored, [](const StoredCheckpoint& c) { return c.size == 0; });
  auto authorities = token_authorities(log);
  if (!authorities) return tl::unexpected(authorities.error());
  for (auto& checkpoint : *stored) {
    if (!authorities->contains(checkpoint.size)) checkpoint.token.clear();
  }
  const auto needed = std::max(size_min, range.end);
  const auto covers = [&](const StoredCheckpoint& c) { return c.size >= needed; };
  const auto oldest = std::ranges::find_if(*stored, covers);
  if (oldest == stored->end()) {
    return fail(ErrorCode::NotFound,
                fmt::format("no checkpoint covers record {} yet: it is not signed", needed - 1));
  }
  const auto anchored = std::find_if(oldest, stored->end(),
                                     [](const StoredCheckpoint& c) { return !c.token.empty(); });
  BundleCheckpoints heads{.first = stored->front(),
                          .last = anchored == stored->end() ? *oldest : *anchored,
                          .previous = {},
                          .authorities = std::move(*authorities)};
  for (const auto& checkpoint : *stored) {
    if (checkpoint.size <= range.first) heads.first = checkpoint;
  }
  return heads;
}

}  // namespace reachproof::evidence
