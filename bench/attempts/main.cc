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

struct Wanted {
  std::vector<std::string> cases;  ///< all where empty
  std::size_t window = 0;          ///< 0 for the usual one
};

int run(const Wanted& wanted, const ContestOptions& options, bool check) {
  int missed = 0;
  print_heading();
  for (const auto of : kCases) {
    const auto& cases = wanted.cases;
    if (!cases.empty() && std::ranges::find(cases, word(of)) == cases.end()) continue;
    const Work work{of, wanted.window == 0 ? usual_window(of) : wanted.window};
    const auto measures = contest(work, options);
    if (!measures) {
      fmt::print(stderr, "bench-attempts: {}\n", measures.error().message);
      return 2;
    }
    missed += print_case(work, *measures);
    std::fflush(stdout);
  }
  return check && missed > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "The attempt engine against a bare epoll loop and nmap, on the same 65,536 attempts."};
  ContestOptions options;
  bool no_nmap = false;
  bool check = false;
  Wanted wanted;
  std::vector<std::string> as;
  app.add_option("--rounds", options.rounds, "Rounds of all contenders; medians are printed")
      ->check(CLI::Range(1, 100));
  app.add_flag("--no-nmap", no_nmap, "Leave nmap out");
  app.add_flag("--check", check, "Exit 1 where a bar is missed");
  app.add_option("--case", wanted.cases, "open, refused, rejected, silent; all unless given")
      ->check(CLI::IsMember({"open", "refused", "rejected", "silent"}));
  app.add_option("--window", wanted.window, "Tries in flight (4096 for silent, 1024 otherwise)")
      ->check(CLI::Range(1, 19900));
  app.add_option("--as", as)->expected(3)->group("");
  CLI11_PARSE(app, argc, argv);
  if (!as.empty()) return be_contender(as);
  options.nmap = !no_nmap && nmap_is_here();
  if (!options.nmap) fmt::print("nmap is left out{}\n", no_nmap ? "" : ": it is not installed");
  return run(wanted, options, check);
}
