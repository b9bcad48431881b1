#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/evidence_keeper.h"
#include "orchestrator/fleet/probe_plane.h"
#include "orchestrator/fleet/registry.h"
#include "orchestrator/fleet/session_stream.h"
#include "orchestrator/probe_channel.h"
#include "protocol/fleet.h"

namespace reachproof::orchestrator {

/// So many bytes at once, and so many more with each second.
class Allowance {
 public:
  /// Takes `wanted` where there is so much.
  [[nodiscard]] bool take(double wanted, std::size_t at_once, std::size_t per_second);

 private:
  double bytes_ = -1;
  std::chrono::steady_clock::time_point filled_;
};

/// What is known of an enrolled probe since this process began.
struct ProbeLive {
  std::string instance;
  std::set<std::string> past_instances;
  std::chrono::steady_clock::time_point seen;
  core::WallTime seen_wall{};
  std::string software;
  std::string host;
  std::string scope;
  bool can_capture = false;
  std::optional<protocol::ClockOffset> offset;
  std::string policy_key;
  std::uint64_t policy_version = 0;
  std::string stopped;
  std::string address;
  std::uint64_t log_size_seen = 0;
  std::map<std::string, std::uint64_t> refusals;  ///< by reason
  Allowance batches;               ///< what may still be kept of its batches, in bytes
  Allowance late;                  ///< the same of those that no run waits for
  std::size_t stray_sessions = 0;  ///< that it told of and this log does not know
  bool rollback_told = false;      ///< it has seen a longer log than ours, and that is on record
};

/// What a session needs to begin.
struct SessionOrder {
  std::string session;
  std::string run;
  std::string probe;  ///< id
  std::string endpoint;
  std::string grant;  ///< DSSE envelope, empty where nobody signed
};

/// A session as it stands in the evidence, to be taken up after a restart.
struct StoredSession {
  SessionOrder order;
  std::uint64_t last_batch = 0;
  std::string stream;
  std::vector<std::string> digests;  ///< of its batches' lines, in their order
};
[[nodiscard]] std::string batch_digest(std::string_view lines);

/// What is on disk of a session that no run waits for. After a log was rolled back its probe tells
/// what is new first, and what the log has lost after that: one gap may be filled later.
struct LateBatches {
  std::uint64_t last = 0;
  std::uint64_t before_gap = 0;  ///< all up to this
  std::uint64_t after_gap = 0;   ///< and from this on; 0 where there is no gap

