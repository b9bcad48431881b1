#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/error.h"

/// Child processes. Boost.Process is known to command.cc alone.
namespace reachproof::lab {

struct CommandResult {
  int exit_code = 0;
  std::string output;  ///< what it wrote on both of its output streams
};

/// Runs a program, found on PATH or in the system's directories, to its end. It runs in the network
/// namespace of the calling thread.
Result<CommandResult> run_command(const std::vector<std::string>& command,
                                  const std::string& input);

/// The descriptor under which a helper finds the lab's lock: far above those that a starting
/// process has in use.
inline constexpr int kHelperLock = 200;

struct HelperStart {
  std::vector<std::string> command;
  std::string log;  ///< file that takes its standard error
  int lock = -1;    ///< handed over as kHelperLock
  std::chrono::seconds patience{60};
};

/// Starts a program in a session of its own and returns what it wrote on its standard output until
/// it closed it. The program goes on.
Result<std::string> start_helper(const HelperStart& start);

}  // namespace reachproof::lab
