#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/verdict.h"

/// The judge's table as data. judge.cc walks it, verdict_doc.cc prints it; nothing else decides.
namespace reachproof::core {

/// What one attempt was, as far as the table cares. Bits, so that a row can accept several.
namespace tried {
inline constexpr std::uint8_t kConnectedNonce = 1;
inline constexpr std::uint8_t kConnected = 2;
inline constexpr std::uint8_t kRefused = 4;
inline constexpr std::uint8_t kSilentTcp = 8;
inline constexpr std::uint8_t kSilentUdp = 16;
inline constexpr std::uint8_t kIcmp = 32;
inline constexpr std::uint8_t kNothing = 64;  ///< DNS, local error, not run: says nothing
inline constexpr std::uint8_t kAnyConnected = kConnectedNonce | kConnected;
inline constexpr std::uint8_t kSilent = kSilentTcp | kSilentUdp;
inline constexpr std::uint8_t kFailed = kRefused | kSilent | kIcmp;
}  // namespace tried

/// What the witness says of that attempt.
namespace witnessed {
inline constexpr std::uint8_t kNone = 1;
inline constexpr std::uint8_t kLost = 2;
inline constexpr std::uint8_t kNotArrived = 4;
inline constexpr std::uint8_t kAccepted = 8;
inline constexpr std::uint8_t kReset = 16;
inline constexpr std::uint8_t kPortUnreachable = 32;
inline constexpr std::uint8_t kOtherIcmp = 64;
inline constexpr std::uint8_t kUnanswered = 128;
inline constexpr std::uint8_t kWithout = kNone | kLost;
inline constexpr std::uint8_t kStopped = kReset | kPortUnreachable | kOtherIcmp | kUnanswered;
inline constexpr std::uint8_t kAny = 255;
}  // namespace witnessed

/// What is known of the destination's port.
namespace port {
inline constexpr std::uint8_t kListening = 1;
inline constexpr std::uint8_t kNotListening = 2;
inline constexpr std::uint8_t kUnproven = 4;
inline constexpr std::uint8_t kAny = 7;
}  // namespace port

struct JudgeRow {
  std::uint8_t attempts;
  std::uint8_t witness;
  std::uint8_t port;
  bool needs_source_alive;
  Reachability reachability;
  Proof proof;
  Reason reason;
  // The row in words, for docs/verdicts.md.
  std::string_view attempts_text;
  std::string_view witness_text;
  std::string_view liveness_text;
  std::string_view verdict_text;
};

/// In order: the first row that fits decides. A row other than blocked fits when any attempt fits
/// it; a blocked row fits when any attempt fits it and every attempt fits some blocked row.
inline constexpr std::array<JudgeRow, 16> kJudgeTable{{
    {tried::kConnectedNonce, witnessed::kAny, port::kAny, false, Reachability::Open, Proof::Proved,
     Reason::NonceReturned, "any connected, the witness's keyed nonce came back", "-", "-",
     "reachable: open"},
    {tried::kAnyConnected, witnessed::kAccepted, port::kAny, false, Reachability::Open,
     Proof::Proved, Reason::HandshakeSeen, "any connected", "arrived, host answered SYN-ACK", "-",
     "reachable: open (the nonce was lost, or not sent to a listener that is not ours; noted)"},
    {tried::kAnyConnected, witnessed::kNotArrived | witnessed::kStopped, port::kAny, false,
     Reachability::Inconclusive, Proof::None, Reason::Intercepted, "any connected",
     "armed, not arrived; or arrived, but the host did not accept", "-",
     "inconclusive: intercepted (a middlebox answered)"},
    {tried::kAnyConnected, witnessed::kWithout, port::kNotListening, false,
     Reachability::Inconclusive, Proof::None, Reason::Intercepted, "any connected", "none",
     "destination shown *not* to be listening", "inconclusive: intercepted"},
    {tried::kAnyConnected, witnessed::kWithout, port::kListening | port::kUnproven, false,
     Reachability::Open, Proof::Corroborated, Reason::Connected, "any connected", "none", "-",
     "reachable: open"},
    {tried::kFailed, witnessed::kAccepted, port::kAny, false, Reachability::OneWay, Proof::Proved,
     Reason::ReplyLost, "refused, silent or ICMP error", "arrived, host answered SYN-ACK", "-",
     "reachable: one-way (the way there is open, the answer was lost)"},
    {tried::kFailed, witnessed::kStopped, port::kListening, false, Reachability::Blocked,
     Proof::Proved, Reason::HostFirewall, "refused, silent or ICMP error",
     "arrived; host answered RST, ICMP or nothing", "the port proven listening on that host",
     "blocked: by the host's own firewall"},
    {tried::kFailed, witnessed::kReset | witnessed::kPortUnreachable, port::kNotListening, false,
     Reachability::Latent, Proof::Proved, Reason::NothingListens, "refused, silent or ICMP error",
     "arrived; host answered RST or port-unreachable", "nothing listens there",
     "reachable: latent (path open, nothing listens)"},
    {tried::kSilent, witnessed::kUnanswered, port::kNotListening, false, Reachability::Latent,
     Proof::Proved, Reason::HostDropsUnserved, "silent", "arrived; host answered nothing",
     "nothing listens there",
     "reachable: latent (path open; the host drops what it does not serve)"},
    {tried::kRefused, witnessed::kNotArrived, port::kAny, true, Reachability::Blocked,
     Proof::Proved, Reason::RejectedOnTheWay, "refused", "armed, not arrived", "source alive",
     "blocked: rejected on the way"},
    {tried::kIcmp, witnessed::kNotArrived, port::kAny, true, Reachability::Blocked, Proof::Proved,
     Reason::RejectedByIcmp, "ICMP error", "armed, not arrived", "source alive",
     "blocked: rejected, with its ICMP code and sender"},
    {tried::kSilent, witnessed::kNotArrived, port::kAny, true, Reachability::Blocked, Proof::Proved,
     Reason::DroppedOnTheWay, "silent", "armed, not arrived", "source alive", "blocked: dropped"},
    {tried::kRefused, witnessed::kNone, port::kListening, true, Reachability::Blocked,
     Proof::Corroborated, Reason::RejectedOnTheWay, "refused", "none",
     "the port proven listening before and after, source alive", "blocked: rejected"},
    {tried::kIcmp, witnessed::kNone, port::kListening, true, Reachability::Blocked,
     Proof::Corroborated, Reason::RejectedByIcmp, "ICMP error from the path", "none",
     "destination proven before and after, source alive", "blocked: rejected"},
    {tried::kSilentTcp, witnessed::kNone, port::kListening, true, Reachability::Blocked,
     Proof::Corroborated, Reason::DroppedOnTheWay, "TCP silence", "none",
     "destination proven before and after, source alive",
     "blocked: dropped (a lost answer looks the same; the report says so)"},
    {tried::kSilentUdp, witnessed::kNone, port::kAny, false, Reachability::Inconclusive,
     Proof::None, Reason::UdpSilence, "UDP silence", "none", "-", "inconclusive: UDP silence"},
}};

}  // namespace reachproof::core
