#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "core/observation.h"
#include "core/plan.h"
#include "core/verdict.h"
#include "protocol/message.h"

/// What a run gathered, before anything is concluded from it. `observe.h` makes observations of
/// it; nothing here decides.
namespace reachproof::orchestrator {

/// One try as it was ordered, and what was reported of it.
struct TryFacts {
  protocol::AttemptOrder order;
  protocol::OutcomeReport report;  ///< outcome NotRun with a detail until something better comes
};

/// The witness of one endpoint.
struct WitnessFacts {
  enum class State { Planned, Armed, Unable, Lost, Done };
  State state = State::Planned;
  bool watching = false;  ///< it answered the arm, so it waits for a disarm
  std::string detail;     ///< why it is Unable or Lost
  protocol::Nonce key{};
  std::map<core::ProtocolPort, protocol::Listener> before;
  std::map<core::ProtocolPort, protocol::Listener> after;
  std::map<std::uint64_t, core::Sighting> sightings;  ///< by try id
  bool sound = false;
};

/// Whether an allowed vantage reached a target without a witness.
struct LivenessKey {
  std::string vantage;
  std::string target;
  core::IpAddress address;
  core::ProtocolPort port;
  auto operator<=>(const LivenessKey&) const = default;
};
struct LivenessFacts {
  TryFacts before;
  TryFacts after;
};

struct ProbeFacts {
  std::string endpoint;
  protocol::Hello hello;
  bool greeted = false;
  std::string lost;  ///< why it was lost, empty where it was not
  /// When it stopped: since its next hop was confirmed, by family; -1 where unknown.
  std::int64_t first_hop_v4_ms = -1;
  std::int64_t first_hop_v6_ms = -1;
};

/// Something that a probe would not do.
struct RefusalFacts {
  std::string endpoint;
  protocol::Refused refused;
};

struct RunFacts {
  core::Moment started;
  core::Moment finished;
  /// Parallel to Plan::trials.
  std::vector<TryFacts> tries;
  std::map<std::string, WitnessFacts> witnesses;  ///< by endpoint
  std::map<LivenessKey, LivenessFacts> liveness;
  std::map<std::string, ProbeFacts> probes;  ///< by endpoint
  std::vector<RefusalFacts> refusals;
  std::string interrupted;  ///< why the run ended early, empty where it did not
};

}  // namespace reachproof::orchestrator
