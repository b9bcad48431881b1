#pragma once

#include <functional>
#include <string>

#include "core/inventory.h"
#include "core/plan.h"
#include "core/scenario.h"
#include "evidence/log.h"
#include "orchestrator/progress.h"
#include "orchestrator/run_engine.h"
#include "orchestrator/selftest.h"

namespace reachproof::orchestrator {

/// What a launched run needs.
struct RunRequest {
  const core::Scenario* scenario = nullptr;
  const core::Inventory* inventory = nullptr;
  const core::Plan* plan = nullptr;
  std::string evidence_path;
  std::string key_path;  ///< made where it is missing; its verifier key goes to `vkey_path`
  std::string vkey_path;
  std::string probe_path;               ///< the probe's program on this machine
  std::string why;                      ///< the user's note, may be empty
  std::string change;                   ///< of the network, after which it is made; may be empty
  std::optional<core::WallTime> as_of;  ///< the time as of which the scenario was read, if not now
  bool require_proved = false;
  RunEngine::Limits limits;
  /// Replaces the start of real probes; tests only.
  RunEngine::Connect connect;
};

struct RunResult {
  std::string run;          ///< its id in the evidence
  std::string interrupted;  ///< why it ended early, empty where it did not
  bool by_signal = false;   ///< Ctrl-C or SIGTERM
  std::string checkpoint;   ///< the signed note over the whole log
  SeededPorts seeded;       ///< where witnesses opened listeners of their own
};

/// Makes one run from beginning to end: opens the evidence, writes what will be done, does it,
/// judges, writes what was found, signs. Ctrl-C keeps what is done and marks the rest; a second
/// one stops waiting. What is in the evidence when this returns is on disk.
[[nodiscard]] Result<RunResult> execute(const RunRequest& request, Progress& progress);

/// A run id: "r-20261130-011500-9f2c", sorted by time, unique by its last part.
[[nodiscard]] std::string new_run_id(core::WallTime now);

/// The key of a log: read from the file, or made and saved where there is none.
[[nodiscard]] Result<evidence::SignerKey> key_for(const std::string& key_path,
                                                  const std::string& vkey_path,
                                                  const std::string& evidence_path);

}  // namespace reachproof::orchestrator
