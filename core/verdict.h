#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The judge's answer.
namespace reachproof::core {

enum class Expectation : std::uint8_t {
  Deny,    ///< must be blocked
  Allow,   ///< required: must work
  Permit,  ///< may work: only reported
};

enum class Reachability : std::uint8_t { Open, OneWay, Latent, Blocked, Inconclusive };

/// How strong the facts behind a verdict are; None for inconclusive.
enum class Proof : std::uint8_t { None, Corroborated, Proved };

/// What the verdict means for the expectation.
enum class CheckResult : std::uint8_t {
  Pass,
  Violation,  ///< denied, but reachable
  Broken,     ///< required, but not open
  Unproven,
  InUse,       ///< permitted and open
  InUseNoted,  ///< permitted and one-way or latent
  Idle,        ///< permitted and blocked
  Excepted,    ///< a violation under an exception in force; never a pass
};

/// Why the verdict is what it is: one value for each way through the table of design and each
/// reason for which nothing could be concluded.
enum class Reason : std::uint8_t {
  NonceReturned,
  HandshakeSeen,
  Intercepted,
  Connected,
  ReplyLost,
  HostFirewall,
  NothingListens,
  HostDropsUnserved,
  RejectedOnTheWay,
  DroppedOnTheWay,
  RejectedByIcmp,
  RefusedByWhom,
  UdpSilence,
  WitnessLost,
  SourceNotAlive,
  TargetNotAlive,
  PortNotProven,
  DnsFailed,
  LocalError,
  NotRun,
  NoAttempts,
  ServiceAnswered,
  ServiceRefused,
  ServiceUnclear,
  NothingToAsk,
  CanaryFailed,
  ConnectionStood,
  ConnectionCut,
};

struct Verdict {
  Reachability reachability = Reachability::Inconclusive;
  Proof proof = Proof::None;
  CheckResult result = CheckResult::Unproven;
  Reason reason = Reason::NoAttempts;
  std::string detail;  ///< the particular of this case: ICMP code and sender, why it did not run
  int connected = 0;   ///< attempts that connected
  int attempts = 0;    ///< attempts that were made on the wire
};

[[nodiscard]] std::string_view word(Expectation expectation);    ///< "deny", "allow", "permit"
[[nodiscard]] std::string_view word(Reachability reachability);  ///< "open", "one-way", ...
[[nodiscard]] std::string_view word(Proof proof);                ///< "none", "corroborated", ...
[[nodiscard]] std::string_view word(CheckResult result);         ///< "pass", "violation", ...
[[nodiscard]] std::string_view word(Reason reason);              ///< "nonce-returned", ...
[[nodiscard]] std::string_view sentence(Reason reason);          ///< for people
[[nodiscard]] std::optional<Expectation> expectation_of(std::string_view word);
[[nodiscard]] std::optional<Reachability> reachability_of(std::string_view word);
[[nodiscard]] std::optional<Proof> proof_of(std::string_view word);
[[nodiscard]] std::optional<CheckResult> check_result_of(std::string_view word);
[[nodiscard]] std::optional<Reason> reason_of(std::string_view word);

/// The reason with its particulars, for people: "dropped on the way: silence, and the witness saw
/// nothing arrive".
[[nodiscard]] std::string explanation(const Verdict& verdict);

/// How large the rate of tries that get through may be, with 95 % confidence, where none of so many
/// did (Clopper-Pearson, one-sided: the exact binomial bound for no success).
[[nodiscard]] double leak_rate_bound(int attempts);

/// Whether a packet gets there, whoever serves it.
[[nodiscard]] inline bool is_reachable(Reachability reachability) {
  return reachability == Reachability::Open || reachability == Reachability::OneWay ||
         reachability == Reachability::Latent;
}

/// A departure from intent that fails a run: violation or broken.
[[nodiscard]] inline bool is_failure(CheckResult result) {
  return result == CheckResult::Violation || result == CheckResult::Broken;
}

}  // namespace reachproof::core
