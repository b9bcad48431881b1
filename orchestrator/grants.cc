#include "orchestrator/grants.h"

#include <algorithm>

namespace reachproof::orchestrator {
namespace {

/// A target without a witness is proven alive twice for each vantage, and a failed run's tries may
/// be asked for again after a restart.
constexpr std::uint32_t kLivenessTries = 2;

}  // namespace

std::vector<protocol::Grant> grants_of(const core::Plan& plan, const core::Inventory& inventory,
                                       const std::map<std::string, std::string>& ids,
                                       const protocol::Grant& frame) {
  std::map<std::string, protocol::Grant> grants;  // by endpoint
  for (const auto& endpoint : inventory.endpoints) {
    const auto id = ids.find(endpoint.launch.enrolled);
    if (endpoint.launch.kind != core::Launch::Kind::Enrolled || id == ids.end()) continue;
    auto grant = frame;
    grant.audience = id->second;
    grants[endpoint.name] = std::move(grant);
  }
  const auto allow = [&](const std::string& endpoint, const core::IpAddress& address,
                         core::ProtocolPort port, std::uint32_t tries) {
    const auto it = grants.find(endpoint);
    if (it == grants.end()) return;
    it->second.targets[address].insert(port);
    it->second.attempts_max += tries;
  };
  for (const auto& check : plan.checks) {
    for (const auto& path : check.paths) {
      allow(path.vantage, path.address, core::port_of(check, path),
            static_cast<std::uint32_t>(path.attempts));
      if (const auto it = grants.find(path.vantage); check.layer && it != grants.end()) {
        it->second.asks.insert(core::canonical(check.layer->ask));
      }
      for (const auto& prover : path.liveness_from) {
        allow(prover, path.address, core::port_of(check, path), kLivenessTries);
      }
    }
  }
  for (const auto& witness : plan.witnesses) {
    const auto it = grants.find(witness.endpoint);
    if (it == grants.end()) continue;
    for (const auto& port : witness.ports) it->second.watched.insert(port.port);
  }
  std::vector<protocol::Grant> list;
  for (auto& [endpoint, grant] : grants) {
    if (!grant.targets.empty() || !grant.watched.empty()) list.push_back(std::move(grant));
  }
  return list;
}

}  // namespace reachproof::orchestrator
