#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "probe/attempt_engine.h"
#include "probe/first_hop.h"
#include "probe/resolver.h"
#include "probe/scope.h"
#include "probe/witness.h"
#include "protocol/codec.h"

namespace reachproof::probe {

/// One conversation with the orchestrator over two file descriptors: reads orders, carries them
/// out, reports. Ends when it is told to stop, when the orchestrator goes away, or when it sends
/// what it must not send. One thread, one loop; the only waits are those of Witness::arm and
/// disarm.
class Session {
 public:
  struct Options {
    int input = 0;
    int output = 1;
    std::size_t window = 1024;  ///< tries in flight at once
    bool witness = true;        ///< whether to accept an arm
  };
  Session(Options options, Scope scope);

  /// Runs to the end. The error says why the conversation broke off.
  [[nodiscard]] Result<void> run();

 private:
  void poll_once();
  void read_input();
  void handle(const protocol::Message& message);
  void handle_attempt(const protocol::AttemptOrder& order);
  void handle_arm(const protocol::Arm& order);
  void handle_disarm(const protocol::Disarm& order);
  void handle_stop(const protocol::Stop& order);
  void finish_stop();
  [[nodiscard]] bool first_hop_may_yet_be_confirmed(core::Family family);
  [[nodiscard]] std::int64_t confirmed_in_session(const core::IpAddress& destination);
  [[nodiscard]] std::int64_t first_hop_at_the_end(core::Family family);
  void resolve_then_queue(const protocol::AttemptOrder& order);
  void start_queued();
  void report(protocol::OutcomeReport&& report);
  void send(const protocol::Message& message);
  void flush();
  void end(std::string problem);

  Options options_;
  Scope scope_;
  std::unique_ptr<AttemptEngine> engine_;
  std::unique_ptr<Resolver> resolver_;  ///< made when the first name must be resolved
  FirstHop first_hop_;
  struct Watch {
    Witness witness;
    std::vector<protocol::ExpectedTry> tries;
    bool over = false;
    protocol::Done done;
  };
  std::map<std::uint32_t, Watch> watches_;
  std::deque<protocol::AttemptOrder> queued_;
  std::map<std::uint64_t, core::IpAddress> destinations_;  ///< of tries in flight
  std::size_t resolving_ = 0;
  /// What this probe knows of its own network, in each family.
  struct Reach {
    bool connected = false;
    std::optional<core::IpAddress> tried;  ///< the destination of the newest try
    std::int64_t tried_us = 0;             ///< when that was over, on the monotonic clock
  };
  std::map<core::Family, Reach> reach_;
  std::int64_t began_us_ = 0;
  bool stopping_ = false;
  protocol::LineReader lines_;
  std::string output_;
  bool ended_ = false;
  std::string problem_;
};

}  // namespace reachproof::probe
