#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/findings.h"
#include "core/plan.h"
#include "orchestrator/evidence_keeper.h"
#include "orchestrator/fleet/fleet.h"
#include "orchestrator/run_engine.h"
#include "orchestrator/run_tally.h"

namespace reachproof::orchestrator {

/// What a run of the service is to do.
struct FleetRunOrder {
  std::shared_ptr<const core::Scenario> scenario;
  std::shared_ptr<const core::Inventory> inventory;
  core::PlanOptions options;  ///< `now` is filled in where it is not set
  std::string schedule;       ///< empty: somebody asked for it
  std::string who;
  std::string why;
  std::map<std::string, std::string> grants;  ///< DSSE envelope by probe id
  bool require_proved = false;
  std::string engagement;  ///< under which it goes, empty for none
  core::Priority priority = core::Priority::Normal;
  std::chrono::milliseconds window{0};  ///< after which it is ended, 0 for never
  /// Called once, when its beginning is on disk, or could not be put there.
  std::function<void(const Result<void>&)> begun;
};

/// The segments of a plan's checks, both ends, in order.
[[nodiscard]] std::vector<std::string> segments_of(const core::Plan& plan);

/// The runs of a service, several at once, over enrolled and launched probes. A run that a restart
/// interrupted is taken up where it stood: its plan is made again from the snapshots in the
/// evidence, and what its probes had said is heard again from there.
class FleetRuns {
 public:
  struct Finished {
    std::string run;
    std::string schedule;
    std::string interrupted;
    std::map<std::string, int> results;
    core::FindingRun findings;  ///< what it says of each finding
    RunTally tally;
    std::vector<std::string> segments;  ///< of its checks
    core::WallTime started{};
    Error failure;  ///< its message is empty where the run was kept whole
  };
  struct Active {
    std::string run;
    std::string schedule;
    std::string phase;
    std::size_t done = 0;
    std::size_t total = 0;
    std::string engagement;
    core::Priority priority = core::Priority::Normal;
    std::vector<std::string> segments;  ///< of its checks
    bool ending = false;                ///< somebody has ended it
  };

  FleetRuns(boost::asio::io_context& loop, EvidenceKeeper& keeper, Fleet& fleet, std::string secret,
            std::string probe_path, RunEngine::Limits limits,
            std::function<void(const Finished&)> finished);
  ~FleetRuns();

  /// Begins a run and returns its id. Refused while a stop is in force.
  [[nodiscard]] Result<std::string> start(FleetRunOrder order);
  /// Takes up the runs that have a beginning and no end in this log. Returns their ids.
  [[nodiscard]] Result<std::vector<std::string>> resume(const std::string& evidence_path);
  void cancel_all(const std::string& why);
  /// Ends a run early, keeping what is done; false where there is no such run.
  bool cancel(const std::string& run, const std::string& why);
  [[nodiscard]] std::vector<Active> active() const;
  [[nodiscard]] bool is_running(const std::string& schedule) const;

 private:
  struct Job;
  void launch(std::unique_ptr<Job> job);
  boost::asio::awaitable<void> drive(Job& job);
  boost::asio::awaitable<void> beside(std::function<void()> work);
  void make_engine(Job& job);
  [[nodiscard]] static std::vector<evidence::Record> begin(Job& job);
  [[nodiscard]] static std::vector<evidence::Record> judge(Job& job, const RunFacts& facts);
  [[nodiscard]] Result<std::unique_ptr<ProbeChannel>> connect(Job& job,
                                                              const core::Endpoint& endpoint,
                                                              ProbeChannel::Events events);
  [[nodiscard]] Result<std::unique_ptr<Job>> job_of(const std::string& evidence_path,
                                                    const std::string& run);

  boost::asio::io_context& loop_;
  EvidenceKeeper& keeper_;
  Fleet& fleet_;
  std::string secret_;
  std::string probe_path_;
  RunEngine::Limits limits_;
  std::function<void(const Finished&)> finished_;
  boost::asio::thread_pool judges_{1};  ///< a large run is judged beside the loop
  std::map<std::string, std::unique_ptr<Job>> jobs_;
};

/// The sessions of a run that were begun, with everything that is kept of them.
[[nodiscard]] Result<std::vector<StoredSession>> stored_sessions(const evidence::LogReader& log,
                                                                 const std::string& run);

}  // namespace reachproof::orchestrator
