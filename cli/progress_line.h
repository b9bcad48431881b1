#pragma once

#include <chrono>
#include <string>

#include "orchestrator/progress.h"

namespace reachproof::cli {

/// Shows a run's progress on standard error: a bar with rate and time left on a terminal, a plain
/// line for each phase elsewhere.
class ProgressLine : public orchestrator::Progress {
 public:
  explicit ProgressLine(bool quiet);
  ~ProgressLine() override;
  void phase(const std::string& name, std::size_t total) override;
  void advanced(std::size_t done) override;
  void notice(const std::string& text) override;

 private:
  void draw(bool finished);
  void clear_line();

  bool quiet_;
  bool terminal_;
  std::string phase_;
  std::size_t total_ = 0;
  std::size_t done_ = 0;
  std::chrono::steady_clock::time_point phase_began_;
  std::chrono::steady_clock::time_point drawn_;
};

}  // namespace reachproof::cli
