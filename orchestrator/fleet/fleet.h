#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/evidence_keeper.h"
#include "orchestrator/fleet/authority.h"
#include "orchestrator/fleet/link.h"
#include "orchestrator/fleet/probe_plane.h"
#include "orchestrator/fleet/registry.h"

namespace reachproof::orchestrator {

/// The enrolled probes as a whole: their book, their certificates, their plane, their link.
///
/// On the loop's thread, but for the plane's own. Whatever changes the book is on disk before it
/// holds and before anybody is told.
class Fleet {
 public:
  struct Options {
    ProbePlane::Options plane;
    std::vector<std::string> names;  ///< by which probes dial the plane: host names, addresses
    std::string url;                 ///< in join tokens; empty: made of the first name
    std::string trust_domain = "reachproof.local";
    std::chrono::seconds certificate_life{24 * 3600};
    FleetLink::Options link;
  };
  struct Events {
    std::function<void(const std::string& probe)> changed;
    std::function<void(std::string_view sentence, const std::string& detail)> noted;
  };
  template <class T>
  using Done = std::function<void(Result<T>)>;

  static Result<std::unique_ptr<Fleet>> start(boost::asio::io_context& loop, EvidenceKeeper& keeper,
                                              const Authority& authority, Registry registry,
                                              Options options, Events events);
  ~Fleet();

  struct NewJoinToken {
    std::string id;
    std::string text;  ///< all of it, with the secret
  };
  void create_token(Registry::TokenOrder order, Done<NewJoinToken> done);
  void revoke_token(const std::string& id, const std::string& by, Done<void> done);
  void set_state(const std::string& probe, ProbeState state, const std::string& by,
                 const std::string& why, Done<void> done);

  [[nodiscard]] const Registry& registry() const { return registry_; }
  [[nodiscard]] FleetLink& link() { return *link_; }
  [[nodiscard]] const FleetLink& link() const { return *link_; }
  [[nodiscard]] ProbePlane::Counters plane_counters() const { return plane_->counters(); }
  [[nodiscard]] const std::string& url() const { return options_.url; }
  [[nodiscard]] std::uint16_t port() const { return plane_->port(); }
  /// When the newest certificate ends that was issued to a probe since the start.
  [[nodiscard]] std::optional<core::WallTime> certificate_end(const std::string& probe) const;
  /// Refused requests, by reason, since the start.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& refused() const { return refused_; }

 private:
  Fleet(boost::asio::io_context& loop, EvidenceKeeper& keeper, const Authority& authority,
        Registry registry, Options options, Events events);
  void handle(PlaneRequest request, PlaneReply reply);
  void next_join();
  void handle_join(const PlaneRequest& request, PlaneReply reply, bool renewal);
  void handle_exchange(const PlaneRequest& request, PlaneReply reply);
  void welcome(const std::string& key, const PlaneReply& reply);
  void refuse(const PlaneRequest& request, const PlaneReply& reply, int status,
              std::string_view reason, const std::string& detail);
  void record_refusal(const PlaneRequest& request, std::string_view reason,
                      const std::string& detail);
  [[nodiscard]] std::string live_address(const std::string& probe) const;
  void keep(std::vector<evidence::Record> records, Done<void> done);

  boost::asio::io_context& loop_;
  EvidenceKeeper& keeper_;
  const Authority& authority_;
  Registry registry_;
  Options options_;
  Events events_;
  std::unique_ptr<FleetLink> link_;
  std::unique_ptr<ProbePlane> plane_;
  std::map<std::string, std::uint64_t> refused_;
  std::map<std::string, core::WallTime> certificate_ends_;  ///< by probe
  /// Joins under way, by key: two that cross must not both use a token's last use.
  std::deque<std::function<void()>> joins_waiting_;
  bool join_under_way_ = false;
  /// Refusals are records, but a flood of them becomes one record a minute: for each probe that
  /// has joined, so that none can drown what another did, and for all strangers together.
  struct RefusalBudget {
    std::chrono::steady_clock::time_point minute_began;
    std::size_t recorded = 0;  ///< in this minute
    std::size_t unrecorded = 0;
  };
  std::map<std::string, RefusalBudget> refusal_budgets_;  ///< by probe, "" for strangers
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace reachproof::orchestrator
