#pragma once

#include <string>
#include <vector>

#include "lab/lab.h"

namespace reachproof::second_opinion {

/// A program running inside a host of a lab, with pipes to its standard input and output. It is
/// killed where it outlives this.
class Task {
 public:
  Task(const lab::Lab& lab, const std::string& host, const std::vector<std::string>& command);
  ~Task();
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  void say(const std::string& text);
  /// The next line without its newline; empty at the end, or after 30 s without one.
  std::string line();
  /// All that comes until the end.
  std::string rest();

 private:
  bool fill();

  int pid_ = -1;
  int input_ = -1;   ///< we write
  int output_ = -1;  ///< we read
  std::string heard_;
};

}  // namespace reachproof::second_opinion
