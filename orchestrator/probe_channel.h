#pragma once

#include <functional>
#include <string>

#include "protocol/message.h"

namespace reachproof::orchestrator {

/// The way to one probe and back. A seam: the real one is a child process (probe_process.h),
/// tests put a script in its place.
class ProbeChannel {
 public:
  /// Called on the loop's thread. After `lost` nothing more comes.
  struct Events {
    std::function<void(protocol::Message&&)> message;
    std::function<void(std::string why)> lost;
  };

  virtual ~ProbeChannel() = default;
  /// Queues a message; never blocks. Without effect once the probe is lost.
  virtual void send(const protocol::Message& message) = 0;
  /// Ends the probe now, whatever it is doing. `lost` is not called for it.
  virtual void kill() = 0;
  /// Whether the answer to this try is here already, from before a restart: then it needs no turn.
  [[nodiscard]] virtual bool knows(std::uint64_t) const { return false; }
};

}  // namespace reachproof::orchestrator
