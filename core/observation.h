#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/calendar.h"
#include "core/flow.h"
#include "core/layer.h"

/// Everything that is known about one path of one check after a run. The judge sees nothing else.
namespace reachproof::core {

/// A moment on one machine: its wall clock for people, its monotonic clock for intervals.
struct Moment {
  WallTime wall{};
  std::int64_t monotonic_us = 0;
};

/// What came of one try on the wire.
enum class Outcome : std::uint8_t {
  Connected,    ///< TCP established and confirmed, or a UDP answer came
  Refused,      ///< RST; for UDP, port-unreachable from the destination itself
  TimedOut,     ///< silence until the deadline
  Unreachable,  ///< an ICMP error; `icmp` says which, and who sent it
  DnsFailed,    ///< the endpoint's name gave no usable address
  LocalError,   ///< our own machine failed; says nothing about the path
  NotRun,       ///< never happened; `detail` says why
};

/// An ICMP error as the kernel queued it on the socket (IP_RECVERR, IPV6_RECVERR).
struct IcmpError {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  IpAddress sender;
  auto operator<=>(const IcmpError&) const = default;
};

/// What became of the nonce that was sent along.
enum class NonceAnswer : std::uint8_t {
  NotSent,   ///< the listener is not ours: nothing was sent to it
  Lost,      ///< sent, nothing came back
  Wrong,     ///< something else came back: not our witness
  Returned,  ///< the keyed answer came back: our witness is the peer
};

/// One try, as the vantage saw it.
struct Attempt {
  int number = 0;  ///< from 1, in the order of sending
  Outcome outcome = Outcome::NotRun;
  std::optional<IcmpError> icmp;
  NonceAnswer nonce = NonceAnswer::NotSent;
  int error_number = 0;  ///< errno, 0 for none
  IpAddress source;
  Port source_port = 0;
  std::int64_t elapsed_us = 0;
  Moment started;
  std::string detail;    ///< for LocalError, DnsFailed, NotRun: one sentence for people
  ExchangePtr exchange;  ///< what was said above the network, where something was asked
};

/// What the destination's host sent back to the opening packet.
enum class HostAnswer : std::uint8_t {
  Nothing,
  Accepted,         ///< SYN-ACK, or a UDP datagram back
  Reset,            ///< RST
  PortUnreachable,  ///< ICMP 3/3, ICMPv6 1/4
  OtherIcmp,
};

/// What the witness saw of one try.
struct Sighting {
  bool arrived = false;
  HostAnswer answer = HostAnswer::Nothing;
  IpAddress seen_source;  ///< differs from the attempt's source behind a NAT
  Port seen_source_port = 0;
};

/// Whether the witness's testimony can be believed for all attempts of the path.
enum class WitnessState : std::uint8_t {
  None,   ///< no probe at the destination
  Armed,  ///< armed before the first attempt, disarmed after the last, capture proven both times
  Lost,   ///< went away, lost packets, or could not prove its capture: proves nothing
};

enum class PortState : std::uint8_t {
  Unproven,
  Listening,     ///< proven before and after
  NotListening,  ///< shown not to be listening, before and after
};

/// How the source was proven to have a working network in the window of the attempts.
enum class SourceProof : std::uint8_t {
  None,
  FirstHop,  ///< the next hop answered; accepted only where nothing was allowed to be reached
  Reached,   ///< something beyond the host answered it, or a witness saw its packets
};

struct Observation {
  Protocol protocol = Protocol::Tcp;
  LayerPtr layer;  ///< what was asked above the network, null for nothing
  std::vector<Attempt> attempts;
  std::vector<Sighting> sightings;  ///< parallel to `attempts` where the witness is armed
  WitnessState witness = WitnessState::None;
  std::string witness_detail;  ///< why it was lost, or why there is none
  PortState port = PortState::Unproven;
  std::string port_detail;
  SourceProof source = SourceProof::None;
};

[[nodiscard]] std::string_view word(Outcome outcome);  ///< design word: "timed-out"
[[nodiscard]] std::optional<Outcome> outcome_of(std::string_view word);
[[nodiscard]] std::string_view word(NonceAnswer answer);
[[nodiscard]] std::optional<NonceAnswer> nonce_answer_of(std::string_view word);
[[nodiscard]] std::string_view word(HostAnswer answer);
[[nodiscard]] std::optional<HostAnswer> host_answer_of(std::string_view word);
[[nodiscard]] std::string_view word(WitnessState state);
[[nodiscard]] std::optional<WitnessState> witness_state_of(std::string_view word);
[[nodiscard]] std::string_view word(PortState state);
[[nodiscard]] std::optional<PortState> port_state_of(std::string_view word);
[[nodiscard]] std::string_view word(SourceProof proof);
[[nodiscard]] std::optional<SourceProof> source_proof_of(std::string_view word);

/// "refused", "timed-out", "unreachable 3/13 from 10.0.0.1": one attempt in a person's words.
[[nodiscard]] std::string summary(const Attempt& attempt);

}  // namespace reachproof::core
