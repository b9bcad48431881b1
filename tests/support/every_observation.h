#pragma once

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "core/judge.h"

/// All observations that the judge can tell apart, for properties that must hold of every one.
namespace reachproof::test {

/// One try with the witness's word on it, as the judge sees them.
struct TryKind {
  core::Outcome outcome = core::Outcome::NotRun;
  core::NonceAnswer nonce = core::NonceAnswer::NotSent;
  core::Sighting sighting;
};

/// What holds for a path as a whole.
struct Setting {
  core::Protocol protocol = core::Protocol::Tcp;
  core::WitnessState witness = core::WitnessState::None;
  core::PortState port = core::PortState::Unproven;
  core::SourceProof source = core::SourceProof::None;
};

inline std::vector<TryKind> every_try(core::WitnessState witness) {
  std::vector<TryKind> kinds;
  std::vector<core::Sighting> sightings{{}};
  if (witness == core::WitnessState::Armed) {
    for (int a = 0; a <= static_cast<int>(core::HostAnswer::OtherIcmp); ++a) {
      sightings.push_back({.arrived = true, .answer = static_cast<core::HostAnswer>(a)});
    }
  }
  for (const auto& sighting : sightings) {
    for (int o = 0; o <= static_cast<int>(core::Outcome::NotRun); ++o) {
      const auto outcome = static_cast<core::Outcome>(o);
      kinds.push_back({outcome, core::NonceAnswer::NotSent, sighting});
      if (outcome != core::Outcome::Connected) continue;
      for (const auto nonce :
           {core::NonceAnswer::Lost, core::NonceAnswer::Wrong, core::NonceAnswer::Returned}) {
        kinds.push_back({outcome, nonce, sighting});
      }
    }
  }
  return kinds;
}

inline std::vector<Setting> every_setting() {
  std::vector<Setting> settings;
  for (const auto protocol : {core::Protocol::Tcp, core::Protocol::Udp}) {
    for (int w = 0; w < 3; ++w) {
      for (int p = 0; p < 3; ++p) {
        for (int s = 0; s < 3; ++s) {
          settings.push_back({protocol, static_cast<core::WitnessState>(w),
                              static_cast<core::PortState>(p), static_cast<core::SourceProof>(s)});
        }
      }
    }
  }
  return settings;
}

inline core::Observation observation(const Setting& setting, const std::vector<TryKind>& tries) {
  core::Observation seen{.protocol = setting.protocol,
                         .witness = setting.witness,
                         .port = setting.port,
                         .source = setting.source};
  for (const auto& kind : tries) {
    core::Attempt attempt{.number = static_cast<int>(seen.attempts.size()) + 1,
                          .outcome = kind.outcome,
                          .nonce = kind.nonce};
    if (kind.outcome == core::Outcome::Unreachable) attempt.icmp = core::IcmpError{3, 13, {}};
    seen.attempts.push_back(attempt);
    if (setting.witness == core::WitnessState::Armed) seen.sightings.push_back(kind.sighting);
  }
  return seen;
}

/// Every observation of no, one and two tries.
inline void for_every_observation(const std::function<void(const core::Observation&)>& take) {
  for (const auto& setting : every_setting()) {
    take(observation(setting, {}));
    const auto kinds = every_try(setting.witness);
    for (const auto& first : kinds) {
      take(observation(setting, {first}));
      for (const auto& second : kinds) take(observation(setting, {first, second}));
    }
  }
}

/// Observations of three to six tries, drawn with that seed.
inline void for_random_observations(unsigned seed, int count,
                                    const std::function<void(const core::Observation&)>& take) {
  std::mt19937 random(seed);
  const auto settings = every_setting();
  for (int i = 0; i < count; ++i) {
    const auto& setting = settings[random() % settings.size()];
    const auto kinds = every_try(setting.witness);
    std::vector<TryKind> tries;
    // Now and then all tries are alike, since blocked is rare among the mixed ones.
    const auto common = kinds[random() % kinds.size()];
    const bool alike = random() % 2 == 0;
    for (auto n = 3 + random() % 4; n > 0; --n) {
      tries.push_back(alike && random() % 8 != 0 ? common : kinds[random() % kinds.size()]);
    }
    take(observation(setting, tries));
  }
}

inline std::string text(const core::Observation& seen) {
  std::string words = std::string(core::word(seen.protocol)) + " witness " +
                      std::string(core::word(seen.witness)) + " port " +
                      std::string(core::word(seen.port)) + " source " +
                      std::string(core::word(seen.source)) + ":";
  for (std::size_t i = 0; i < seen.attempts.size(); ++i) {
    words += " [" + core::summary(seen.attempts[i]);
    if (i < seen.sightings.size()) {
      words += seen.sightings[i].arrived
                   ? " arrived " + std::string(core::word(seen.sightings[i].answer))
                   : " not arrived";
    }
    words += "]";
  }
  return words;
}

}  // namespace reachproof::test
