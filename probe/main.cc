#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <string>

#include "probe/agent/commands.h"
#include "probe/privileges.h"
#include "probe/scope.h"
#include "probe/session.h"

namespace {

using namespace reachproof;

/// One session on the standard streams: what `reachproof run` launches, and an agent's worker.
int serve_one_session(const probe::AgentOptions& options, std::size_t window) {
  const std::size_t files = probe::raise_file_limit();
  auto scope =
      probe::Scope::load(options.scope_file.empty() ? probe::kDefaultScope : options.scope_file,
                         !options.scope_file.empty());
  if (!scope) {
    std::cerr << scope.error().message << "\n";
    return 2;
  }
  if (auto dropped = probe::drop_privileges(!options.no_witness); !dropped) {
    std::cerr << "reachproof-probe: " << dropped.error().message << "\n";
    return 1;
  }
  constexpr std::size_t kFilesReserved = 128;
  const std::size_t room = files > 2 * kFilesReserved ? files - kFilesReserved : files / 2;
  probe::Session session({.window = std::min(window, room), .witness = !options.no_witness},
                         std::move(*scope));
  if (auto ran = session.run(); !ran) {
    std::cerr << "reachproof-probe: " << ran.error().message << "\n";
    return 1;
  }
  return 0;
}

}  // namespace

/// The probe's wiring: options, and either one session on the standard streams or an enrolled
/// probe's commands.
int main(int argc, char** argv) {
  CLI::App app{"Tries connections and witnesses them, for a Reachproof orchestrator."};
  app.name("reachproof-probe");
  bool stdio = false;
  std::size_t window = 1024;
  probe::AgentOptions options;
  int exit = 2;
  app.add_flag("--stdio", stdio, "Speak with the orchestrator on standard input and output");
  app.add_flag("--no-witness", options.no_witness,
               "Never listen or capture; gives up every capability");
  app.add_option(
      "--scope", options.scope_file,
      fmt::format("What this probe may do (default {}, where it exists)", probe::kDefaultScope));
  app.add_option("--window", window, "Tries in flight at once")->check(CLI::Range(1, 65536));
  app.set_version_flag("--version", "reachproof-probe " REACHPROOF_VERSION);
  app.footer(
      "Examples: reachproof-probe join rpj_...      enrol this host, with the line that\n"
      "                                            `reachproof probe token create` printed\n"
      "          reachproof-probe run              serve the orchestrator\n"
      "          reachproof-probe --stdio          one session; `reachproof run` starts this\n"
      "                                            where a probe is needed");
  std::signal(SIGPIPE, SIG_IGN);
  probe::add_agent_commands(app, options, exit);
  CLI11_PARSE(app, argc, argv);
  if (!app.get_subcommands().empty()) return exit;
  if (stdio) return serve_one_session(options, window);
  std::cerr << "reachproof-probe: nothing to do: name a command, or start it with --stdio (see "
               "--help)\n";
  return 2;
}
