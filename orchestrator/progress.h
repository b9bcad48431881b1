#pragma once

#include <cstddef>
#include <string>

namespace reachproof::orchestrator {

/// Told how a run goes on. Called on the loop's thread; must not block.
class Progress {
 public:
  virtual ~Progress() = default;
  /// A phase begins: "starting probes", "attempts". `total` things are to be done in it.
  virtual void phase(const std::string& name, std::size_t total) = 0;
  virtual void advanced(std::size_t done) = 0;
  /// Something that the user should know now.
  virtual void notice(const std::string& text) = 0;
};

}  // namespace reachproof::orchestrator
