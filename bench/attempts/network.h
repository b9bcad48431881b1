#pragma once

#include "bench/attempts/work.h"
#include "core/error.h"
#include "lab/descriptor.h"

namespace reachproof::bench {

/// Two nameless network namespaces with a cable between them; the target answers for the whole /16
/// in the way of the case. Gone without a trace when this is destroyed. Needs root.
class Network {
 public:
  static Result<Network> make(Case of);
  Network(Network&& other) noexcept;
  Network& operator=(Network&&) = delete;
  ~Network();

  /// Moves the calling process to where the attempts start.
  [[nodiscard]] Result<void> enter_source() const;

 private:
  Network() = default;
  Result<void> make_source();
  Result<void> make_target(Case of);
  Result<void> start_listener();

  lab::Descriptor source_;
  lab::Descriptor target_;
  int listener_ = 0;  ///< the process that accepts, 0 for none
};

/// Keeps the calling process on one core; the attempts have core 0, the listener core 1.
void stay_on_core(int core);

}  // namespace reachproof::bench
