#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace reachproof::probe {

/// What every command of an enrolled probe shares.
struct AgentOptions {
  std::string folder;      ///< --state
  std::string scope_file;  ///< --scope, empty for the default place
  std::string proxy;
  std::string stop_file = "/etc/reachproof/STOP";
  std::string policy_key_file;
  bool no_witness = false;
};

/// Adds join, run, status, explain, netcheck and leave. `exit` is the program's exit code where
/// one of them ran.
void add_agent_commands(CLI::App& app, AgentOptions& options, int& exit);

/// The scope file that is read where none is named.
inline constexpr const char* kDefaultScope = "/etc/reachproof/scope.conf";

}  // namespace reachproof::probe
