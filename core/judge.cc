#include "core/judge.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "core/judge_layer.h"
#include "core/judge_table.h"

namespace reachproof::core {
namespace {

/// One attempt in the terms of the table.
struct Cell {
  std::uint8_t attempt = tried::kNothing;
  std::uint8_t witness = witnessed::kNone;
};

std::uint8_t attempt_bit(const Attempt& attempt, Protocol protocol) {
  switch (attempt.outcome) {
    case Outcome::Connected:
      return attempt.nonce == NonceAnswer::Returned ? tried::kConnectedNonce : tried::kConnected;
    case Outcome::Refused:
      return tried::kRefused;
    case Outcome::TimedOut:
      return protocol == Protocol::Tcp ? tried::kSilentTcp : tried::kSilentUdp;
    case Outcome::Unreachable:
      return tried::kIcmp;
    case Outcome::DnsFailed:
    case Outcome::LocalError:
    case Outcome::NotRun:
      return tried::kNothing;
  }
  return tried::kNothing;
}

std::uint8_t answer_bit(HostAnswer answer) {
  switch (answer) {
    case HostAnswer::Nothing:
      return witnessed::kUnanswered;
    case HostAnswer::Accepted:
      return witnessed::kAccepted;
    case HostAnswer::Reset:
      return witnessed::kReset;
    case HostAnswer::PortUnreachable:
      return witnessed::kPortUnreachable;
    case HostAnswer::OtherIcmp:
      return witnessed::kOtherIcmp;
  }
  return witnessed::kUnanswered;
}

std::uint8_t witness_bit(const Observation& seen, std::size_t index) {
  switch (seen.witness) {
    case WitnessState::None:
      return witnessed::kNone;
    case WitnessState::Lost:
      return witnessed::kLost;
    case WitnessState::Armed:
      // An armed witness that gave no answer about a try has lost it.
      if (index >= seen.sightings.size()) return witnessed::kLost;
      return seen.sightings[index].arrived ? answer_bit(seen.sightings[index].answer)
                                           : witnessed::kNotArrived;
  }
  return witnessed::kLost;
}

std::uint8_t port_bit(PortState state) {
  switch (state) {
    case PortState::Listening:
      return port::kListening;
    case PortState::NotListening:
      return port::kNotListening;
    case PortState::Unproven:
      return port::kUnproven;
  }
  return port::kUnproven;
}

bool fits(const JudgeRow& row, const Cell& cell, const Observation& seen) {
  return (row.attempts & cell.attempt) != 0 && (row.witness & cell.witness) != 0 &&
         (row.port & port_bit(seen.port)) != 0 &&
         (!row.needs_source_alive || seen.source != SourceProof::None);
}

bool every_attempt_is_blocked(const std::vector<Cell>& cells, const Observation& seen) {
  return std::ranges::all_of(cells, [&](const Cell& cell) {
    return std::ranges::any_of(kJudgeTable, [&](const JudgeRow& row) {
      return row.reachability == Reachability::Blocked && fits(row, cell, seen);
    });
  });
}

/// Which attempt fits the row, if the row decides at all.
std::optional<std::size_t> deciding_attempt(const JudgeRow& row, const std::vector<Cell>& cells,
                                            const Observation& seen) {
  const auto it = std::ranges::find_if(cells, [&](const Cell& c) { return fits(row, c, seen); });
  if (it == cells.end()) return std::nullopt;
  if (row.reachability == Reachability::Blocked && !every_attempt_is_blocked(cells, seen)) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(it - cells.begin());
}

/// Row "anything else": the most telling reason why nothing can be concluded.
struct Inconclusive {
  Reason reason;
  std::string detail;
};

std::optional<Inconclusive> attempt_that_says_nothing(const Observation& seen) {
  for (const auto& attempt : seen.attempts) {
    if (attempt.outcome == Outcome::DnsFailed)
      return Inconclusive{Reason::DnsFailed, attempt.detail};
    if (attempt.outcome == Outcome::LocalError) {
      return Inconclusive{Reason::LocalError, attempt.detail};
    }
    if (attempt.outcome == Outcome::NotRun) return Inconclusive{Reason::NotRun, attempt.detail};
  }
  return std::nullopt;
}

Inconclusive why_inconclusive(const Observation& seen, const std::vector<Cell>& cells) {
  if (cells.empty()) return {Reason::NoAttempts, ""};
  if (auto nothing = attempt_that_says_nothing(seen)) return *nothing;
  const auto any = [&](std::uint8_t attempts, std::uint8_t witness) {
    return std::ranges::any_of(cells, [&](const Cell& c) {
      return (c.attempt & attempts) != 0 && (c.witness & witness) != 0;
    });
  };
  if (any(tried::kFailed, witnessed::kLost)) return {Reason::WitnessLost, seen.witness_detail};
  // Another host's address answered for it, or the port's state was not established.
  if (any(tried::kFailed, witnessed::kStopped)) return {Reason::PortNotProven, seen.port_detail};
  // Without a witness: is it the target that was not proven, or the source?
  const bool without = any(tried::kFailed, witnessed::kNone);
  if (without && seen.port != PortState::Listening) {
    const bool refused = any(tried::kRefused, witnessed::kNone);
    return {refused ? Reason::RefusedByWhom : Reason::TargetNotAlive, seen.port_detail};
  }
  return {Reason::SourceNotAlive, ""};
}

std::string detail_of(const JudgeRow& row, const Observation& seen, std::size_t index) {
  const Attempt& attempt = seen.attempts[index];
  if (row.reason == Reason::RejectedByIcmp && attempt.icmp) {
    return fmt::format("ICMP {}/{} from {}", attempt.icmp->type, attempt.icmp->code,
                       attempt.icmp->sender.text());
  }
  if (row.reason == Reason::HandshakeSeen) {
    switch (attempt.nonce) {
      case NonceAnswer::NotSent:
        return "the listener is the host's own: no nonce was sent";
      case NonceAnswer::Lost:
        return "the nonce was lost: cut after the handshake";
      case NonceAnswer::Wrong:
        return "the nonce came back wrong";
      case NonceAnswer::Returned:
        return "";
    }
  }
  if (row.reason == Reason::DroppedOnTheWay && row.proof == Proof::Corroborated) {
    return "a lost answer would look the same: place a witness to tell";
  }
  return "";
}

bool was_on_the_wire(const Attempt& attempt) {
  return attempt.outcome != Outcome::NotRun && attempt.outcome != Outcome::DnsFailed &&
         attempt.outcome != Outcome::LocalError;
}

/// Smaller is worse for a denied flow.
int badness_rank(Reachability reachability) {
  switch (reachability) {
    case Reachability::Open:
      return 0;
    case Reachability::OneWay:
      return 1;
    case Reachability::Latent:
      return 2;
    case Reachability::Inconclusive:
      return 3;
    case Reachability::Blocked:
      return 4;
  }
  return 3;
}

/// Larger is better for a required flow.
int reachability_rank(Reachability reachability) {
  switch (reachability) {
    case Reachability::Blocked:
      return 0;
    case Reachability::Latent:
      return 1;
    case Reachability::OneWay:
      return 2;
    case Reachability::Inconclusive:
      return 3;
    case Reachability::Open:
      return 4;
  }
  return 3;
}

/// True where `a` should decide a denied check rather than `b`.
bool worse(const Verdict& a, const Verdict& b) {
  const int rank_a = badness_rank(a.reachability);
  const int rank_b = badness_rank(b.reachability);
  if (rank_a != rank_b) return rank_a < rank_b;
  // Between two blocked paths the weaker proof speaks for the check, else the stronger.
  if (a.reachability == Reachability::Blocked) return a.proof < b.proof;
  return a.proof > b.proof;
}

int path_that_decides_denied(std::span<const PathVerdict> paths) {
  int decides = 0;
  for (int i = 1; i < static_cast<int>(paths.size()); ++i) {
    if (worse(paths[i].verdict, paths[decides].verdict)) decides = i;
  }
  return decides;
}

/// Larger is better for a required flow. What the policy makes of a path comes first: a path that
/// is too weakly proven hides neither a proven break nor behind a proven service. The weaker proof
/// of two services is worse, the weaker proof of two breaks better.
std::tuple<int, int, int> service_rank(const Verdict& verdict, const JudgePolicy& policy) {
  const auto result = result_of(verdict.reachability, verdict.proof, Expectation::Allow, policy);
  const int by_result = result == CheckResult::Pass ? 2 : result == CheckResult::Unproven ? 1 : 0;
  const int proof = static_cast<int>(verdict.proof);
  return {by_result, reachability_rank(verdict.reachability),
          verdict.reachability == Reachability::Open ? proof : -proof};
}

/// For each endpoint pair its best address; of these the worst.
int path_that_decides_required(std::span<const PathVerdict> paths, const JudgePolicy& policy) {
  std::map<int, int> best_of_pair;
  const auto rank = [&](int i) { return service_rank(paths[i].verdict, policy); };
  for (int i = 0; i < static_cast<int>(paths.size()); ++i) {
    const auto [it, fresh] = best_of_pair.emplace(paths[i].pair, i);
    if (!fresh && rank(i) > rank(it->second)) it->second = i;
  }
  int decides = -1;
  for (const auto& [pair, best] : best_of_pair) {
    if (decides < 0 || rank(best) < rank(decides)) decides = best;
  }
  return decides;
}

/// Whether the attempt by itself reached the destination, and nothing in between answered for it.
bool reached_destination(const Cell& cell, const Observation& seen) {
  const auto row = std::ranges::find_if(
      kJudgeTable, [&](const JudgeRow& candidate) { return fits(candidate, cell, seen); });
  return row != kJudgeTable.end() && row->reachability == Reachability::Open;
}

Verdict judge_network(const Observation& seen, const std::vector<Cell>& cells, Expectation expected,
                      const JudgePolicy& policy) {
  Verdict verdict;
  for (const auto& attempt : seen.attempts) {
    verdict.connected += attempt.outcome == Outcome::Connected ? 1 : 0;
    verdict.attempts += was_on_the_wire(attempt) ? 1 : 0;
  }
  for (const auto& row : kJudgeTable) {
    const auto index = deciding_attempt(row, cells, seen);
    if (!index) continue;
    verdict.reachability = row.reachability;
    verdict.proof = row.proof;
    verdict.reason = row.reason;
    verdict.detail = detail_of(row, seen, *index);
    verdict.result = result_of(row.reachability, row.proof, expected, policy);
    return verdict;
  }
  const auto why = why_inconclusive(seen, cells);
  verdict.reason = why.reason;
  verdict.detail = why.detail;
  verdict.result = CheckResult::Unproven;
  return verdict;
}

}  // namespace

CheckResult result_of(Reachability reachability, Proof proof, Expectation expected,
                      const JudgePolicy& policy) {
  const bool reachable = is_reachable(reachability);
  if (reachability == Reachability::Inconclusive) return CheckResult::Unproven;
  // A weak proof may not excuse anything, but it may accuse: a leak that was merely corroborated
  // is still a leak.
  const bool too_weak = policy.require_proved && proof != Proof::Proved;
  switch (expected) {
    case Expectation::Deny:
      if (reachable) {
        return policy.exception_in_force ? CheckResult::Excepted : CheckResult::Violation;
      }
      return too_weak ? CheckResult::Unproven : CheckResult::Pass;
    case Expectation::Allow:
      if (reachability != Reachability::Open) {
        return too_weak ? CheckResult::Unproven : CheckResult::Broken;
      }
      return too_weak ? CheckResult::Unproven : CheckResult::Pass;
    case Expectation::Permit:
      if (reachability == Reachability::Open) return CheckResult::InUse;
      return reachable ? CheckResult::InUseNoted : CheckResult::Idle;
  }
  return CheckResult::Unproven;
}

Verdict judge(const Observation& seen, Expectation expected, const JudgePolicy& policy) {
  std::vector<Cell> cells;
  cells.reserve(seen.attempts.size());
  for (std::size_t i = 0; i < seen.attempts.size(); ++i) {
    cells.push_back({attempt_bit(seen.attempts[i], seen.protocol), witness_bit(seen, i)});
  }
  auto verdict = judge_network(seen, cells, expected, policy);
  if (!seen.layer) return verdict;
  std::vector<bool> reached;
  for (const auto& cell : cells) reached.push_back(reached_destination(cell, seen));
  return judge_above(std::move(verdict), seen, expected, policy, reached);
}

CheckVerdict combine(std::span<const PathVerdict> paths, Expectation expected,
                     const JudgePolicy& policy) {
  if (paths.empty()) return {};
  CheckVerdict combined;
  switch (expected) {
    case Expectation::Deny:
      combined.deciding_path = path_that_decides_denied(paths);
      break;
    case Expectation::Allow:
      combined.deciding_path = path_that_decides_required(paths, policy);
      break;
    case Expectation::Permit:
      combined.deciding_path = path_that_decides_denied(paths);
      break;
  }
  combined.verdict = paths[combined.deciding_path].verdict;
  combined.verdict.connected = 0;
  combined.verdict.attempts = 0;
  for (const auto& path : paths) {
    combined.verdict.connected += path.verdict.connected;
    combined.verdict.attempts += path.verdict.attempts;
  }
  combined.verdict.result =
      result_of(combined.verdict.reachability, combined.verdict.proof, expected, policy);
  return combined;
}

}  // namespace reachproof::core
