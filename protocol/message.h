#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/address.h"
#include "core/flow.h"
#include "core/layer.h"
#include "core/observation.h"

/// What orchestrator and probe say to each other: a closed set of messages. The carrier is the
/// standard streams of a child process, one JSON object a line. docs/protocol.md lists the fields.
namespace reachproof::protocol {

/// Raised when a message changes its meaning; both sides refuse another.
inline constexpr int kVersion = 2;
/// Longest line in bytes, its newline not counted.
inline constexpr std::size_t kLineBytesMax = 256U << 10U;
/// Most ports in one arm, most tries asked about in one disarm.
inline constexpr std::size_t kListMax = 1024;
/// Longest text field, in bytes.
inline constexpr std::size_t kTextBytesMax = 1024;
inline constexpr std::chrono::milliseconds kTimeoutMax{60'000};

using Nonce = std::array<std::uint8_t, 32>;

/// Probe: first thing it says.
struct Hello {
  int version = kVersion;
  std::string software;  ///< "reachproof-probe 0.1.0"
  std::string host;
  int pid = 0;
  bool can_capture = false;
  std::string scope;  ///< SHA-256 of its scope file in hex, empty without one
  core::Moment now;
};

struct WatchedPort {
  core::ProtocolPort port;
  bool may_listen = false;
  bool asked = false;  ///< UDP: tries are not nonces but a protocol's own words, of any length
};

/// Orchestrator: become a witness. Several may follow each other; each replaces nothing.
struct Arm {
  std::uint32_t id = 0;
  Nonce key{};  ///< of the HMAC with which its own listeners answer a nonce
  std::vector<core::IpAddress> addresses;  ///< of the endpoint, for connecting to itself
  std::vector<WatchedPort> ports;
  bool passive = false;  ///< capture, and neither listen nor connect to oneself
};

/// Who serves a port on the witness's host.
enum class Listener : std::uint8_t {
  Own,      ///< the witness itself, on a port that was free
  Service,  ///< somebody else's, proven to accept (TCP) or to answer (UDP)
  Mute,     ///< bound by somebody else over UDP, but it did not answer
  Closed,   ///< nobody
  Unknown,  ///< could not be established; `detail` of the message says why
};

struct PortReport {
  core::ProtocolPort port;
  Listener listener = Listener::Unknown;
};

/// Probe: the answer to arm. Attempts may begin only when this has come.
struct Armed {
  std::uint32_t id = 0;
  bool capture = false;  ///< the capture runs, and was proven by a packet that it saw
  std::string detail;    ///< why not, otherwise
  std::vector<PortReport> ports;
  core::Moment at;
};

/// Orchestrator: one try.
struct AttemptOrder {
  std::uint64_t id = 0;
  core::Protocol protocol = core::Protocol::Tcp;
  core::IpAddress address;
  core::Port port = 0;
  std::chrono::milliseconds timeout{0};
  std::optional<Nonce> nonce;  ///< sent over UDP always; over TCP only to a witness's listener
  std::uint16_t mss = 0;       ///< TCP MSS to announce, a mark the witness can see; 0 for the usual
  std::string hostname;        ///< must resolve to `address` first, where not empty
  /// What to ask once the connection stands (over UDP: at once), null for nothing. Then no nonce
  /// is sent. Each further stage, handshake and answer, has `timeout` of its own.
  std::shared_ptr<const core::Ask> ask;
};

/// Probe: what came of a try.
struct OutcomeReport {
  std::uint64_t id = 0;
  core::Outcome outcome = core::Outcome::NotRun;
  std::optional<core::IcmpError> icmp;
  int error_number = 0;
  core::IpAddress source;
  core::Port source_port = 0;
  std::int64_t elapsed_us = 0;
  core::Moment started;
  std::vector<std::uint8_t> answer;  ///< at most 32 bytes that came back after the nonce
  bool answered = false;             ///< anything came back after the nonce
  /// Milliseconds since the next hop towards the destination was last confirmed, -1 if unknown.
  std::int64_t first_hop_ms = -1;
  std::string detail;
  /// Over UDP, of a try that asked something: the first 32 bytes that were sent, filled with zeros.
  std::optional<Nonce> mark;
  core::ExchangePtr exchange;  ///< of a try that asked something, once the connection stood
};

/// One try that a witness is asked about.
struct ExpectedTry {
  std::uint64_t id = 0;
  core::ProtocolPort port;
  core::IpAddress source;
  core::Port source_port = 0;
  std::uint16_t mss = 0;
  std::optional<Nonce> nonce;  ///< over UDP: the nonce, or the mark that the vantage reported
};

/// Orchestrator: what did you see of these? The first disarm of an id ends the watch.
struct Disarm {
  std::uint32_t id = 0;
  std::vector<ExpectedTry> tries;
  bool last = true;  ///< false where more of the list follows
};

struct SeenTry {
  std::uint64_t id = 0;
  core::Sighting sighting;
};

/// Probe: the answer to one disarm.
struct SightingReport {
  std::uint32_t id = 0;
  std::vector<SeenTry> tries;
};

/// Probe: an arm is over, or the probe has stopped.
struct Done {
  enum class What : std::uint8_t { Watch, Stopped };
  What what = What::Stopped;
  std::uint32_t id = 0;
  bool sound = false;  ///< the capture saw all packets and was proven again at the end
  std::string detail;
  std::uint64_t packets = 0;
  std::uint64_t dropped = 0;
  std::vector<PortReport> ports;
  /// Of a probe that stopped: milliseconds since its next hop was last confirmed, for each family
  /// in which no try of it connected; -1 where unknown or not needed.
  std::int64_t first_hop_v4_ms = -1;
  std::int64_t first_hop_v6_ms = -1;
  core::Moment at;
};

/// Orchestrator: end now; nothing more is sent, what is in flight is abandoned.
struct Stop {
  std::string reason;
};

/// Probe: I will not do this. Every refusal becomes a record.
struct Refused {
  enum class Why : std::uint8_t { Scope, Budget, Unsupported, Stopped, Window, Signature };
  std::uint64_t id = 0;  ///< of the attempt or arm
  Why why = Why::Scope;
  std::string detail;
};

using Message = std::variant<Hello, Arm, Armed, AttemptOrder, OutcomeReport, Disarm, SightingReport,
                             Done, Stop, Refused>;

[[nodiscard]] std::string_view word(Listener listener);
[[nodiscard]] std::string_view word(Refused::Why why);
[[nodiscard]] std::string_view word(Done::What what);
[[nodiscard]] std::optional<Listener> listener_of(std::string_view word);
[[nodiscard]] std::optional<Refused::Why> refused_why_of(std::string_view word);
[[nodiscard]] std::optional<Done::What> done_what_of(std::string_view word);

}  // namespace reachproof::protocol
