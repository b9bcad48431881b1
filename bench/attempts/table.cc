#include "bench/attempts/table.h"

#include <fmt/core.h>

#include <algorithm>

namespace reachproof::bench {
namespace {

constexpr double kOfBareMin = 0.85;
constexpr double kOfWindowMin = 0.95;
constexpr double kPeakMibMax = 32;

/// Against silence the timeouts pass whoever has the core, so the clock decides. Elsewhere the core
/// is busy from the first attempt to the last, and time in which other programs had it is left out.
double seconds(const Measure& measure, Case of) {
  return of == Case::Silent ? measure.wall_s : measure.own_s;
}

double rate(const Measure& measure, Case of) {
  return kAttempts / seconds(measure, of);
}

/// How many times as fast as the other the one is.
double ratio(const Measure& other, const Measure& one, Case of) {
  return seconds(other, of) / seconds(one, of);
}

double of_window(const Measure& measure, const Work& work) {
  const std::chrono::duration<double> timeout = timeout_of(work.of);
  return rate(measure, work.of) / (static_cast<double>(work.window) / timeout.count());
}

void print_row(const Work& work, Contender contender, const Measure& measure, const Measure& bare) {
  fmt::print("{:<9} {:<7} {:>7.3f} {:>7.3f} {:>10.0f} {:>7.2f} {:>8.1f} {:>8.2f} {:>8.2f} {:>7}",
             word(work.of), word(contender), measure.wall_s, measure.own_s, rate(measure, work.of),
             measure.cpu_s / kAttempts * 1e6, measure.peak_mib, ratio(bare, measure, work.of),
             bare.cpu_s / measure.cpu_s, measure.wrong);
  if (work.of == Case::Silent) fmt::print(" {:>7.3f}", of_window(measure, work));
  fmt::print("\n");
}

class Bars {
 public:
  explicit Bars(Case of) : case_(of) {}
  void hold(bool met, const std::string& bar) {
    fmt::print("  {}  {}: {}\n", met ? "PASS  " : "MISSED", word(case_), bar);
    if (!met) ++missed_;
  }
  [[nodiscard]] int missed() const { return missed_; }

 private:
  Case case_;
  int missed_ = 0;
};

}  // namespace

void print_heading() {
  fmt::print("{:<9} {:<7} {:>7} {:>7} {:>10} {:>7} {:>8} {:>8} {:>8} {:>7} {:>7}\n", "case", "by",
             "wall s", "own s", "attempts/s", "CPU us", "peak MiB", "of bare", "by CPU", "wrong",
             "window");
}

int print_case(const Work& work, const Measures& measures) {
  const auto bare = median(measures.at(Contender::Bare));
  const auto engine = median(measures.at(Contender::Engine));
  for (const auto& [contender, all] : measures) print_row(work, contender, median(all), bare);
  Bars bars(work.of);
  if (work.of == Case::Silent) {
    bars.hold(of_window(engine, work) >= kOfWindowMin,
              fmt::format("{:.3f} of window/timeout, at least {}", of_window(engine, work),
                          kOfWindowMin));
  } else {
    bars.hold(ratio(bare, engine, work.of) >= kOfBareMin,
              fmt::format("{:.2f} of the bare loop, at least {}", ratio(bare, engine, work.of),
                          kOfBareMin));
  }
  if (const auto nmap = measures.find(Contender::Nmap); nmap != measures.end()) {
    const auto ahead = ratio(median(nmap->second), engine, work.of);
    bars.hold(ahead > 1, fmt::format("{:.1f} times as fast as nmap, more than 1", ahead));
  }
  bars.hold(engine.peak_mib < kPeakMibMax,
            fmt::format("{:.1f} MiB at its peak, under {}", engine.peak_mib, kPeakMibMax));
  bars.hold(engine.wrong == 0, fmt::format("{} wrong outcomes, none allowed", engine.wrong));
  return bars.missed();
}

}  // namespace reachproof::bench
