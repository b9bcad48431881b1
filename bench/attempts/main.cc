#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "bench/attempts/table.h"
#include "lab/command.h"

namespace {

using namespace reachproof;
using namespace reachproof::bench;

bool nmap_is_here() {
  const auto tried = lab::run_command({"nmap", "--version"}, "");
  return tried && tried->exit_code == 0;
}

int run(const std::vector<std::string>& only, const ContestOptions& options, bool check) {
  int missed = 0;
  print_heading();
  for (const auto of : kCases) {
    const bool wanted = only.empty() || std::ranges::find(only, word(of)) != only.end();
    if (!wanted) continue;
    const auto measures = contest(of, options);
    if (!measures) {
      fmt::print(stderr, "bench-attempts: {}\n", measures.error().message);
      return 2;
    }
    missed += print_case(of, *measures);
    std::fflush(stdout);
  }
  return check && missed > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"The attempt engine against a bare epoll loop and nmap, on the same 65,536 attempts."};
  ContestOptions options;
  bool no_nmap = false;
  bool check = false;
  std::vector<std::string> only;
  std::vector<std::string> as;
  app.add_option("--rounds", options.rounds, "Rounds of all contenders; medians are printed")
      ->check(CLI::Range(1, 100));
  app.add_flag("--no-nmap", no_nmap, "Leave nmap out");
  app.add_flag("--check", check, "Exit 1 where a bar is missed");
  app.add_option("--case", only, "open, refused, rejected, silent; all unless given")
      ->check(CLI::IsMember({"open", "refused", "rejected", "silent"}));
  app.add_option("--as", as)->expected(2)->group("");
  CLI11_PARSE(app, argc, argv);
  if (!as.empty()) return be_contender(as[0], as[1]);
  options.nmap = !no_nmap && nmap_is_here();
  if (!options.nmap) fmt::print("nmap is left out{}\n", no_nmap ? "" : ": it is not installed");
  return run(only, options, check);
}