  [[nodiscard]] bool has(std::uint64_t sequence) const {
    return sequence <= last && (sequence <= before_gap || sequence >= after_gap);
  }
  void add(std::uint64_t sequence);
  /// What is confirmed of it, to a probe that is filling the gap or to one that is not.
  [[nodiscard]] std::uint64_t confirmed(bool filling) const {
    return filling && before_gap + 1 < after_gap ? before_gap : last;
  }
};

/// The sessions of all enrolled probes, and the exchanges that carry them.
///
/// A batch counts once: it is verified, put into the evidence, then confirmed and handed to its
/// run, in this order. What comes after its run is over is kept too, and counts for nothing.
/// Everything happens on the loop's thread.
class FleetLink {
 public:
  struct Options {
    std::chrono::milliseconds hold_max{30'000};
    std::chrono::milliseconds silence_max{90'000};  ///< then a session's probe counts as lost
    std::chrono::milliseconds gather{3};            ///< orders that come so close go together
    /// What one probe may have kept of its batches: so much at once, and so much a second.
    std::size_t batch_bytes_at_once = 64U << 20U;
    std::size_t batch_bytes_per_second = 1U << 20U;
    /// The same of batches that no run waits for, at once no more than a probe's spool holds; and
    /// of how many sessions that this log does not know, as after a backup was restored.
    std::size_t late_bytes_at_once = 128U << 20U;
    std::size_t late_bytes_per_second = 4U << 10U;
    std::size_t stray_sessions_max = 1024;
  };
  struct Events {
    /// A probe said something new of itself, came, or went.
    std::function<void(const std::string& probe)> changed;
    /// Two processes show one key.
    std::function<void(const std::string& probe, const std::string& why)> cloned;
    /// A probe has seen a log that was longer than ours: ours was rolled back.
    std::function<void(const std::string& probe, std::uint64_t size)> rolled_back;
    /// A probe's batch was not taken, and not because it had come before.
    std::function<void(const EnrolledProbe& probe, std::string_view reason,
                       const std::string& detail)>
        refused;
  };

  FleetLink(boost::asio::io_context& loop, EvidenceKeeper& keeper,
            const protocol::KeyPair& heartbeat_key, Options options, Events events);
  ~FleetLink();
  FleetLink(const FleetLink&) = delete;
  FleetLink& operator=(const FleetLink&) = delete;

  /// Answers an exchange of a probe that is active or drained, now or when there is news.
  void exchange(const EnrolledProbe& probe, const protocol::ExchangeRequest& request,
                const std::string& address, PlaneReply reply);

  /// Begins a session, or takes one up. The channel's `lost` is called when the probe has been
  /// silent too long, restarted, or refused the session as a whole.
  [[nodiscard]] std::unique_ptr<ProbeChannel> open(const SessionOrder& order,
                                                   ProbeChannel::Events events);
  /// Before open(): what is known of it from before a restart.
  void restore(StoredSession stored);
  /// A session that was over before the restart, with its last batch that was confirmed.
  void restore_closed(const std::string& probe, const std::string& session, std::uint64_t last);

  void engage_stop(protocol::StopOrder stop);
  void release_stop();
  [[nodiscard]] const std::optional<protocol::StopOrder>& stop() const { return stop_; }
  /// Probes that are connected and know of the stop in force.
  [[nodiscard]] std::size_t stop_reached() const;

  /// Ends all that has to do with a probe: it was banned, or quarantined.
  void drop(const std::string& probe, const std::string& why);
  void set_log_size(std::uint64_t size) { log_size_ = size; }

  [[nodiscard]] const std::map<std::string, ProbeLive>& live() const { return live_; }
  [[nodiscard]] bool is_connected(const std::string& probe) const;
  [[nodiscard]] std::size_t sessions() const { return sessions_.size(); }

 private:
  struct Session;
  struct Held;
  struct Waiting;
  class Channel;

  [[nodiscard]] bool take_instance(const EnrolledProbe& probe,
                                   const protocol::ExchangeRequest& request);
  void take_reports(const std::string& probe, const protocol::ExchangeRequest& request);
  void take_batches(const EnrolledProbe& probe, const protocol::ExchangeRequest& request,
                    std::shared_ptr<Held> held);
  enum class Worth : std::uint8_t { Counts, Late, Stray };
  [[nodiscard]] bool within_allowance(const EnrolledProbe& probe, const protocol::Batch& batch,
                                      Worth worth, Held& held);
  [[nodiscard]] std::optional<evidence::Record> take_batch(const EnrolledProbe& probe,
                                                           const protocol::PublicKey& key,
                                                           const protocol::Batch& batch,
                                                           Held& held);
  void take_next(const std::string& probe);
  [[nodiscard]] LateBatches& remember_late(const std::string& probe, const std::string& session);
  void deliver(Session& session);
  void lose(Session& session, const std::string& why);
  void end_if_over(Session& session);
  void answer_or_hold(std::shared_ptr<Held> held);
  [[nodiscard]] bool has_news(const std::string& probe, const Held& held);
  void answer(Held& held);
  void wake(const std::string& probe);
  void wake_all();
  void flush_woken();
  void tick();
  void send(const std::string& session, const protocol::Message& message);
  void finish(const std::string& session);
  [[nodiscard]] std::vector<Session*> sessions_of(const std::string& probe);

  boost::asio::io_context& loop_;
  EvidenceKeeper& keeper_;
  const protocol::KeyPair& heartbeat_key_;
  Options options_;
  Events events_;
  boost::asio::steady_timer tick_timer_;
  boost::asio::steady_timer gather_timer_;
  bool gathering_ = false;
  std::map<std::string, ProbeLive> live_;
  std::map<std::string, std::unique_ptr<Session>> sessions_;
  std::map<std::string, std::set<std::string>> by_probe_;  ///< session ids
  /// Of sessions that are over or were never known, by probe and session.
  std::map<std::pair<std::string, std::string>, LateBatches> confirmed_;
  std::deque<std::pair<std::string, std::string>> late_;  ///< its keys, the oldest first
  /// By probe whose batches are on their way to the disk: its next exchange, if it came already.
  std::map<std::string, std::unique_ptr<Waiting>> keeping_;
  std::map<std::string, std::shared_ptr<Held>> held_;  ///< by probe
  std::multimap<std::chrono::steady_clock::time_point, std::weak_ptr<Held>> deadlines_;
  std::set<std::string> woken_;
  std::optional<protocol::StopOrder> stop_;
  std::uint64_t log_size_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace reachproof::orchestrator
