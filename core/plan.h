#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/inventory.h"
#include "core/layer.h"
#include "core/scenario.h"
#include "core/verdict.h"

/// What a run will send, from where, at what rate, decided beforehand; and what it cannot test,
/// with the reason. Pure: the time of the run is an argument.
namespace reachproof::core {

/// Ranges wider than this are not tried port by port: of them the ports that somebody named
/// (services, listeners) are tried, and the plan says how many were left out.
inline constexpr std::uint32_t kPortsTriedWholeMax = 16;
/// Callers refuse a plan with more checks than this: choose a narrower scenario or `--only`.
inline constexpr std::size_t kChecksMax = 2'000'000;

/// One way to try a check: from one endpoint to one address of another.
struct Path {
  int pair = 0;          ///< paths of the same endpoints share a number within their check
  std::string vantage;   ///< endpoint name
  std::string target;    ///< endpoint name
  IpAddress address;     ///< of the target
  std::string hostname;  ///< resolved on the vantage first, where not empty
  std::string variant;   ///< name of the variant that it leads over, empty for the plain address
  Port port = 0;         ///< that is tried, where it is not the check's
  int attempts = 0;
  std::chrono::milliseconds timeout{0};
  bool witnessed = false;  ///< the target has a probe that will be armed
  /// Endpoints that are allowed to connect there, and prove it alive before and after; used where
  /// there is no witness, or where it turns out that it cannot be one.
  std::vector<std::string> liveness_from;
};

/// One flow with its expectation: the unit that a run decides.
struct Check {
  std::string id;         ///< "X03/vendor-vpn/phi-db/tcp/5432": stable over runs
  std::string rule;       ///< id of the flow or forbid, or "default"
  std::string why;        ///< the rule in a person's words
  SourceMark mark;        ///< of the rule in the scenario file; nowhere for default deny
  std::string mark_file;  ///< where the rule stands if not in the scenario: what was included
  std::string source;
  std::string destination;
  std::string source_segment;
  std::string destination_segment;
  ProtocolPort port;
  LayerPtr layer;  ///< what is asked above the network, null for nothing
  Expectation expectation = Expectation::Deny;
  Severity severity = Severity::Medium;
  std::string exception;  ///< id of the exception in force, empty for none
  std::vector<std::string> controls;
  std::vector<std::string> techniques;
  std::vector<Path> paths;
  /// "tcp/443", or "tcp/443 tls".
  [[nodiscard]] std::string port_and_layer() const {
    return layer ? port.text() + " " + layer->label : port.text();
  }
  /// What it tests, whatever rule asks for it: "ehr-app -> phi-db tcp/5432".
  [[nodiscard]] std::string flow() const {
    return source + " -> " + destination + " " + port_and_layer();
  }
  std::string gap;        ///< why it cannot be tested, empty where it can
  int pairs_untried = 0;  ///< endpoint pairs beyond `samples`
};

/// The port that a path of the check tries.
[[nodiscard]] inline ProtocolPort port_of(const Check& check, const Path& path) {
  return {check.port.protocol, path.port != 0 ? path.port : check.port.port};
}

/// What a rule asks for and no check of this plan tests.
struct Gap {
  std::string rule;
  std::string reason;
};

/// The ports that one witness watches.
struct WitnessPort {
  ProtocolPort port;
  /// A listener of the witness's own is welcome where the port is free. Never where a flow
  /// expects a service (a dead one must not look alive), nor where the inventory forbids it.
  bool may_listen = false;
  /// Over UDP: a service is asked in its own words, so that any datagram may be a try.
  bool asked = false;
};

struct WitnessPlan {
  std::string endpoint;
  bool passive = false;  ///< a fragile one: it captures, and does not connect to itself
  std::vector<WitnessPort> ports;
};

/// One try: indexes into Plan::checks and Check::paths.
struct Trial {
  std::uint32_t check = 0;
  std::uint16_t path = 0;
  std::uint16_t number = 1;          ///< from 1
  std::chrono::microseconds due{0};  ///< since the start of the attempts
};

struct Plan {
  std::vector<Check> checks;
  std::vector<Gap> gaps;
  std::vector<WitnessPlan> witnesses;
  std::vector<std::string> vantages;  ///< endpoints whose probe is needed, witnesses included
  std::vector<Trial> trials;          ///< in the order of sending
  Rate rate;
  Rate per_target;
  std::map<std::string, Segment::Canary> canaries;  ///< by segment
  bool whole = true;                                ///< no option left a check out

  [[nodiscard]] std::chrono::microseconds duration() const {
    return trials.empty() ? std::chrono::microseconds(0) : trials.back().due;
  }
};

struct PlanOptions {
  WallTime now{};                        ///< decides hours, blackouts and exceptions in force
  int attempts = 0;                      ///< overrides the scenario's, 0 for not
  std::chrono::milliseconds timeout{0};  ///< overrides the scenario's, 0 for not
  std::vector<std::string> only;  ///< keep checks whose id contains one of these; empty keeps all
  std::vector<Severity> severities;  ///< keep checks of these; empty keeps all
  std::optional<Rate> rate;          ///< below the scenario's own limit
  std::vector<std::string> skip;     ///< drop checks whose id contains one of these
  /// The schedule whose run it is: checks of rules that name another are left to that one. Empty
  /// keeps all.
  std::string schedule;
};

[[nodiscard]] Plan plan(const Scenario& scenario, const Inventory& inventory,
                        const PlanOptions& options);

/// Puts the tries in order and gives each its time: severe checks first, tries of one path spread
/// out, never faster than `rate` in all and `per_target` at one target endpoint.
[[nodiscard]] std::vector<Trial> paced_trials(const std::vector<Check>& checks, Rate rate,
                                              Rate per_target);

/// One of several things to send: its place in the input, and when to send it.
struct Turn {
  std::size_t index = 0;
  std::chrono::microseconds due{0};
};

/// Gives each thing to send its time: in the given order at each target, `per_target` apart at
/// least, `rate` apart over all.
[[nodiscard]] std::vector<Turn> paced_turns(const std::vector<std::string>& targets, Rate rate,
                                            Rate per_target);

}  // namespace reachproof::core
