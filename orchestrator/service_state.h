#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "orchestrator/api/api.h"
#include "orchestrator/api/http_server.h"
#include "orchestrator/control.h"
#include "orchestrator/desk/engagement_desk.h"
#include "orchestrator/desk/finding_desk.h"
#include "orchestrator/desk/metrics_desk.h"
#include "orchestrator/desk/notify_desk.h"
#include "orchestrator/desk/probe_desk.h"
#include "orchestrator/desk/run_desk.h"
#include "orchestrator/desk/schedule_desk.h"
#include "orchestrator/desk/stop_desk.h"
#include "orchestrator/service.h"

/// What `serve` holds while it runs. Internal to service*.cc.
namespace reachproof::orchestrator {

/// Signed plans by the probe that each is for: one DSSE envelope a line. Their signatures are the
/// probes' to check.
[[nodiscard]] Result<std::map<std::string, std::string>> load_grants(const std::string& path);

class Service {
 public:
  Service(boost::asio::io_context& loop, ServiceConfig config);
  [[nodiscard]] Result<void> start();

 private:
  /// The log, as the API writes to it.
  class Journal : public api::Journal {
   public:
    explicit Journal(EvidenceKeeper& keeper) : keeper_(keeper) {}
    void append(std::vector<evidence::Record> records, Done<evidence::LeafIndex> done) override {
      keeper_.append(std::move(records), std::move(done));
    }

   private:
    EvidenceKeeper& keeper_;
  };
  /// Everything that is read again on SIGHUP, read and found sound.
  struct Documents {
    RunDesk::Documents of_runs;
    std::vector<Engagement> engagements;
    bool engagement_required = false;
    std::vector<ReceiverConfig> receivers;
  };

  // service.cc
  [[nodiscard]] Result<void> open_state();
  [[nodiscard]] Result<void> open_fleet(Registry registry);
  [[nodiscard]] Result<void> take_up_runs();
  [[nodiscard]] static Result<Documents> read_documents(const ServiceConfig& config);
  [[nodiscard]] Result<void> use(Documents documents);
  [[nodiscard]] Result<void> reload();
  void wait_for_signal();
  void stop();
  void tick();
  void on_finished(const FleetRuns::Finished& finished);
  void sign(std::function<void()> then);
  void say(std::string_view sentence, const std::string& detail) const;

  // service_desks.cc
  void make_desks();
  [[nodiscard]] Result<Registry> restore();
  [[nodiscard]] Result<void> open_api();
  [[nodiscard]] std::vector<std::string> unready() const;

  // service_control.cc
  void on_control(const std::string& line, ControlSocket::Reply reply);
  void control_probe(std::string_view verb, const std::string& probe, const Actor& actor,
                     const std::string& why, ControlSocket::Reply reply);
  [[nodiscard]] std::string status_text() const;
  [[nodiscard]] std::string probes_text() const;

  boost::asio::io_context& loop_;
  ServiceConfig config_;
  std::optional<Authority> authority_;
  std::unique_ptr<EvidenceKeeper> keeper_;
  std::vector<evidence::VerifierKey> keys_;  ///< that the log is signed with
  Metrics metrics_;
  std::unique_ptr<EngagementDesk> engagements_;
  std::unique_ptr<NotifyDesk> notify_;
  std::unique_ptr<FindingDesk> findings_;
  std::unique_ptr<ScheduleDesk> schedules_;
  std::string stop_record_;  ///< the log's last word on stopping
  /// Sessions that were over before this start: probe, session, last batch.
  std::vector<std::tuple<std::string, std::string, std::uint64_t>> closed_sessions_;
  std::shared_ptr<Pace> pace_;
  std::unique_ptr<Fleet> fleet_;
  std::unique_ptr<FleetRuns> runs_;
  std::unique_ptr<RunDesk> run_desk_;
  std::unique_ptr<StopDesk> stop_;
  std::unique_ptr<ProbeDesk> probes_;
  std::unique_ptr<ProbeTokenDesk> probe_tokens_;
  std::unique_ptr<MetricsDesk> counts_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<api::HttpServer> api_server_;
  std::unique_ptr<ControlSocket> control_;
  boost::asio::steady_timer tick_;
  boost::asio::signal_set signals_;
  bool stopping_ = false;
  std::uint64_t signed_size_ = 0;  ///< of the log, when it was signed last
  std::chrono::steady_clock::time_point sign_due_;
};

}  // namespace reachproof::orchestrator
