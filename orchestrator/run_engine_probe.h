#pragma once

#include <memory>

#include "core/inventory.h"
#include "orchestrator/probe_channel.h"
#include "orchestrator/run_engine.h"

namespace reachproof::orchestrator {

/// What the engine remembers of one probe while the run lasts. Internal to the engine.
struct RunEngine::Probe {
  const core::Endpoint* endpoint = nullptr;
  std::unique_ptr<ProbeChannel> channel;
  ProbeFacts* facts = nullptr;
  bool stopped = false;
  std::size_t in_flight = 0;
  std::uint64_t refusals = 0;
  std::uint32_t arms_pending = 0;
  std::uint32_t watches_pending = 0;
  [[nodiscard]] bool usable() const { return facts->greeted && facts->lost.empty() && !stopped; }
};

}  // namespace reachproof::orchestrator
