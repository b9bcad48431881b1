#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "lab/lab.h"

/// Brings a lab of 100 hosts up and takes it down again, by the clock.
namespace {

using namespace reachproof;
using Clock = std::chrono::steady_clock;

constexpr double kSecondsMax = 1;

/// Four segments around one firewall; every host has two addresses and two listeners.
std::string lab_text(int hosts) {
  std::string text = fmt::format("version: 1\nname: bench{}\nsegments:\n", getpid());
  constexpr int kSegments = 4;
  for (int i = 0; i < kSegments; ++i) {
    text += fmt::format("  net{}: [10.{}.0.0/24, \"fd00:{}::/64\"]\n", i, 60 + i, 60 + i);
  }
  text += "routers:\n  fw:\n    segments: [net0, net1, net2, net3]\n    policy: drop\n    rules:\n";
  for (int i = 1; i < kSegments; ++i) {
    text += fmt::format("      - accept from net0 to net{} tcp/443\n", i);
  }
  text += "hosts:\n";
  for (int i = 0; i < hosts; ++i) {
    text +=
        fmt::format("  h{}: {{ segment: net{}, listeners: {{ tcp/443: accept, udp/53: dns }} }}\n",
                    i, i % kSegments);
  }
  return text;
}

double seconds_of(const std::function<void()>& work) {
  const auto begun = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Round {
  double up_s = 0;
  double down_s = 0;
};

Result<Round> one_round(const lab::Lab& plan) {
  lab::UpOptions options;
  options.programs.serve = {"/proc/self/exe", "lab-serve"};
  Round round;
  Result<lab::UpReport> up;
  round.up_s = seconds_of([&] { up = lab::up(plan, options); });
  Result<bool> down;
  round.down_s = seconds_of([&] { down = lab::down(plan.name); });
  if (!up) return fail(std::move(up), "up");
  if (!down) return fail(std::move(down), "down");
  return round;
}

int bar(const char* what, double seconds) {
  const bool met = seconds < kSecondsMax;
  fmt::print("  {}  {}: {:.2f} s, under {} s\n", met ? "PASS  " : "MISSED", what, seconds,
             kSecondsMax);
  return met ? 0 : 1;
}

int run(int hosts, int rounds, bool check) {
  const auto file = lab::load_lab(lab_text(hosts), "bench.lab.yaml", ".");
  if (!file.lab) {
    fmt::print(stderr, "{}\n", lab::text(file.problems));
    return 2;
  }
  std::vector<double> up;
  std::vector<double> down;
  std::vector<double> both;
  for (int i = 0; i < rounds; ++i) {
    const auto round = one_round(*file.lab);
    if (!round) {
      fmt::print(stderr, "bench-lab: {}\n", round.error().message);
      return 2;
    }
    up.push_back(round->up_s);
    down.push_back(round->down_s);
    both.push_back(round->up_s + round->down_s);
  }
  fmt::print("{} hosts, 2 listeners each, {} rounds: up {:.2f} s, down {:.2f} s\n", hosts, rounds,
             median(up), median(down));
  return bar("up and down", median(both)) > 0 && check ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "lab-serve") return lab::serve(argv[2]);
  CLI::App app{"Brings a lab up and takes it down again."};
  int hosts = 100;
  int rounds = 5;
  bool check = false;
  app.add_option("--hosts", hosts, "Hosts of the lab")->check(CLI::Range(1, 900));
  app.add_option("--rounds", rounds, "Rounds; medians are printed")->check(CLI::Range(1, 100));
  app.add_flag("--check", check, "Exit 1 where the bar is missed");
  CLI11_PARSE(app, argc, argv);
  return run(hosts, rounds, check);
}
