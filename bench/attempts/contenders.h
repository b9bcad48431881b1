#pragma once

#include <array>
#include <string>
#include <vector>

#include "bench/attempts/network.h"
#include "bench/attempts/work.h"
#include "core/error.h"

namespace reachproof::bench {

enum class Contender : std::uint8_t { Bare, Engine, Nmap };
inline constexpr std::array kContenders{Contender::Bare, Contender::Engine, Contender::Nmap};

[[nodiscard]] std::string_view word(Contender contender);

/// What one run of one contender cost, its whole process counted.
struct Measure {
  double wall_s = 0;
  double own_s = 0;  ///< the same without the time in which other programs had its core
  double cpu_s = 0;
  double peak_mib = 0;
  std::uint32_t wrong = 0;  ///< attempts without the outcome of the case
};

/// Runs the contender in a fresh process in the network's source namespace, on one core.
[[nodiscard]] Result<Measure> run_contender(Contender contender, const Work& work,
                                            const Network& network);

/// The fresh process of Bare and Engine, started with `--as CONTENDER CASE WINDOW`.
int be_contender(const std::vector<std::string>& as);

}  // namespace reachproof::bench
