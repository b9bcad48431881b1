#include "bench/attempts/contest.h"

#include <algorithm>

namespace reachproof::bench {
namespace {

double median_of(const std::vector<Measure>& measures, double Measure::*figure) {
  std::vector<double> values;
  for (const auto& measure : measures) values.push_back(measure.*figure);
  std::ranges::sort(values);
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace

Result<Measures> contest(const Work& work, const ContestOptions& options) {
  Measures measures;
  for (int round = 0; round < options.rounds; ++round) {
    for (const auto contender : kContenders) {
      if (contender == Contender::Nmap && !options.nmap) continue;
      // A new network each time: no connection in TIME_WAIT, no neighbour, no conntrack entry of
      // one contender stands in the way of the next.
      const auto network = Network::make(work.of);
      if (!network) return tl::unexpected(network.error());
      const auto measure = run_contender(contender, work, *network);
      if (!measure) return tl::unexpected(measure.error());
      measures[contender].push_back(*measure);
    }
  }
  return measures;
}

Measure median(const std::vector<Measure>& measures) {
  Measure result{.wall_s = median_of(measures, &Measure::wall_s),
                 .own_s = median_of(measures, &Measure::own_s),
                 .cpu_s = median_of(measures, &Measure::cpu_s),
                 .peak_mib = median_of(measures, &Measure::peak_mib)};
  for (const auto& measure : measures) result.wrong += measure.wrong;
  return result;
}

}  // namespace reachproof::bench
