#include "bench/evidence/facts.h"

#include <random>

namespace reachproof::bench {
namespace {

using core::HostAnswer;
using core::NonceAnswer;
using core::Outcome;

enum class Kind : std::uint8_t { Silent, Rejected, Refused, Open, Latent, Translated };

Kind kind_of(std::size_t check) {
  const auto turn = check % 20;
  if (turn < 10) return Kind::Silent;
  if (turn < 13) return Kind::Rejected;
  if (turn < 16) return Kind::Refused;
  if (turn < 18) return Kind::Open;
  return turn == 18 ? Kind::Latent : Kind::Translated;
}

core::IpAddress address(bool v6, std::uint8_t net, std::uint32_t host) {
  std::uint8_t bytes[16] = {10, net, static_cast<std::uint8_t>(host >> 8U),
                            static_cast<std::uint8_t>(host)};
  if (!v6) return core::IpAddress::v4(bytes);
  std::uint8_t long_bytes[16] = {0xfd, 0, 0, 0, 0, net};
  long_bytes[14] = bytes[2];
  long_bytes[15] = bytes[3];
  return core::IpAddress::v6(long_bytes);
}

class Maker {
 public:
  explicit Maker(core::WallTime started) : started_(started) {}

  core::Observation observation(std::size_t check) {
    const Kind kind = kind_of(check);
    const bool v6 = check % 5 == 0;
    core::Observation seen;
    seen.witness = core::WitnessState::Armed;
    seen.source = core::SourceProof::Reached;
    seen.port = kind == Kind::Latent ? core::PortState::NotListening : core::PortState::Listening;
    for (int number = 1; number <= 3; ++number) {
      seen.attempts.push_back(attempt(kind, v6, check, number));
      seen.sightings.push_back(sighting(kind, v6, seen.attempts.back()));
    }
    return seen;
  }

 private:
  std::int64_t random(std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(random_);
  }

  core::Attempt attempt(Kind kind, bool v6, std::size_t check, int number) {
    const auto since_us = number * 60'000'000 + random(0, 50'000'000);
    core::Attempt made{.number = number, .elapsed_us = random(150, 2500)};
    made.source = address(v6, 30, static_cast<std::uint32_t>(check % 3000));
    made.source_port = static_cast<core::Port>(random(32'768, 60'999));
    made.started = {started_ + std::chrono::milliseconds(since_us / 1000),
                    90'000'000'000 + since_us};
    switch (kind) {
      case Kind::Silent:
        made.outcome = Outcome::TimedOut;
        made.elapsed_us = random(2'000'000, 2'004'096);
        break;
      case Kind::Rejected:
        made.outcome = Outcome::Unreachable;
        made.icmp = core::IcmpError{.type = static_cast<std::uint8_t>(v6 ? 1 : 3),
                                    .code = static_cast<std::uint8_t>(v6 ? 1 : 13),
                                    .sender = address(v6, 30, 1)};
        made.error_number = v6 ? 13 : 113;
        break;
      case Kind::Refused:
      case Kind::Latent:
        made.outcome = Outcome::Refused;
        made.error_number = 111;
        break;
      case Kind::Open:
      case Kind::Translated:
        made.outcome = Outcome::Connected;
        made.nonce = NonceAnswer::Returned;
        break;
    }
    return made;
  }

  core::Sighting sighting(Kind kind, bool v6, const core::Attempt& made) {
    const bool arrived = kind == Kind::Open || kind == Kind::Latent || kind == Kind::Translated;
    if (!arrived) return {};
    core::Sighting seen{.arrived = true,
                        .answer = kind == Kind::Latent ? HostAnswer::Reset : HostAnswer::Accepted,
                        .seen_source = made.source,
                        .seen_source_port = made.source_port};
    if (kind == Kind::Translated) {
      seen.seen_source = address(v6, 40, 1);
      seen.seen_source_port = static_cast<core::Port>(random(32'768, 60'999));
    }
    return seen;
  }

  core::WallTime started_;
  std::mt19937_64 random_{1};
};

}  // namespace

Facts facts_of(std::size_t checks) {
  Facts facts{.started = *core::parse_wall_time("2026-11-30T01:15:00Z"),
              .observations = {},
              .verdicts = {}};
  Maker maker(facts.started);
  for (std::size_t check = 0; check < checks; ++check) {
    const auto seen = maker.observation(check);
    const core::PathVerdict path{.pair = 0, .verdict = core::judge(seen, core::Expectation::Deny)};
    facts.verdicts.push_back(core::combine({&path, 1}, core::Expectation::Deny));
    facts.observations.push_back({seen});
  }
  return facts;
}

}  // namespace reachproof::bench
