#include "bench/attempts/table.h"

#include <fmt/core.h>

#include <algorithm>

namespace reachproof::bench {
namespace {

constexpr double kOfBareMin = 0.85;
constexpr double kOfWindowMin = 0.95;
constexpr double kPeakMibMax = 32;

double rate(const Measure& measure) { return kAttempts / measure.wall_s; }

double of_window(const Measure& measure, const Work& work) {
  const std::chrono::duration<double> timeout = timeout_of(work.of);
  return rate(measure) / (static_cast<double>(work.window) / timeout.count());
}

void print_row(const Work& work, Contender contender, const Measure& measure, const Measure& bare) {
  fmt::print("{:<9} {:<7} {:>7.3f} {:>10.0f} {:>7.2f} {:>8.1f} {:>8.2f} {:>8.2f} {:>7}", word(work.of),
             word(contender), measure.wall_s, rate(measure), measure.cpu_s / kAttempts * 1e6,
             measure.peak_mib, rate(measure) / rate(bare), bare.cpu_s / measure.cpu_s, measure.wrong);
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
  fmt::print("{:<9} {:<7} {:>7} {:>10} {:>7} {:>8} {:>8} {:>8} {:>7} {:>7}\n", "case", "by",
             "wall s", "attempts/s", "CPU us", "peak MiB", "of bare", "by CPU", "wrong", "window");
}

int print_case(const Work& work, const Measures& measures) {
  const auto bare = median(measures.at(Contender::Bare));
  const auto engine = median(measures.at(Contender::Engine));
  for (const auto& [contender, all] : measures) print_row(work, contender, median(all), bare);
  Bars bars(work.of);
  if (work.of == Case::Silent) {
    bars.hold(of_window(engine, work) >= kOfWindowMin,
              fmt::format("{:.3f} of window/timeout, at least {}", of_window(engine, work), kOfWindowMin));
  } else {
    bars.hold(rate(engine) >= kOfBareMin * rate(bare),
              fmt::format("{:.2f} of the bare loop, at least {}", rate(engine) / rate(bare), kOfBareMin));
  }
  if (const auto nmap = measures.find(Contender::Nmap); nmap != measures.end()) {
    const auto ahead = median(nmap->second).wall_s / engine.wall_s;
    bars.hold(ahead > 1, fmt::format("{:.1f} times as fast as nmap, more than 1", ahead));
  }
  bars.hold(engine.peak_mib < kPeakMibMax,
            fmt::format("{:.1f} MiB at its peak, under {}", engine.peak_mib, kPeakMibMax));
  bars.hold(engine.wrong == 0, fmt::format("{} wrong outcomes, none allowed", engine.wrong));
  return bars.missed();
}

}  // namespace reachproof::bench
