#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "core/schedule_book.h"
#include "orchestrator/control.h"
#include "orchestrator/fleet_runs.h"
#include "orchestrator/schedule/time_zone.h"
#include "orchestrator/service.h"

/// What `serve` holds while it runs. Internal to service*.cc.
namespace reachproof::orchestrator {

struct ScheduleClock {
  core::Schedule schedule;
  core::CronExpression cron;
  core::ZoneRules zone;
};

/// What the evidence says of the time before this start.
struct StoredState {
  Registry registry;
  std::optional<protocol::StopOrder> stop;
  core::FindingBook findings;
  std::map<std::string, core::WallTime> handled;  ///< by schedule: the newest occurrence decided
};
[[nodiscard]] Result<StoredState> read_state(const std::string& log_path);

[[nodiscard]] evidence::Record schedule_record(const std::string& schedule, std::string_view event,
                                               core::WallTime occurrence, const std::string& run,
                                               const std::string& why);
[[nodiscard]] evidence::Record stop_record(const protocol::StopOrder& stop, std::string_view event,
                                           const std::string& by);
/// Signed plans by the probe that each is for: one DSSE envelope a line. Their signatures are the
/// probes' to check.
[[nodiscard]] Result<std::map<std::string, std::string>> load_grants(const std::string& path);

class Service {
 public:
  Service(boost::asio::io_context& loop, ServiceConfig config);
  [[nodiscard]] Result<void> start();

 private:
  [[nodiscard]] Result<void> load_documents();
  void wait_for_signal();
  void stop();
  void tick();
  void look_at(const ScheduleClock& clock, core::WallTime now);
  [[nodiscard]] Result<std::string> start_run(const core::Schedule& schedule,
                                              const std::string& who, const std::string& why);
  void take_findings(const core::FindingRun& run);
  void on_finished(const FleetRuns::Finished& finished);
  void on_control(const std::string& line, ControlSocket::Reply reply);
  void control_probe(std::string_view verb, const std::string& probe, const std::string& why,
                     ControlSocket::Reply reply);
  void control_stop(bool engage, const std::string& reason, ControlSocket::Reply reply);
  [[nodiscard]] std::string status_text() const;
  [[nodiscard]] std::string probes_text() const;

  boost::asio::io_context& loop_;
  ServiceConfig config_;
  std::optional<Authority> authority_;
  std::unique_ptr<EvidenceKeeper> keeper_;
  std::shared_ptr<const core::Scenario> scenario_;
  std::shared_ptr<const core::Inventory> inventory_;
  std::map<std::string, ScheduleClock> clocks_;
  std::map<std::string, core::WallTime> handled_;
  core::FindingBook findings_;
  std::map<std::string, std::string> grants_;
  std::unique_ptr<Fleet> fleet_;
  std::unique_ptr<FleetRuns> runs_;
  std::unique_ptr<ControlSocket> control_;
  boost::asio::steady_timer tick_;
  boost::asio::signal_set signals_;
};

}  // namespace reachproof::orchestrator
