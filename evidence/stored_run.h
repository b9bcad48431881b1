#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/judge.h"
#include "core/observation.h"
#include "core/plan.h"
#include "evidence/log.h"

/// A run as it stands in the evidence: what was written at its beginning and its end, and every
/// check with its plan, observations and verdict. Reports are made of this and nothing else.
namespace reachproof::evidence {

struct RunHeader {
  std::string run;  ///< "r-20261130-011500-9f2c"
  core::WallTime started{};
  std::string who;     ///< user and host that started it
  std::string why;     ///< as the user said, may be empty
  std::string change;  ///< of the network, after which it was made; may be empty
  /// The time as of which the scenario was read, where that was not `started`.
  std::optional<core::WallTime> as_of;
  std::string scenario;
  std::string scenario_file;
  std::string scenario_sha256;
  std::string inventory_file;
  std::string inventory_sha256;
  std::string software;
  int judge_version = 0;
  bool require_proved = false;
};

/// What one probe said of itself, and how it ended.
struct ProbeRecord {
  std::string endpoint;
  std::string host;
  std::string software;
  std::string scope;
  bool can_capture = false;
  core::Moment hello;
  std::string lost;
};

struct RefusalRecord {
  std::string endpoint;
  std::uint64_t order = 0;
  std::string why;
  std::string detail;
};

struct RunEnd {
  core::WallTime finished{};
  std::string interrupted;             ///< why it ended early, empty where it did not
  std::map<std::string, int> results;  ///< count of checks by result word
  int proved = 0;
  int corroborated = 0;
  int pairs_untried = 0;
};

struct StoredCheck {
  core::Check check;
  std::vector<core::Observation> observations;  ///< one for each path
  core::CheckVerdict verdict;
  bool has_verdict = false;
  std::optional<LeafIndex> plan_record;
  std::optional<LeafIndex> observation_record;  ///< of its first path
  std::optional<LeafIndex> verdict_record;
};

struct StoredRun {
  RunHeader header;
  LeafIndex first_record = 0;
  LeafIndex end_record = 0;  ///< one after its last
  std::vector<StoredCheck> checks;
  std::vector<core::Gap> gaps;
  std::vector<ProbeRecord> probes;
  std::vector<RefusalRecord> refusals;
  std::optional<RunEnd> end;        ///< nothing: the run never finished
  std::optional<LeafIndex> pruned;  ///< the first record of what is gone of it
};

/// The runs of a log, the oldest first, without their checks.
struct RunSummary {
  RunHeader header;
  LeafIndex first_record = 0;
  std::optional<LeafIndex> end_record;  ///< one after its last; nothing: it never finished
  std::optional<RunEnd> end;
};
[[nodiscard]] Result<std::vector<RunSummary>> list_runs(const LogReader& log);

/// One run, whole. `name` is its id, "latest", or "previous" (of the same scenario as the latest).
/// NotFound where something of it was pruned.
[[nodiscard]] Result<StoredRun> load_run(const LogReader& log, const std::string& name);
/// The same, or of a run that was pruned its beginning and end, without checks.
[[nodiscard]] Result<StoredRun> load_what_is_left(const LogReader& log, const std::string& name);

}  // namespace reachproof::evidence
