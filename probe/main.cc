#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <string>

#include "probe/privileges.h"
#include "probe/scope.h"
#include "probe/session.h"

/// The probe's wiring: options, scope, privileges, one session on the standard streams.
int main(int argc, char** argv) {
  using namespace reachproof;
  CLI::App app{"Tries connections and witnesses them, for a Reachproof orchestrator."};
  constexpr const char* kDefaultScope = "/etc/reachproof/scope.conf";
  bool stdio = false;
  bool no_witness = false;
  std::string scope_file;
  std::size_t window = 1024;
  app.add_flag("--stdio", stdio, "Speak with the orchestrator on standard input and output");
  app.add_flag("--no-witness", no_witness, "Never listen or capture; gives up every capability");
  app.add_option(
      "--scope", scope_file,
      fmt::format("What this probe may do (default {}, where it exists)", kDefaultScope));
  app.add_option("--window", window, "Tries in flight at once")->check(CLI::Range(1, 65536));
  app.set_version_flag("--version", "reachproof-probe " REACHPROOF_VERSION);
  app.footer(
      "Example: reachproof-probe --stdio --scope /etc/reachproof/scope.conf\n"
      "It is started by `reachproof run` where a probe is needed: there is no need to\n"
      "start it by hand.");
  CLI11_PARSE(app, argc, argv);
  if (!stdio) {
    std::cerr << "reachproof-probe: nothing to do: start it with --stdio (see --help)\n";
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const std::size_t files = probe::raise_file_limit();
  auto scope =
      probe::Scope::load(scope_file.empty() ? kDefaultScope : scope_file, !scope_file.empty());
  if (!scope) {
    std::cerr << scope.error().message << "\n";
    return 2;
  }
  if (auto dropped = probe::drop_privileges(!no_witness); !dropped) {
    std::cerr << "reachproof-probe: " << dropped.error().message << "\n";
    return 1;
  }
  constexpr std::size_t kFilesReserved = 128;
  const std::size_t room = files > 2 * kFilesReserved ? files - kFilesReserved : files / 2;
  probe::Session session({.window = std::min(window, room), .witness = !no_witness},
                         std::move(*scope));
  if (auto ran = session.run(); !ran) {
    std::cerr << "reachproof-probe: " << ran.error().message << "\n";
    return 1;
  }
  return 0;
}
