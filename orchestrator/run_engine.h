#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "core/error.h"
#include "core/inventory.h"
#include "core/plan.h"
#include "orchestrator/pace.h"
#include "orchestrator/probe_channel.h"
#include "orchestrator/progress.h"
#include "orchestrator/run_facts.h"

namespace reachproof::orchestrator {

/// Carries out one plan: starts the probes, arms the witnesses, proves targets alive, spreads the
/// tries, proves them alive again, disarms, stops. Gathers facts and concludes nothing.
///
/// Whatever a probe does, the run ends: every wait has a deadline, and what did not come in time
/// is "not run" with its reason. One thread, one loop; run() lives on the caller's stack.
class RunEngine {
 public:
  /// Opens the way to the probe of an endpoint.
  using Connect = std::function<Result<std::unique_ptr<ProbeChannel>>(
      const core::Endpoint& endpoint, ProbeChannel::Events events)>;

  /// 32 bytes for a witness's key or a try's nonce, named by what they are for; random ones where
  /// none is given. A run that is to be resumed makes the same ones again.
  using Nonces = std::function<protocol::Nonce(std::string_view name)>;

  struct Limits {
    std::chrono::milliseconds start{20'000};  ///< for a probe to say hello
    std::chrono::milliseconds arm{20'000};    ///< for a witness to be armed, or to be disarmed
    std::chrono::milliseconds grace{5'000};   ///< for an outcome, beyond its own timeout
    std::chrono::milliseconds stop{9'000};    ///< for a probe to end by itself
    std::chrono::milliseconds run{0};         ///< for all of it; 0 for no limit
    std::size_t in_flight_max = 1024;         ///< tries that one probe may have open
    std::shared_ptr<Pace> pace;  ///< rates shared with other runs, beyond the plan's own
  };

  RunEngine(boost::asio::io_context& loop, const core::Plan& plan, const core::Inventory& inventory,
            Connect connect, Limits limits, Progress& progress, Nonces nonces = {});
  ~RunEngine();
  RunEngine(const RunEngine&) = delete;
  RunEngine& operator=(const RunEngine&) = delete;

  /// Runs to the end and hands over what was gathered. Call once.
  boost::asio::awaitable<RunFacts> run();

  /// Ends the run early, keeping what is done; the rest is "not run: <reason>". A second call
  /// gives up waiting for anything at all.
  void interrupt(const std::string& reason);

 private:
  using Condition = std::function<bool()>;
  struct Probe;
  /// What a try id stands for, and where its report goes.
  struct Pending {
    TryFacts* facts = nullptr;
    Probe* probe = nullptr;
    std::chrono::steady_clock::time_point until;
  };

  boost::asio::awaitable<void> start_probes();
  boost::asio::awaitable<void> arm_witnesses();
  boost::asio::awaitable<void> prove_targets_alive(bool before);
  boost::asio::awaitable<void> make_attempts();
  boost::asio::awaitable<void> disarm_witnesses();
  boost::asio::awaitable<void> stop_probes();
  /// Waits until the condition holds, or the time is over; says whether it holds.
  boost::asio::awaitable<bool> until(Condition condition, std::chrono::milliseconds wait_max);
  boost::asio::awaitable<void> settle_pending();
  /// Waits until a try at `target` is due and within the rates, and its probe has room for it.
  boost::asio::awaitable<void> wait_for_turn(std::chrono::steady_clock::time_point due,
                                             const std::string& target, Probe& probe);

  /// Lets the loop do something else.
  boost::asio::awaitable<void> breathe();

  void prepare_tries();
  [[nodiscard]] bool needs_liveness(const core::Path& path) const;
  [[nodiscard]] protocol::Nonce nonce_for(std::uint64_t id) const;
  void order(TryFacts& facts, Probe& probe);
  /// Indexes of the tries that each witness is asked about, by endpoint.
  [[nodiscard]] std::map<std::string, std::vector<std::size_t>> witnessed_tries() const;
  void ask_witness(Probe& probe, const std::vector<std::size_t>& witnessed);
  void expire_pending();
  [[nodiscard]] Probe* find(const std::string& endpoint);
  [[nodiscard]] bool ending() const;
  void wake();

  void on_message(Probe& probe, protocol::Message&& message);
  void on_lost(Probe& probe, std::string why);
  void on_armed(Probe& probe, const protocol::Armed& armed);
  void on_outcome(Probe& probe, protocol::OutcomeReport&& report);
  void on_sighting(Probe& probe, const protocol::SightingReport& report);
  void on_done(Probe& probe, const protocol::Done& done);
  void on_refused(Probe& probe, const protocol::Refused& refused);
  void complain(Probe& probe, const std::string& why);

  boost::asio::io_context& loop_;
  const core::Plan& plan_;
  const core::Inventory& inventory_;
  Connect connect_;
  Limits limits_;
  Progress& progress_;
  Nonces nonces_;
  boost::asio::steady_timer changed_;
  RunFacts facts_;
  std::map<std::string, std::unique_ptr<Probe>> probes_;
  std::map<std::uint64_t, Pending> pending_;
  std::uint64_t next_id_ = 1;
  std::size_t settled_ = 0;
  bool hurry_ = false;
  std::chrono::steady_clock::time_point run_until_;
};

}  // namespace reachproof::orchestrator
