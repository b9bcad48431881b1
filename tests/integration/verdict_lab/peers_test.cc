// Counter-tests from peers' bugs that need a network of their own (README.md has all of them).
#include <gtest/gtest.h>

#include <algorithm>

#include "evidence/stored_run.h"
#include "tests/support/lab_up.h"
#include "tests/support/run_result.h"

namespace reachproof::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* kLab = R"(version: 1
name: LAB
segments: { left: 10.1.0.0/24, right: 10.2.0.0/24 }
routers:
  fw:
    segments: [left, right]
    rules: [lose 50% from a to b tcp/24, drop from any to any icmp, drop from a to b tcp/23]
    input: { rules: [drop from left to any tcp/23] }
hosts:
  a: { segment: left, workload: a }
  b: { segment: right, workload: b, listeners: { tcp/22: accept, tcp/23: accept, tcp/24: accept } }
  c: { segment: right, workload: c }
)";

constexpr const char* kScenario = R"(version: 1
name: peers
owner: o@example.org
defaults: { check: { attempts: 8, timeout: 500ms } }
segments: { left: { mode: observe }, right: { mode: observe } }
workloads:
  a: { segment: left, match: [ { cidr: 10.1.0.10/32 } ] }
  b: { segment: right, match: [ { cidr: 10.2.0.10/32 } ] }
  c: { segment: right, match: [ { cidr: 10.2.0.11/32 } ] }
  gate: { segment: right, match: [ { cidr: 10.2.0.1/32 } ] }
flows:
  - { id: F, from: c, to: b, service: tcp/23, need: permitted }
forbids:
  - { id: X, severity: high, from: a, to: b, service: [tcp/22, tcp/23] }
  - { id: Z, severity: high, from: a, to: b, service: tcp/24, check: { attempts: 24 } }
  - { id: Y, severity: high, from: a, to: gate, service: [tcp/22, tcp/23] }
limits: { rate: 4/s, per-target: 4/s }
)";

class PeersNetworks : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_NAMESPACES();
    lab_ = std::make_unique<LabUp>(folder_, kLab);
    ASSERT_TRUE(lab_->is_up()) << lab_->why_not();
    write_file(folder_ / "scenario.yaml", kScenario);
  }

  [[nodiscard]] std::vector<std::string> in(const std::string& node,
                                            std::vector<std::string> command) const {
    command.insert(command.begin(), {binary("reachproof"), "lab", "exec",
                                     (folder_ / "lab.yaml").string(), node, "--"});
    return command;
  }

  /// An inventory entry; its probe is launched in `node`, where one is named.
  [[nodiscard]] std::string entry(const std::string& workload, const std::string& address,
                                  const std::string& node) const {
    auto text =
        "  - { workload: " + workload + ", name: " + workload + ", addresses: [" + address + "]";
    if (node.empty()) return text + " }\n";
    text += ", probe: { launch: { command: [";
    for (const auto& word : in(node, {binary("reachproof-probe")})) text += word + ", ";
    return text + "--stdio] } } }\n";
  }
  void inventory(const std::string& entries) {
    write_file(folder_ / "inventory.yaml", "version: 1\nendpoints:\n" + entries);
  }

  std::map<std::string, CheckWords> run(const std::string& only) {
    const auto ran = reachproof(folder_, {"--output", "json", "run", "-q", "--only", only});
    EXPECT_NE(ran.out, "") << ran.err;
    return ran.out.empty() ? std::map<std::string, CheckWords>{} : checks_in(ran.out);
  }

  /// The run as its evidence tells it.
  [[nodiscard]] std::optional<evidence::StoredRun> last_run() const {
    const auto reader = evidence::LogReader::open((folder_ / "reachproof.db").string());
    if (!reader) return std::nullopt;
    auto run = evidence::load_run(*reader, "latest");
    if (!run) return std::nullopt;
    return std::move(*run);
  }

  TemporaryFolder folder_;
  TemporaryFolder other_;  ///< for what runs beside: a folder has room for one program's output
  std::unique_ptr<LabUp> lab_;
};

TEST_F(PeersNetworks, AWitnessSeesWhatArrivesOnAnotherInterfaceThanThatOfItsAddress) {
  // 10.2.0.1 stands on the router's interface `right`; what comes from the left arrives on `left`.
  inventory(entry("a", "10.1.0.10", "a") + entry("gate", "10.2.0.1", "fw"));
  const auto checks = run("Y/");
  EXPECT_EQ(checks.at("Y/a/gate/tcp/22").reachability, "open");
  EXPECT_EQ(checks.at("Y/a/gate/tcp/22").reason, "nonce-returned");
  EXPECT_EQ(checks.at("Y/a/gate/tcp/23").reason, "host-firewall");
  EXPECT_EQ(checks.at("Y/a/gate/tcp/23").proof, "proved");
}

TEST_F(PeersNetworks, WherePingsAreFilteredAnOpenPortIsReachable) {
  const auto ping =
      Program(in("a", {"nmap", "-n", "-sn", "-PE", "--disable-arp-ping", "10.2.0.10"}),
              other_.path())
          .wait();
  ASSERT_EQ(ping.exit, 0) << ping.err;
  ASSERT_NE(ping.out.find("0 hosts up"), std::string::npos) << ping.out;
  inventory(entry("a", "10.1.0.10", "a") + entry("b", "10.2.0.10", "b"));
  const auto check = run("X/a/b/tcp/22").at("X/a/b/tcp/22");
  EXPECT_EQ(check.reachability, "open");
  EXPECT_EQ(check.proof, "proved");
}

