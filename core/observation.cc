#include "core/observation.h"

#include <fmt/core.h>

#include "core/words.h"

namespace reachproof::core {
namespace {

constexpr Words<Outcome, 7> kOutcomes{{
    {Outcome::Connected, "connected"},
    {Outcome::Refused, "refused"},
    {Outcome::TimedOut, "timed-out"},
    {Outcome::Unreachable, "unreachable"},
    {Outcome::DnsFailed, "dns-failed"},
    {Outcome::LocalError, "local-error"},
    {Outcome::NotRun, "not-run"},
}};
constexpr Words<NonceAnswer, 4> kNonceAnswers{{
    {NonceAnswer::NotSent, "not-sent"},
    {NonceAnswer::Lost, "lost"},
    {NonceAnswer::Wrong, "wrong"},
    {NonceAnswer::Returned, "returned"},
}};
constexpr Words<HostAnswer, 5> kHostAnswers{{
    {HostAnswer::Nothing, "nothing"},
    {HostAnswer::Accepted, "accepted"},
    {HostAnswer::Reset, "reset"},
    {HostAnswer::PortUnreachable, "port-unreachable"},
    {HostAnswer::OtherIcmp, "other-icmp"},
}};
constexpr Words<WitnessState, 3> kWitnessStates{{
    {WitnessState::None, "none"},
    {WitnessState::Armed, "armed"},
    {WitnessState::Lost, "lost"},
}};
constexpr Words<PortState, 3> kPortStates{{
    {PortState::Unproven, "unproven"},
    {PortState::Listening, "listening"},
    {PortState::NotListening, "not-listening"},
}};
constexpr Words<SourceProof, 3> kSourceProofs{{
    {SourceProof::None, "none"},
    {SourceProof::FirstHop, "first-hop"},
    {SourceProof::Reached, "reached"},
}};

}  // namespace

std::string_view word(Outcome value) {
  return word_in(kOutcomes, value);
}
std::string_view word(NonceAnswer value) {
  return word_in(kNonceAnswers, value);
}
std::string_view word(HostAnswer value) {
  return word_in(kHostAnswers, value);
}
std::string_view word(WitnessState value) {
  return word_in(kWitnessStates, value);
}
std::string_view word(PortState value) {
  return word_in(kPortStates, value);
}
std::string_view word(SourceProof value) {
  return word_in(kSourceProofs, value);
}
std::optional<Outcome> outcome_of(std::string_view w) {
  return value_in(kOutcomes, w);
}
std::optional<NonceAnswer> nonce_answer_of(std::string_view w) {
  return value_in(kNonceAnswers, w);
}
std::optional<HostAnswer> host_answer_of(std::string_view w) {
  return value_in(kHostAnswers, w);
}
std::optional<WitnessState> witness_state_of(std::string_view w) {
  return value_in(kWitnessStates, w);
}
std::optional<PortState> port_state_of(std::string_view w) {
  return value_in(kPortStates, w);
}
std::optional<SourceProof> source_proof_of(std::string_view w) {
  return value_in(kSourceProofs, w);
}

std::string summary(const Attempt& attempt) {
  std::string text(word(attempt.outcome));
  if (attempt.icmp) {
    text += fmt::format(" {}/{} from {}", attempt.icmp->type, attempt.icmp->code,
                        attempt.icmp->sender.text());
  }
  if (attempt.nonce == NonceAnswer::Returned) text += ", nonce back";
  if (attempt.nonce == NonceAnswer::Lost) text += ", nonce lost";
  if (attempt.nonce == NonceAnswer::Wrong) text += ", wrong nonce";
  if (!attempt.detail.empty()) text += " (" + attempt.detail + ")";
  return text;
}

}  // namespace reachproof::core
