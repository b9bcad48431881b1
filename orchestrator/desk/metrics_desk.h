#pragma once

#include <string>

#include "core/findings.h"
#include "orchestrator/desk/notify_desk.h"
#include "orchestrator/fleet/fleet.h"
#include "orchestrator/fleet_runs.h"
#include "orchestrator/metrics.h"

namespace reachproof::orchestrator {

class EngagementDesk;
class FindingDesk;
class StopDesk;

/// Fills the metrics: what happens is counted as it happens, what is so is looked up at a scrape.
class MetricsDesk {
 public:
  struct Sources {
    const EvidenceKeeper& keeper;
    const Fleet& fleet;
    const FindingDesk& findings;
    const NotifyDesk& notify;
    const EngagementDesk& engagements;
    const StopDesk& stop;
  };
  /// The sources outlive the scrapes.
  MetricsDesk(Metrics& metrics, Sources sources);

  void reloaded(bool taken, core::WallTime now);
  void scenario(const core::Scenario& scenario, core::WallTime now);
  void started(const std::string& schedule, core::WallTime now);
  void finished(const FleetRuns::Finished& finished, core::WallTime now);
  void finding(const core::FindingEvent& event, core::WallTime now);
  void is_signed(core::WallTime now);

 private:
  void refresh();
  void count_up(const Metric& metric, const RunTally::Counts& counts);
  void refresh_probes();
  void refresh_notifications();

  Metrics& metrics_;
  Sources from_;
  std::map<std::string, core::WallTime> closed_;  ///< findings, to see those that flap
  /// Counters of others as they stood at the last scrape.
  std::map<std::vector<std::string>, double> seen_;
  void follow(const Metric& metric, const Labels& labels, double total);
};

}  // namespace reachproof::orchestrator
