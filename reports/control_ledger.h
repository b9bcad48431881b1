#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/scenario.h"
#include "evidence/stored_run.h"

/// When each control was last supported by a run, and when it asks for the next. Pure.
///
/// A run supports evidence for a control where it finished and at least one check that names the
/// control has a proven verdict, whatever the verdict: a violation is evidence, too. What is
/// unproven supports nothing. Whether the control is met is for an assessor to say.
namespace reachproof::reports {

struct LedgerEntry {
  const core::Control* control = nullptr;
  std::string run;  ///< the newest that supports it; empty: none
  core::WallTime when{};
  std::map<std::string, int> results;  ///< of the checks that name it, by result word
  int runs = 0;                        ///< that support it, of those that were looked at
  std::optional<core::WallTime> due;   ///< of the next; nothing where no cadence is set
  bool overdue = false;                ///< due, or never supported though a cadence is set
};

/// A run that was made after a change of the network.
struct RunAfterChange {
  std::string change;
  std::string run;
  core::WallTime started{};
  bool finished = false;
};

class ControlLedger {
 public:
  /// Of the scenario's controls, in their order. `scenario` must outlive it.
  ControlLedger(const core::Scenario& scenario, core::WallTime now);

  /// The next older run of the scenario.
  void add(const evidence::StoredRun& run);
  [[nodiscard]] const std::vector<LedgerEntry>& entries() const { return entries_; }

 private:
  std::vector<LedgerEntry> entries_;
  core::WallTime now_;
};

[[nodiscard]] std::vector<RunAfterChange> runs_after_changes(
    const std::vector<evidence::RunSummary>& runs, const std::string& scenario);

/// {"apiVersion":"reachproof/v1","kind":"ControlLedger",...}
[[nodiscard]] std::string ledger_json(const ControlLedger& ledger,
                                      const std::vector<RunAfterChange>& changes);

}  // namespace reachproof::reports
