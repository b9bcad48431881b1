#include <gtest/gtest.h>

#include "tests/support/lab_up.h"
#include "tests/support/run_result.h"

/// A proof holds for its moment and its place only: networks that were cut, probes on the wrong
/// host, answers lost on the way out. None of these may come out as blocked.
namespace reachproof::testing {
namespace {

constexpr const char* kLab = R"(version: 1
name: LAB
segments: { left: 10.1.0.0/24, right: 10.2.0.0/24 }
routers: { fw: { segments: [left, right] } }
hosts:
  a: { segment: left, workload: a }
  b: { segment: right, workload: b, listeners: { tcp/22: accept } }
  c: { segment: right, listeners: { tcp/443: accept } }
)";

constexpr const char* kScenario = R"(version: 1
name: moments
owner: o@example.org
defaults: { check: { attempts: 2, timeout: 500ms } }
segments: { left: { mode: enforce }, right: { mode: enforce } }
workloads:
  a: { segment: left, match: [ { cidr: 10.1.0.0/24 } ] }
  b: { segment: right, match: [ { cidr: 10.2.0.0/24 } ] }
forbids:
  - { id: X, severity: high, from: a, to: b, service: [tcp/22, udp/90], reach: direct }
limits: { rate: 20/s, per-target: 20/s }
)";

constexpr const char* kTcp = "X/a/b/tcp/22";
constexpr const char* kUdp = "X/a/b/udp/90";

class Moment : public ::testing::Test {
 protected:
  void bring_up(const std::string& lab) {
    lab_ = std::make_unique<LabUp>(folder_, lab);
    ASSERT_TRUE(lab_->is_up()) << lab_->why_not();
    write_file(folder_ / "scenario.yaml", kScenario);
  }

  Finished inside(const std::string& node, std::vector<std::string> command) {
    command.insert(command.begin(), {"lab", "exec", "lab.yaml", node, "--"});
    return reachproof(folder_, command);
  }

  std::map<std::string, CheckWords> run() {
    const auto ran = reachproof(folder_, {"--output", "json", "run", "-q"});
    EXPECT_NE(ran.out, "") << ran.err;
    return checks_in(ran.out);
  }

  TemporaryFolder folder_;
  std::unique_ptr<LabUp> lab_;
};

TEST_F(Moment, WhatTheSourceReachedBeforeTheRunSaysNothingOfItsNetworkNow) {
  SKIP_WITHOUT_NAMESPACES();
  bring_up(kLab);
  // Fills the neighbour table; then the router's side of the cable is pulled.
  ASSERT_EQ(inside("a", {"bash", "-c", "echo > /dev/tcp/10.2.0.10/22"}).exit, 0);
  ASSERT_EQ(inside("fw", {"ip", "link", "set", "left", "down"}).exit, 0);
  const auto checks = run();
  EXPECT_EQ(checks.at(kTcp).result, "unproven");
  EXPECT_EQ(checks.at(kTcp).reason, "source-not-alive");
}

TEST_F(Moment, AWitnessWhoseLinkIsDownProvesNothing) {
  SKIP_WITHOUT_NAMESPACES();
  bring_up(kLab);
  ASSERT_EQ(inside("b", {"ip", "link", "set", "eth0", "down"}).exit, 0);
  const auto checks = run();
  EXPECT_EQ(checks.at(kTcp).result, "unproven");
  EXPECT_EQ(checks.at(kTcp).reason, "witness-lost");
}

TEST_F(Moment, AWitnessOnTheWrongHostProvesNothing) {
  SKIP_WITHOUT_NAMESPACES();
  bring_up(kLab);
  const auto probe = [&](const std::string& host) {
    return "{ launch: { command: [" + binary("reachproof") + ", lab, exec, " +
           (folder_ / "lab.yaml").string() + ", " + host + ", --, " + binary("reachproof-probe") +
           ", --stdio] } }";
  };
  write_file(folder_ / "inventory.yaml",
             "version: 1\nendpoints:\n"
             "  - { workload: a, name: a, addresses: [10.1.0.10], probe: " +
                 probe("a") +
                 " }\n"
                 "  - { workload: b, name: b, addresses: [10.2.0.99], probe: " +
                 probe("c") + " }\n");
  const auto checks = run();
  EXPECT_EQ(checks.at(kTcp).result, "unproven");
  EXPECT_EQ(checks.at(kTcp).reason, "witness-lost");
  EXPECT_NE(checks.at(kTcp).detail.find("is the probe on the right host?"), std::string::npos);
}

TEST_F(Moment, ADatagramThatOurListenerHadIsOneWayThoughItsAnswerNeverLeft) {
  SKIP_WITHOUT_NAMESPACES();
  bring_up(kLab);
  // Only what leaves is dropped: the datagram itself comes in.
  ASSERT_EQ(inside("b", {"nft", "add", "table", "inet", "cut"}).exit, 0);
  ASSERT_EQ(inside("b", {"nft", "add", "chain", "inet", "cut", "out",
                         "{ type filter hook output priority 0; }"})
                .exit,
            0);
  ASSERT_EQ(inside("b", {"nft", "add", "rule", "inet", "cut", "out", "ip", "daddr", "10.1.0.0/24",
                         "udp", "sport", "90", "drop"})
                .exit,
            0);
  const auto checks = run();
  EXPECT_EQ(checks.at(kUdp).reachability, "one-way") << checks.at(kUdp).reason;
  EXPECT_EQ(checks.at(kUdp).result, "violation");
}

TEST_F(Moment, BothEndsOnOneMachineAreWitnessedToo) {
  SKIP_WITHOUT_NAMESPACES();
  bring_up(kLab);
  // Both endpoints stand on host b; its listener on tcp/22 is a real service.
  const auto probe = "{ launch: { command: [" + binary("reachproof") + ", lab, exec, " +
                     (folder_ / "lab.yaml").string() + ", b, --, " + binary("reachproof-probe") +
                     ", --stdio] } }";
  write_file(folder_ / "inventory.yaml",
             "version: 1\nendpoints:\n"
             "  - { workload: a, name: a, addresses: [127.0.0.1], probe: " +
                 probe +
                 " }\n"
                 "  - { workload: b, name: b, addresses: [10.2.0.10], probe: " +
                 probe + " }\n");
  const auto checks = run();
  EXPECT_EQ(checks.at(kTcp).reachability, "open") << checks.at(kTcp).reason;
  EXPECT_EQ(checks.at(kTcp).proof, "proved");
}

}  // namespace
}  // namespace reachproof::testing
