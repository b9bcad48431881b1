#include "reports/grid.h"

#include <algorithm>
#include <unordered_map>

namespace reachproof::reports {
namespace {

using core::CheckResult;
using evidence::StoredCheck;

int rank(CheckResult result) {
  switch (result) {
    case CheckResult::Violation:
      return 0;
    case CheckResult::Broken:
      return 1;
    case CheckResult::Excepted:
      return 2;
    case CheckResult::Unproven:
      return 3;
    case CheckResult::InUseNoted:
      return 4;
    case CheckResult::InUse:
      return 5;
    case CheckResult::Idle:
      return 6;
    case CheckResult::Pass:
      return 7;
  }
  return 8;
}

constexpr int kReachabilities = 8;

void count(Cell& cell, const StoredCheck& check) {
  const auto& verdict = check.verdict.verdict;
  if (cell.worst == nullptr || badness_rank(check) < badness_rank(*cell.worst)) cell.worst = &check;
  ++cell.checks;
  cell.failing += core::is_failure(verdict.result) ? 1 : 0;
  cell.unproven += verdict.result == CheckResult::Unproven ? 1 : 0;
  cell.excepted += verdict.result == CheckResult::Excepted ? 1 : 0;
  const bool denied = check.check.expectation == core::Expectation::Deny;
  cell.denied += denied ? 1 : 0;
  cell.allowed += denied ? 0 : 1;
  cell.open += core::is_reachable(verdict.reachability) ? 1 : 0;
  cell.proved += verdict.proof == core::Proof::Proved ? 1 : 0;
  cell.corroborated += verdict.proof == core::Proof::Corroborated ? 1 : 0;
  if (!check.verdict_record) return;
  const auto record = *check.verdict_record;
  cell.first_record = std::min(cell.first_record.value_or(record), record);
  cell.last_record = std::max(cell.last_record.value_or(record), record);
}

class Builder {
 public:
  std::uint32_t place_of(const std::string& name, const std::string& segment) {
    const auto [it, fresh] =
        places_.try_emplace(name, static_cast<std::uint32_t>(grid.names.size()));
    if (fresh) {
      grid.names.push_back(name);
      grid.segments.push_back(segment);
    }
    return it->second;
  }
  Grid grid;

 private:
  std::unordered_map<std::string, std::uint32_t> places_;
};

}  // namespace

int badness_rank(const StoredCheck& check) {
  const auto& verdict = check.verdict.verdict;
  return rank(verdict.result) * kReachabilities + static_cast<int>(verdict.reachability);
}

Grid grid_of(const evidence::StoredRun& run, MatrixBy by) {
  Builder builder;
  for (const auto& stored : run.checks) {
    const auto& check = stored.check;
    // What stands outside every segment, such as the cloud's metadata, is a segment of its own.
    const auto& from_segment = check.source_segment.empty() ? check.source : check.source_segment;
    const auto& to_segment =
        check.destination_segment.empty() ? check.destination : check.destination_segment;
    const bool segments = by == MatrixBy::Segment;
    const auto from = builder.place_of(segments ? from_segment : check.source, from_segment);
    const auto to = builder.place_of(segments ? to_segment : check.destination, to_segment);
    count(builder.grid.cells[{from, to}], stored);
  }
  return std::move(builder.grid);
}

}  // namespace reachproof::reports
