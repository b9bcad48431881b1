#include "core/judge_layer.h"

#include <optional>

namespace reachproof::core {
namespace {

Verdict concluded(Verdict verdict, Reachability reachability, Reason reason, std::string detail) {
  verdict.reachability = reachability;
  verdict.reason = reason;
  verdict.detail = std::move(detail);
  if (reachability == Reachability::Inconclusive) verdict.proof = Proof::None;
  return verdict;
}

/// Whether the service was reached, and is not able to serve: dead, for whoever needs it.
bool is_dead(Layer layer, const Exchange& exchange) {
  // A service may end a connection on which nothing is said: that does not make it dead.
  if (layer == Layer::Keepalive) return false;
  return exchange.state == Exchange::State::Silent || exchange.state == Exchange::State::Closed ||
         exchange.state == Exchange::State::Garbled;
}

/// Which of two answers outweighs all others: that a stranger may go on, wherever somebody may;
/// that a connection was cut, where it had to stand.
bool cut_outweighs(const Observation& seen, Expectation expected) {
  return seen.layer->ask.layer == Layer::Keepalive && expected != Expectation::Deny;
}

Verdict granted_verdict(const Verdict& network, const Observation& seen, std::string detail) {
  const bool stood = seen.layer->ask.layer == Layer::Keepalive;
  return concluded(network, Reachability::Open,
                   stood ? Reason::ConnectionStood : Reason::ServiceAnswered, std::move(detail));
}

Verdict denied_verdict(const Verdict& network, const Observation& seen, std::string detail) {
  const bool cut = seen.layer->ask.layer == Layer::Keepalive;
  return concluded(network, Reachability::Blocked,
                   cut ? Reason::ConnectionCut : Reason::ServiceRefused, std::move(detail));
}

/// What all the tries of a path say together. One that was granted outweighs all others; a refusal
/// counts only where no try leaves room for doubt.
Verdict of_exchanges(const Verdict& network, const Observation& seen, Expectation expected,
                     const std::vector<bool>& reached) {
  std::optional<LayerAnswer> denied;
  std::optional<LayerAnswer> granted;
  std::optional<std::string> doubt;
  std::optional<std::string> dead;
  for (std::size_t i = 0; i < seen.attempts.size(); ++i) {
    const auto& attempt = seen.attempts[i];
    if (attempt.outcome != Outcome::Connected) {
      const bool never_sent = attempt.outcome == Outcome::DnsFailed ||
                              attempt.outcome == Outcome::LocalError ||
                              attempt.outcome == Outcome::NotRun;
      if (never_sent) doubt = summary(attempt);
      continue;
    }
    if (!reached[i]) {
      doubt = "a try was answered by something in between";
      continue;
    }
    if (!attempt.exchange) {
      doubt = "the probe did not say what the service answered";
      continue;
    }
    auto answer = layer_answer(*seen.layer, expected, *attempt.exchange);
    switch (answer.kind) {
      case LayerAnswer::Kind::Granted:
        if (!cut_outweighs(seen, expected)) {
          return granted_verdict(network, seen, std::move(answer.detail));
        }
        granted = std::move(answer);
        break;
      case LayerAnswer::Kind::Denied:
        denied = std::move(answer);
        break;
      case LayerAnswer::Kind::Unclear:
        (is_dead(seen.layer->ask.layer, *attempt.exchange) ? dead : doubt) =
            std::move(answer.detail);
        break;
    }
  }
  if (cut_outweighs(seen, expected) && denied) {
    return denied_verdict(network, seen, std::move(denied->detail));
  }
  if (granted) return granted_verdict(network, seen, std::move(granted->detail));
  if (dead && !doubt && expected == Expectation::Allow) {
    return concluded(network, Reachability::Latent, Reason::ServiceUnclear, std::move(*dead));
  }
  if (!doubt) doubt = dead;
  if (doubt || !denied) {
    return concluded(network, Reachability::Inconclusive, Reason::ServiceUnclear,
                     doubt.value_or(""));
  }
  return denied_verdict(network, seen, std::move(denied->detail));
}

}  // namespace

Verdict judge_above(Verdict network, const Observation& seen, Expectation expected,
                    const JudgePolicy& policy, const std::vector<bool>& reached) {
  Verdict verdict = std::move(network);
  switch (verdict.reachability) {
    case Reachability::Open:
      verdict = of_exchanges(verdict, seen, expected, reached);
      break;
    case Reachability::OneWay:
    case Reachability::Latent:
      // The network lets it through and no service could be asked: no proof that it would refuse.
      if (expected == Expectation::Deny) {
        auto detail = std::string(sentence(verdict.reason));
        verdict =
            concluded(verdict, Reachability::Inconclusive, Reason::NothingToAsk, std::move(detail));
      }
      break;
    case Reachability::Blocked:
    case Reachability::Inconclusive:
      break;
  }
  verdict.result = result_of(verdict.reachability, verdict.proof, expected, policy);
  return verdict;
}

}  // namespace reachproof::core
