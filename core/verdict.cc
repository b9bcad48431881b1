#include "core/verdict.h"

#include <cmath>

#include "core/words.h"

namespace reachproof::core {
namespace {

constexpr Words<Expectation, 3> kExpectations{{
    {Expectation::Deny, "deny"},
    {Expectation::Allow, "allow"},
    {Expectation::Permit, "permit"},
}};
constexpr Words<Reachability, 5> kReachabilities{{
    {Reachability::Open, "open"},
    {Reachability::OneWay, "one-way"},
    {Reachability::Latent, "latent"},
    {Reachability::Blocked, "blocked"},
    {Reachability::Inconclusive, "inconclusive"},
}};
constexpr Words<Proof, 3> kProofs{{
    {Proof::None, "none"},
    {Proof::Corroborated, "corroborated"},
    {Proof::Proved, "proved"},
}};
constexpr Words<CheckResult, 8> kResults{{
    {CheckResult::Pass, "pass"},
    {CheckResult::Violation, "violation"},
    {CheckResult::Broken, "broken"},
    {CheckResult::Unproven, "unproven"},
    {CheckResult::InUse, "in-use"},
    {CheckResult::InUseNoted, "in-use-noted"},
    {CheckResult::Idle, "idle"},
    {CheckResult::Excepted, "excepted"},
}};
constexpr Words<Reason, 28> kReasons{{
    {Reason::NonceReturned, "nonce-returned"},
    {Reason::HandshakeSeen, "handshake-seen"},
    {Reason::Intercepted, "intercepted"},
    {Reason::Connected, "connected"},
    {Reason::ReplyLost, "reply-lost"},
    {Reason::HostFirewall, "host-firewall"},
    {Reason::NothingListens, "nothing-listens"},
    {Reason::HostDropsUnserved, "host-drops-unserved"},
    {Reason::RejectedOnTheWay, "rejected-on-the-way"},
    {Reason::DroppedOnTheWay, "dropped-on-the-way"},
    {Reason::RejectedByIcmp, "rejected-by-icmp"},
    {Reason::RefusedByWhom, "refused-by-whom"},
    {Reason::UdpSilence, "udp-silence"},
    {Reason::WitnessLost, "witness-lost"},
    {Reason::SourceNotAlive, "source-not-alive"},
    {Reason::TargetNotAlive, "target-not-alive"},
    {Reason::PortNotProven, "port-not-proven"},
    {Reason::DnsFailed, "dns-failed"},
    {Reason::LocalError, "local-error"},
    {Reason::NotRun, "not-run"},
    {Reason::NoAttempts, "no-attempts"},
    {Reason::ServiceAnswered, "service-answered"},
    {Reason::ServiceRefused, "service-refused"},
    {Reason::ServiceUnclear, "service-unclear"},
    {Reason::NothingToAsk, "nothing-to-ask"},
    {Reason::CanaryFailed, "canary-failed"},
    {Reason::ConnectionStood, "connection-stood"},
    {Reason::ConnectionCut, "connection-cut"},
}};
constexpr Words<Reason, 28> kSentences{{
    {Reason::NonceReturned, "connected, and the witness's keyed nonce came back"},
    {Reason::HandshakeSeen, "connected, and the witness saw the handshake"},
    {Reason::Intercepted, "intercepted: something answered that is not the destination"},
    {Reason::Connected, "connected; no witness was there to confirm who answered"},
    {Reason::ReplyLost, "the way there is open: the host answered, its answer was lost"},
    {Reason::HostFirewall,
     "the packet arrived, and the host itself stopped it: its own firewall, or no way back"},
    {Reason::NothingListens, "the path is open; nothing listens on the port"},
    {Reason::HostDropsUnserved, "the path is open; the host silently drops what it does not serve"},
    {Reason::RejectedOnTheWay, "rejected on the way: refused"},
    {Reason::DroppedOnTheWay, "dropped on the way: silence"},
    {Reason::RejectedByIcmp, "rejected with an ICMP error"},
    {Reason::RefusedByWhom,
     "refused, but by whom is unknown: a firewall and a closed port look the same"},
    {Reason::UdpSilence, "silence over UDP or ICMP proves nothing without a witness"},
    {Reason::WitnessLost, "the witness was lost, so its silence proves nothing"},
    {Reason::SourceNotAlive, "the source was not proven to have a working network"},
    {Reason::TargetNotAlive, "the target was not proven alive before and after"},
    {Reason::PortNotProven,
     "the packet arrived, but whether the port listens there could not be proven"},
    {Reason::DnsFailed, "the name did not resolve to the endpoint"},
    {Reason::LocalError, "the source's own machine failed"},
    {Reason::NotRun, "not run"},
    {Reason::NoAttempts, "no attempt was made"},
    {Reason::ServiceAnswered, "the service let a stranger go on"},
    {Reason::ServiceRefused, "the service itself refused"},
    {Reason::ServiceUnclear, "the connection stands, and the service's answer does not decide"},
    {Reason::NothingToAsk, "the network lets it through, and no service was there to be asked"},
    {Reason::CanaryFailed, "blocked, and the segment's canary shows that this proves nothing"},
    {Reason::ConnectionStood, "a connection that stood was not cut"},
    {Reason::ConnectionCut, "a connection that stood was cut"},
}};

}  // namespace

std::string_view word(Expectation value) {
  return word_in(kExpectations, value);
}
std::string_view word(Reachability value) {
  return word_in(kReachabilities, value);
}
std::string_view word(Proof value) {
  return word_in(kProofs, value);
}
std::string_view word(CheckResult value) {
  return word_in(kResults, value);
}
std::string_view word(Reason value) {
  return word_in(kReasons, value);
}
std::string_view sentence(Reason value) {
  return word_in(kSentences, value);
}

std::string explanation(const Verdict& verdict) {
  std::string text(sentence(verdict.reason));
  if (!verdict.detail.empty()) text += ": " + verdict.detail;
  // Only a witness proves that a flow was stopped before it arrived.
  const bool on_the_way = verdict.reason == Reason::RejectedOnTheWay ||
                          verdict.reason == Reason::DroppedOnTheWay ||
                          verdict.reason == Reason::RejectedByIcmp;
  if (on_the_way && verdict.proof == Proof::Proved) text += ", and the witness saw nothing arrive";
  if (verdict.result == CheckResult::Unproven && verdict.proof == Proof::Corroborated) {
    text += "; only corroborated, where proved was demanded";
  }
  return text;
}

double leak_rate_bound(int attempts) {
  constexpr double kConfidence = 0.95;
  return attempts <= 0 ? 1.0 : 1.0 - std::pow(1.0 - kConfidence, 1.0 / attempts);
}

std::optional<Expectation> expectation_of(std::string_view w) {
  return value_in(kExpectations, w);
}
std::optional<Reachability> reachability_of(std::string_view w) {
  return value_in(kReachabilities, w);
}
std::optional<Proof> proof_of(std::string_view w) {
  return value_in(kProofs, w);
}
std::optional<CheckResult> check_result_of(std::string_view w) {
  return value_in(kResults, w);
}
std::optional<Reason> reason_of(std::string_view w) {
  return value_in(kReasons, w);
}

}  // namespace reachproof::core
