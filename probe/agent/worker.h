#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "core/error.h"

namespace reachproof::probe {

/// The process that carries out one session: this program again, with `--stdio`. It has the
/// capture's capability and no link; the agent has the link and no capability (docs/adr/0008).
/// It ends when its input closes, so none outlives the agent.
class Worker {
 public:
  static Result<std::unique_ptr<Worker>> start(const std::vector<std::string>& command);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Queues a line without its newline; false once the worker reads nothing for 4 MiB.
  [[nodiscard]] bool send(const std::string& line);
  /// Writes what fits and reads what is there, without waiting. Returns whole bytes as they came.
  [[nodiscard]] std::string pump();
  /// No more output will come.
  [[nodiscard]] bool over() const { return over_; }
  /// How it ended, for people; call once it is over.
  [[nodiscard]] std::string ending();
  void kill();

  [[nodiscard]] int output() const { return output_; }
  [[nodiscard]] int input() const { return input_; }
  [[nodiscard]] bool has_queued() const { return !queued_.empty(); }

 private:
  Worker() = default;
  void write_queued();

  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::string queued_;
  bool over_ = false;
};

}  // namespace reachproof::probe
