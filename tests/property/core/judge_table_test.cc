// The judge agrees with design's table, stated a second time here from its text: row by row, in
// order, without a look at the judge's own table.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/support/every_observation.h"

namespace reachproof::core {
namespace {

/// "| attempts | witness | liveness | reachability | proof |", asked of one observation.
class DesignTable {
 public:
  explicit DesignTable(const Observation& seen) : seen_(seen) {}

  std::pair<Reachability, Proof> decide() const {
    using enum Reachability;
    using enum Proof;
    const bool tcp = seen_.protocol == Protocol::Tcp;
    // any connected, the witness's keyed nonce came back
    if (any([&](auto i) { return connected(i) && nonce_back(i); })) return {Open, Proved};
    // any connected | arrived, host answered SYN-ACK
    if (any([&](auto i) { return connected(i) && answered(i, HostAnswer::Accepted); })) {
      return {Open, Proved};
    }
    // any connected | armed, not arrived: intercepted. That it arrived and yet was not accepted is
    // no row of the table, so "anything else": inconclusive all the same.
    if (any([&](auto i) { return connected(i) && armed(i); })) return {Inconclusive, None};
    // any connected | none | destination shown not to be listening: intercepted
    if (any([&](auto i) { return connected(i); }) && seen_.port == PortState::NotListening) {
      return {Inconclusive, None};
    }
    // any connected | none | -
    if (any([&](auto i) { return connected(i); })) return {Open, Corroborated};
    // refused, silent or ICMP error | arrived, host answered SYN-ACK
    if (any([&](auto i) { return failed(i) && answered(i, HostAnswer::Accepted); })) {
      return {OneWay, Proved};
    }
    const bool closed = seen_.port == PortState::NotListening;
    // refused, silent or ICMP error | arrived; RST or port-unreachable | nothing listens there
    if (closed && any([&](auto i) {
          return failed(i) &&
                 (answered(i, HostAnswer::Reset) || answered(i, HostAnswer::PortUnreachable));
        })) {
      return {Latent, Proved};
    }
    // silent | arrived; host answered nothing | nothing listens there
    if (closed && any([&](auto i) {
          return outcome(i) == Outcome::TimedOut && answered(i, HostAnswer::Nothing);
        })) {
      return {Latent, Proved};
    }
    // The rows that say blocked speak of all tries.
    if (!seen_.attempts.empty() && all([&](auto i) { return blocked(i, tcp) != None; })) {
      Proof weakest = Proved;
      each([&](auto i) { weakest = std::min(weakest, blocked(i, tcp)); });
      return {Blocked, weakest};
    }
    return {Inconclusive, None};
  }

 private:
  /// The proof of the blocked row that fits this try, None where none fits.
  Proof blocked(std::size_t i, bool tcp) const {
    const bool alive = seen_.source != SourceProof::None;
    const bool listening = seen_.port == PortState::Listening;
    if (!failed(i)) return Proof::None;
    // arrived; host answered RST, ICMP or nothing | the port proven listening on that host
    if (armed(i) && arrived(i) && listening) return Proof::Proved;
    // refused / silent or ICMP error | armed, not arrived | source alive
    if (armed(i) && !arrived(i) && alive) return Proof::Proved;
    // refused / ICMP error / TCP silence | none | proven before and after, source alive
    const bool udp_silence = outcome(i) == Outcome::TimedOut && !tcp;
    if (seen_.witness == WitnessState::None && listening && alive && !udp_silence) {
      return Proof::Corroborated;
    }
    return Proof::None;
  }

  Outcome outcome(std::size_t i) const { return seen_.attempts[i].outcome; }
  bool connected(std::size_t i) const { return outcome(i) == Outcome::Connected; }
  bool nonce_back(std::size_t i) const { return seen_.attempts[i].nonce == NonceAnswer::Returned; }
  bool failed(std::size_t i) const {
    return outcome(i) == Outcome::Refused || outcome(i) == Outcome::TimedOut ||
           outcome(i) == Outcome::Unreachable;
  }
  bool armed(std::size_t i) const {
    return seen_.witness == WitnessState::Armed && i < seen_.sightings.size();
  }
  bool arrived(std::size_t i) const { return armed(i) && seen_.sightings[i].arrived; }
  bool answered(std::size_t i, HostAnswer answer) const {
    return arrived(i) && seen_.sightings[i].answer == answer;
  }

  template <class Ask>
  bool any(Ask ask) const {
    bool found = false;
    each([&](auto i) { found = found || ask(i); });
    return found;
  }
  template <class Ask>
  bool all(Ask ask) const {
    return !any([&](auto i) { return !ask(i); });
  }
  template <class Take>
  void each(Take take) const {
    for (std::size_t i = 0; i < seen_.attempts.size(); ++i) take(i);
  }

  const Observation& seen_;
};

/// "| expectation | open | one-way, latent | blocked | inconclusive |"
CheckResult by_second_table(Expectation expected, Reachability r) {
  using enum CheckResult;
  if (r == Reachability::Inconclusive) return Unproven;
  const bool open = r == Reachability::Open;
  const bool blocked = r == Reachability::Blocked;
  if (expected == Expectation::Deny) return blocked ? Pass : Violation;
  if (expected == Expectation::Allow) return open ? Pass : Broken;
  return open ? InUse : blocked ? Idle : InUseNoted;
}

void expect_agreement(const Observation& seen) {
  const auto [reachability, proof] = DesignTable(seen).decide();
  for (const auto expected : {Expectation::Deny, Expectation::Allow, Expectation::Permit}) {
    const auto verdict = judge(seen, expected);
    ASSERT_EQ(word(verdict.reachability), word(reachability)) << test::text(seen);
    ASSERT_EQ(word(verdict.result), word(by_second_table(expected, reachability)))
        << test::text(seen);
    // Where tries are blocked in several ways the judge may claim no more than the weakest of them.
    ASSERT_EQ(word(verdict.proof), word(proof)) << test::text(seen);
  }
}

TEST(JudgeAndDesign, AgreeOnEveryObservationOfUpToTwoTries) {
  test::for_every_observation(expect_agreement);
}

TEST(JudgeAndDesign, AgreeOnRandomObservationsOfMore) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  test::for_random_observations(seed, 100'000, expect_agreement);
}

}  // namespace
}  // namespace reachproof::core
