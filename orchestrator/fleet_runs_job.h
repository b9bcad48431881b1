#pragma once

#include <memory>
#include <string>

#include "orchestrator/fleet_runs.h"
#include "orchestrator/run_outcome.h"

/// One run under way. Internal to fleet_runs*.cc.
namespace reachproof::orchestrator {

struct FleetRuns::Job {
  struct Watcher : Progress {
    Active active;
    void phase(const std::string& name, std::size_t total) override {
      active.phase = name;
      active.total = total;
      active.done = 0;
    }
    void advanced(std::size_t done) override { active.done = done; }
    void notice(const std::string&) override {}
  };

  RunAbout about;
  FleetRunOrder order;
  core::Plan plan;
  bool resumed = false;
  std::string ended_before;  ///< why somebody ended it, perhaps before it could begin
  Watcher progress;
  Finished finished;
  std::unique_ptr<RunEngine> engine;  ///< the last: it refers to all of the above
};

}  // namespace reachproof::orchestrator
