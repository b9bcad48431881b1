#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evidence/stored_run.h"
#include "reports/run_text.h"

namespace reachproof::reports {

/// What a run says of one ordered pair of segments or workloads.
struct Cell {
  const evidence::StoredCheck* worst = nullptr;  ///< never null in a grid
  int checks = 0;
  int failing = 0;   ///< violations and broken
  int unproven = 0;  ///< those without a verdict, too
  int excepted = 0;
  int denied = 0;   ///< checks that expect deny
  int allowed = 0;  ///< checks that require or permit
  int open = 0;     ///< a packet got there, whoever served it
  int proved = 0;
  int corroborated = 0;
  /// Where the verdicts stand, the first and the last record; nothing without verdicts.
  std::optional<evidence::LeafIndex> first_record;
  std::optional<evidence::LeafIndex> last_record;
};

/// Who reaches whom, as cells. Holds pointers into the run, which must outlive it.
struct Grid {
  std::vector<std::string> names;     ///< in the order in which the run's checks speak of them
  std::vector<std::string> segments;  ///< parallel: of each name; its own where it is a segment
  std::map<std::pair<std::uint32_t, std::uint32_t>, Cell> cells;  ///< by source, destination
};

[[nodiscard]] Grid grid_of(const evidence::StoredRun& run, MatrixBy by);

/// Smaller is worse: whatever is summed up shows its worst part, so that nothing is averaged away.
[[nodiscard]] int badness_rank(const evidence::StoredCheck& check);

}  // namespace reachproof::reports
