#include "orchestrator/selftest.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/judge.h"

namespace reachproof::orchestrator {
namespace {

bool keeps_closed(const core::Inventory& inventory, const std::string& endpoint,
                  core::ProtocolPort port) {
  const auto it = std::ranges::find(inventory.endpoints, endpoint, &core::Endpoint::name);
  return it == inventory.endpoints.end() ||
         std::ranges::any_of(it->keep_closed, [&](const core::PortRange& range) {
           return range.contains(port.protocol, port.port);
         });
}

/// The chance of `found` or more of `seeded`, where each is found with probability p.
double tail(int seeded, int found, double p) {
  double sum = 0;
  for (int k = found; k <= seeded; ++k) {
    sum += std::exp(std::lgamma(seeded + 1) - std::lgamma(k + 1) - std::lgamma(seeded - k + 1) +
                    k * std::log(p) + (seeded - k) * std::log1p(-p));
  }
  return sum;
}

void count(SelfTest& test, const evidence::StoredCheck& stored, const core::Observation& seen) {
  const auto& check = stored.check;
  const auto verdict = core::judge(seen, check.expectation);
  const auto said = fmt::format("{}: {}", check.id, core::explanation(verdict));
  if (check.expectation != core::Expectation::Deny) {
    ++test.open_seeded;
    if (verdict.reason == core::Reason::NonceReturned) {
      ++test.open_found;
    } else {
      test.missed.push_back(said);
    }
    return;
  }
  ++test.shut_seeded;
  switch (verdict.reachability) {
    case core::Reachability::Blocked:
      ++test.shut_held;
      break;
    case core::Reachability::Inconclusive:
      test.unproven.push_back(said);
      break;
    case core::Reachability::Open:
    case core::Reachability::OneWay:
    case core::Reachability::Latent:
      ++test.shut_leaked;
      test.leaked.push_back(said);
      break;
  }
}

}  // namespace

void seed_listeners(core::Plan& plan, const core::Inventory& inventory) {
  for (auto& witness : plan.witnesses) {
    for (auto& port : witness.ports) {
      port.may_listen = !witness.passive && !port.asked &&
                        port.port.protocol != core::Protocol::Icmp &&
                        !keeps_closed(inventory, witness.endpoint, port.port);
    }
  }
}

double SelfTest::detection_at_least() const {
  if (open_found <= 0) return 0;
  // The smallest p at which so many finds are not yet surprising.
  double low = 0;
  double high = 1;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (tail(open_seeded, open_found, middle) < 0.05 ? low : high) = middle;
  }
  return low;
}

SelfTest evaluate(const evidence::StoredRun& run, const SeededPorts& seeded) {
  SelfTest test;
  for (const auto& stored : run.checks) {
    for (std::size_t p = 0; p < stored.observations.size(); ++p) {
      const auto it = seeded.find(stored.check.paths[p].target);
      const bool ours = it != seeded.end() && it->second.contains(stored.check.port);
      if (ours && !stored.check.layer) count(test, stored, stored.observations[p]);
    }
  }
  return test;
}

}  // namespace reachproof::orchestrator
