#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>

#include "orchestrator/fleet/link.h"

/// What the link remembers of sessions and of exchanges that wait. Internal to link*.cc.
namespace reachproof::orchestrator {

struct FleetLink::Session {
  Session(SessionOrder what, bool resumed) : order(std::move(what)), stream(resumed) {}

  SessionOrder order;
  ProbeChannel::Events events;
  bool heard = false;     ///< somebody listens to the events
  bool recorded = false;  ///< its beginning is on disk: it may begin
  bool begun = false;     ///< the probe has said that it knows of it
  bool finished = false;  ///< its run needs it no longer
  bool over = false;      ///< the probe has ended it, or was lost
  SessionStream stream;
  std::deque<protocol::Order> orders;  ///< that the probe has not said it got
  std::uint64_t next_order = 1;
  bool numbers_known = true;  ///< false after a restart, until the probe says what it got
  std::deque<std::string> unnumbered;
  std::uint64_t confirmed = 0;      ///< last batch on disk
  std::uint64_t accepted = 0;       ///< last batch on its way to the disk
  std::deque<std::string> digests;  ///< of the newest batches up to `accepted`
  std::string end_detail;           ///< why the probe ended it, once that was told
  bool end_told = false;
  std::uint64_t end_batch = 0;

  void accept(const protocol::Batch& batch) {
    constexpr std::size_t kDigestsMax = 1024;
    accepted = batch.sequence;
    digests.push_back(batch_digest(batch.lines));
    if (digests.size() > kDigestsMax) digests.pop_front();
  }
  /// What was accepted last did not get onto the disk.
  void take_back() {
    for (; accepted > confirmed && !digests.empty(); --accepted) digests.pop_back();
    accepted = confirmed;
  }
  /// Whether a batch that was accepted before had other words then.
  [[nodiscard]] bool contradicts(const protocol::Batch& batch) const {
    const auto back = accepted - batch.sequence;
    return back < digests.size() && digests[digests.size() - 1 - back] != batch_digest(batch.lines);
  }
};

/// An exchange that came while the one before was being kept.
struct FleetLink::Waiting {
  EnrolledProbe probe;
  protocol::ExchangeRequest request;
  std::string address;
  PlaneReply reply;
};

struct FleetLink::Held {
  std::string probe;
  protocol::ExchangeRequest request;  ///< without its batches
  core::WallTime received{};
  PlaneReply reply;
  std::chrono::steady_clock::time_point until;
  bool at_once = false;
  bool slow_down = false;  ///< it sends more than is kept of it
  bool spent = false;      ///< and nothing more of it may be kept now
  bool answered = false;
  std::set<std::string> filling;                 ///< sessions of which it tells what was missing
  std::map<std::string, LateBatches> before_it;  ///< late ones that it adds to, as they were
};

}  // namespace reachproof::orchestrator
