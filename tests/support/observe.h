#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "core/judge.h"

/// A small language for observations, and for what the judge must say of them.
///
///   judge(observe().attempts({TimedOut, TimedOut}).listening().source_alive(), Expectation::Deny)
namespace reachproof::test {

class ObservationText {
 public:
  ObservationText() = default;

  ObservationText& tcp() { return over(core::Protocol::Tcp); }
  ObservationText& udp() { return over(core::Protocol::Udp); }
  ObservationText& over(core::Protocol protocol) {
    seen_.protocol = protocol;
    return *this;
  }

  /// One try after the other, each from a fresh source port.
  ObservationText& attempts(const std::vector<core::Outcome>& outcomes) {
    for (const auto outcome : outcomes) attempt(outcome);
    return *this;
  }
  ObservationText& attempt(core::Outcome outcome,
                           core::NonceAnswer nonce = core::NonceAnswer::NotSent) {
    core::Attempt attempt;
    attempt.number = static_cast<int>(seen_.attempts.size()) + 1;
    attempt.outcome = outcome;
    attempt.nonce = nonce;
    attempt.source = *core::IpAddress::parse("10.1.0.5");
    attempt.source_port = static_cast<core::Port>(40000 + attempt.number);
    if (outcome == core::Outcome::Unreachable) {
      attempt.icmp = core::IcmpError{3, 13, *core::IpAddress::parse("10.0.0.1")};
    }
    seen_.attempts.push_back(attempt);
    return *this;
  }
  /// Of the last try.
  ObservationText& because(const std::string& detail) {
    seen_.attempts.back().detail = detail;
    return *this;
  }

  ObservationText& no_witness() {
    seen_.witness = core::WitnessState::None;
    seen_.sightings.clear();
    return *this;
  }
  ObservationText& witness_lost(const std::string& why = "the capture lost 3 packets") {
    seen_.witness = core::WitnessState::Lost;
    seen_.witness_detail = why;
    return *this;
  }
  /// The witness's word on each try, in their order.
  ObservationText& witness(const std::vector<core::Sighting>& sightings) {
    seen_.witness = core::WitnessState::Armed;
    seen_.sightings = sightings;
    return *this;
  }
  ObservationText& witness_not_arrived() { return witness_all({}); }
  ObservationText& witness_arrived(core::HostAnswer answer) {
    return witness_all({.arrived = true, .answer = answer});
  }

  ObservationText& listening() { return port(core::PortState::Listening); }
  ObservationText& not_listening() { return port(core::PortState::NotListening); }
  ObservationText& port(core::PortState state, const std::string& detail = "") {
    seen_.port = state;
    seen_.port_detail = detail;
    return *this;
  }
  ObservationText& source_alive() { return source(core::SourceProof::Reached); }
  ObservationText& source_first_hop() { return source(core::SourceProof::FirstHop); }
  ObservationText& source(core::SourceProof proof) {
    seen_.source = proof;
    return *this;
  }

  [[nodiscard]] const core::Observation& seen() const { return seen_; }
  operator const core::Observation&() const {
    return seen_;
  }  // NOLINT: reads like the thing itself

 private:
  ObservationText& witness_all(const core::Sighting& sighting) {
    return witness(std::vector<core::Sighting>(seen_.attempts.size(), sighting));
  }

  core::Observation seen_;
};

inline ObservationText observe() {
  return {};
}

inline core::Sighting not_arrived() {
  return {};
}
inline core::Sighting arrived(core::HostAnswer answer) {
  return {.arrived = true, .answer = answer};
}

inline std::string words_of(const core::Verdict& verdict) {
  std::string text(core::word(verdict.reachability));
  for (const auto part :
       {core::word(verdict.proof), core::word(verdict.result), core::word(verdict.reason)}) {
    text += " " + std::string(part);
  }
  return text;
}

MATCHER_P2(Is, reachability, proof, "") {
  *result_listener << words_of(arg);
  return arg.reachability == reachability && arg.proof == proof;
}

MATCHER_P3(IsBecause, reachability, proof, reason, "") {
  *result_listener << words_of(arg);
  return arg.reachability == reachability && arg.proof == proof && arg.reason == reason;
}

/// Inconclusive for that reason; such a verdict has no proof and is unproven whatever was expected.
MATCHER_P(IsInconclusive, reason, "") {
  *result_listener << words_of(arg);
  return arg.reachability == core::Reachability::Inconclusive && arg.proof == core::Proof::None &&
         arg.result == core::CheckResult::Unproven && arg.reason == reason;
}

MATCHER_P(Results, result, "") {
  *result_listener << words_of(arg);
  return arg.result == result;
}

}  // namespace reachproof::test
