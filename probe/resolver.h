#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <poll.h>

#include "core/address.h"
#include "core/error.h"

namespace reachproof::probe {

/// Resolves names on this host as its programs would: resolv.conf and the hosts file. c-ares is
/// known to resolver.cc alone. One thread; never blocks.
class Resolver {
 public:
  static Result<std::unique_ptr<Resolver>> create();
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  struct Answer {
    std::vector<core::IpAddress> addresses;
    std::string problem;  ///< why there are none: "NXDOMAIN", "timeout", ...
  };
  void resolve(const std::string& name, core::Family family,
               std::function<void(const Answer&)> done);

  /// Adds what must be polled, and lowers the timeout to when process() must be called.
  void prepare(std::vector<pollfd>& fds, int& timeout_ms) const;
  void process();

 private:
  struct State;
  explicit Resolver(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace reachproof::probe
