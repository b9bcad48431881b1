#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/https.h"
#include "probe/agent/identity.h"
#include "probe/agent/session_guard.h"
#include "probe/agent/spool.h"
#include "probe/agent/worker.h"

namespace reachproof::probe {

/// An enrolled probe: dials out to its orchestrator, carries out the sessions that it is given
/// with a worker for each, and keeps what they find until the orchestrator has confirmed it.
///
/// One thread, one loop. Nothing that the orchestrator says makes it do more than the scope file,
/// the grant and the stop file allow. Whatever happens to the link, what was found is neither lost
/// nor told twice.
class Agent {
 public:
  struct Options {
    std::vector<std::string> worker_command;  ///< becomes a worker: this program with --stdio
    std::string scope_digest;
    bool can_capture = false;
    std::string proxy;
    std::string stop_file = "/etc/reachproof/STOP";
    std::uint64_t spool_bytes_max = 64U << 20U;
    std::chrono::milliseconds hold{25'000};    ///< how long to let an idle exchange hang
    std::chrono::milliseconds hold_busy{150};  ///< the same while a session is running
    std::chrono::milliseconds heartbeat_patience = protocol::kHeartbeatPatience;
    std::function<void(std::string_view)> say;  ///< a line for the log
  };
  static Result<std::unique_ptr<Agent>> create(Identity identity, Options options);

  /// Runs until `ended` says so; the sessions then end, and what is spooled stays.
  [[nodiscard]] Result<void> run(const std::function<bool()>& ended);

 private:
  using Clock = std::chrono::steady_clock;
  struct Session {
    std::string run;
    SessionGuard guard;
    std::unique_ptr<Worker> worker;
    std::uint64_t orders_got = 0;
    std::set<std::string> orders_seen;  ///< SHA-256 of their lines
    std::uint64_t sequence = 0;         ///< of the newest batch
    std::string partial;                ///< a line of the worker's that is not whole yet
    std::string pending;                ///< whole lines that are in no batch yet
    bool ended = false;
    bool closing = false;  ///< forgotten as soon as everything of it is confirmed
    std::string detail;
  };

  Agent(Identity identity, Options options, Spool spool);
  void look_after_stops();
  void pump_workers();
  void end_session(Session& session, const std::string& why);
  void end_all(const std::string& why);
  void refuse(Session& session, std::uint64_t id, protocol::Refused::Why why, std::string detail);
  void cut_batches();
  void exchange_when_due();
  [[nodiscard]] protocol::ExchangeRequest next_request();
  void take_answer(Result<host::HttpsResponse> response);
  void take(const protocol::ExchangeAnswer& answer);
  void look_at_log(std::uint64_t size);
  void take_stop(const std::optional<protocol::StopOrder>& stop);
  void take_opening(const protocol::SessionOpening& opening);
  void take_order(const protocol::Order& order);
  void learn_offset(const protocol::ExchangeAnswer& answer);
  void back_off(const std::string& why);
  void renew_when_due();
  [[nodiscard]] bool connect();
  void write_status();
  [[nodiscard]] bool busy() const;
  [[nodiscard]] std::vector<pollfd> worker_descriptors() const;

  Identity identity_;
  Options options_;
  Spool spool_;
  std::string instance_;
  std::optional<host::HttpsClient> client_;
  std::map<std::string, Session> sessions_;
  std::uint64_t exchange_ = 0;
  core::Moment sent_;
  std::string stop_id_;       ///< of the orchestrator's stop that is in force
  std::string stopped_;       ///< why nothing is done now, empty where it is
  std::string last_stopped_;  ///< as it was told to the orchestrator
  Clock::time_point heard_;   ///< when the last fresh heartbeat came
  Clock::time_point next_exchange_;
  Clock::time_point next_stop_look_;
  Clock::time_point next_renewal_;
  Clock::time_point next_status_;
  std::string said_state_;  ///< the state that was told last while there is no certificate
  std::chrono::milliseconds backoff_{0};
  std::string problem_;  ///< why the last exchange failed, empty where it did not
  std::optional<protocol::ClockOffset> offset_;
  std::uint64_t log_size_ = 0;  ///< the longest that the orchestrator's log has been
  /// The length at which it was last seen rolled back; what was kept is told again once for each.
  std::uint64_t rolled_back_to_ = UINT64_MAX;
  Clock::time_point next_log_size_;  ///< when the length is written down again
};

}  // namespace reachproof::probe