TEST_F(PeersNetworks, ATargetThatGoesAwayInMidRunIsUnprovenAndNoFinding) {
  inventory(entry("a", "10.1.0.10", "a") + entry("b", "10.2.0.10", "") +
            entry("c", "10.2.0.11", "c"));
  Program running({binary("reachproof"), "--output", "json", "run", "-q", "--only", "X/a/b/tcp/23"},
                  folder_.path());
  // Two tries a second: the target was proven alive, and is tried for four seconds.
  std::this_thread::sleep_for(2s);
  ASSERT_EQ(Program(in("b", {"ip", "link", "set", "eth0", "down"}), other_.path()).wait().exit, 0);
  const auto ran = running.wait();
  EXPECT_EQ(ran.exit, 4) << ran.err;
  const auto check = checks_in(ran.out).at("X/a/b/tcp/23");
  EXPECT_EQ(check.result, "unproven");
  EXPECT_EQ(check.reason, "target-not-alive");
  EXPECT_NE(check.detail.find("connected before"), std::string::npos) << check.detail;
}

TEST_F(PeersNetworks, WithoutAFreeSourcePortNothingIsSaidOfThePath) {
  inventory(entry("a", "10.1.0.10", "a") + entry("b", "10.2.0.10", "b"));
  Program holder(in("a", {"bash", "-c",
                          "echo 40000 40000 > /proc/sys/net/ipv4/ip_local_port_range && "
                          "exec 3<>/dev/tcp/10.2.0.10/22 && echo held && exec sleep 60"}),
                 other_.path());
  for (int i = 0; i < 500 && file_text(other_ / "program.out").empty(); ++i) {
    std::this_thread::sleep_for(10ms);
  }
  ASSERT_EQ(file_text(other_ / "program.out"), "held\n") << file_text(other_ / "program.err");
  const auto check = run("X/a/b/tcp/22").at("X/a/b/tcp/22");
  EXPECT_EQ(check.result, "unproven");
  EXPECT_EQ(check.reason, "local-error") << check.detail;
  lab_.reset();  // ends the holder
  holder.wait();
}

TEST_F(PeersNetworks, EachTrysMomentIsKeptSoThatTheFirstSuccessAndTheFirstBlockAreToldApart) {
  inventory(entry("a", "10.1.0.10", "a") + entry("b", "10.2.0.10", "b"));
  run("Z/");
  const auto stored = last_run();
  ASSERT_TRUE(stored);
  ASSERT_EQ(stored->checks.size(), 1U);
  const auto& attempts = stored->checks.front().observations.front().attempts;
  const auto first = [&](core::Outcome outcome) {
    const auto it = std::ranges::find(attempts, outcome, &core::Attempt::outcome);
    return it == attempts.end() ? std::int64_t{-1} : it->started.monotonic_us;
  };
  EXPECT_GT(first(core::Outcome::Connected), 0);
  EXPECT_GT(first(core::Outcome::TimedOut), 0);
  EXPECT_NE(first(core::Outcome::Connected), first(core::Outcome::TimedOut));
  const auto began = [](const core::Attempt& attempt) { return attempt.started.monotonic_us; };
  EXPECT_TRUE(std::ranges::is_sorted(attempts, {}, began));
}

TEST_F(PeersNetworks, BothClocksOfEachProbeAreInItsRecord) {
  inventory(entry("a", "10.1.0.10", "a") + entry("b", "10.2.0.10", "b"));
  run("X/a/b/tcp/22");
  const auto stored = last_run();
  ASSERT_TRUE(stored);
  ASSERT_EQ(stored->probes.size(), 2U);
  for (const auto& probe : stored->probes) {
    EXPECT_GT(probe.hello.wall.time_since_epoch().count(), 0) << probe.endpoint;
    EXPECT_GT(probe.hello.monotonic_us, 0) << probe.endpoint;
  }
}

TEST_F(PeersNetworks, WhatARunLeavesBehindHoldsNoSecretOfOurs) {
  setenv("AWS_SECRET_ACCESS_KEY", "planted-secret-b7d1", 1);
  inventory(entry("a", "10.1.0.10", "a") + entry("b", "10.2.0.10", "b"));
  const auto ran = reachproof(folder_, {"--output", "json", "run", "--only", "X/a/b/tcp/22",
                                        "--junit-file", (folder_ / "junit.xml").string()});
  unsetenv("AWS_SECRET_ACCESS_KEY");
  const auto key = file_text(folder_ / "reachproof.db.key");
  ASSERT_GT(key.size(), 40U);
  const auto secret = key.substr(key.rfind('+') + 1, 40);
  auto left = ran.out + ran.err;
  for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
    if (file.path().filename() != "reachproof.db.key") left += file_text(file.path());
  }
  ASSERT_NE(left.find("X/a/b/tcp/22"), std::string::npos);
  EXPECT_EQ(left.find("planted-secret-b7d1"), std::string::npos);
  EXPECT_EQ(left.find(secret), std::string::npos);
}

}  // namespace
}  // namespace reachproof::testing
