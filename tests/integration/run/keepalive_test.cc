// Connections that stand while the policy changes: real rules are loaded under them.
#include <gmock/gmock.h>

#include <thread>

#include "tests/support/lab_up.h"
#include "tests/support/run_result.h"

namespace reachproof::testing {
namespace {

using ::testing::HasSubstr;

const char* const kLab = R"(version: 1
name: LAB
segments: { left: [10.1.0.0/24, "fd00:1::/64"], right: [10.2.0.0/24, "fd00:2::/64"] }
routers: { fw: { segments: [left, right], policy: accept } }
hosts:
  client: { segment: left, workload: client }
  server:
    segment: right
    workload: server
    listeners: { tcp/9001: accept, tcp/9002: accept, tcp/9003: accept, tcp/9004: accept, tcp/9005: accept, tcp/9006: close, tcp/9007: accept }
)";

const char* const kScenario = R"(version: 1
name: keepalive
segments: { left: { mode: observe }, right: { mode: observe } }
workloads: { client: { segment: left }, server: { segment: right } }
defaults: { check: { attempts: 1, timeout: 1s } }
limits: { rate: 500/s, per-target: 200/s }
flows:
  - { id: F1, from: client, to: server, service: tcp/9001, layer: { keepalive: 8s } }
  - { id: F2, from: client, to: server, service: tcp/9002, layer: { keepalive: 8s } }
  - { id: F3, from: client, to: server, service: tcp/9003, layer: { keepalive: 8s } }
  - { id: F6, from: client, to: server, service: tcp/9006, layer: { keepalive: 8s } }
  - { id: F7, from: client, to: server, service: tcp/9007, layer: { keepalive: 8s } }
forbids:
  - { id: X4, from: client, to: server, service: tcp/9004, layer: { keepalive: 8s } }
  - { id: X5, from: client, to: server, service: tcp/9005, layer: { keepalive: 8s } }
)";

/// What a change does to connections that stand: nothing (9004: new ones alone), silence, a reset,
/// an ICMP error.
const char* const kChange =
    "nft 'table inet change { chain forward { type filter hook forward priority -10; "
    "tcp dport { 9002, 9005 } drop; tcp sport { 9002, 9005 } drop; "
    "tcp dport 9003 reject with tcp reset; ct state new tcp dport 9004 drop; "
    "tcp dport 9007 reject with icmpx admin-prohibited; }; }'";

TEST(Keepalive, SaysWhetherAConnectionWasCutWhenThePolicyChanged) {
  SKIP_WITHOUT_NAMESPACES();
  const TemporaryFolder folder;
  const LabUp lab(folder, kLab);
  ASSERT_TRUE(lab.is_up()) << lab.why_not();
  write_file(folder / "scenario.yaml", kScenario);
  const auto on = [&](const std::string& host, const std::string& script) {
    return reachproof(folder, {"lab", "exec", "lab.yaml", host, "--", "sh", "-c", script});
  };
  std::filesystem::create_directory(folder / "running");  // for what it prints
  Program run({binary("reachproof"), "--output", "json", "run", "../scenario.yaml", "-i",
               "../inventory.yaml", "-e", "../reachproof.db", "-q"},
              folder / "running");
  bool standing = false;
  for (int i = 0; i < 100 && !standing; ++i) {
    // Seven paths over two families; that of 9006 does not last.
    standing = on("client",
                  "[ $(ss -Htn state established '( dport >= :9001 and dport <= :9007 )' "
                  "| wc -l) -ge 12 ]")
                   .exit == 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ASSERT_TRUE(standing) << run.wait(std::chrono::seconds(60)).err << on("client", "ss -Htn").out;
  ASSERT_EQ(on("fw", kChange).exit, 0);
  const auto ran = run.wait(std::chrono::seconds(60));
  ASSERT_EQ(ran.exit, 3) << ran.err;
  const auto checks = checks_in(ran.out);
  const auto expect = [&](const std::string& rule, const std::string& port,
                          const std::string& words, const std::string& detail) {
    const auto id = rule + "/client/server/tcp/" + port + "/keepalive 8s";
    SCOPED_TRACE(id);
    ASSERT_TRUE(checks.contains(id)) << ran.out;
    const auto& check = checks.at(id);
    EXPECT_EQ(check.result + " " + check.proof + " " + check.reason, words) << check.detail;
    EXPECT_THAT(check.detail, HasSubstr(detail));
  };
  expect("F1", "9001", "pass proved connection-stood", "it stood for 8 s");
  expect("F2", "9002", "broken proved connection-cut", "cut: silence after ");
  expect("F3", "9003", "broken proved connection-cut", "cut: reset after ");
  expect("F6", "9006", "unproven none service-unclear", "the peer ended it after ");
  expect("F7", "9007", "broken proved connection-cut", "cut: ");
  expect("X4", "9004", "violation proved connection-stood", "it stood for 8 s");
  expect("X5", "9005", "pass proved connection-cut", "cut: silence after ");
  EXPECT_THAT(reachproof(folder, {"explain", "client", "server", "9002"}).out,
              HasSubstr("cut: silence"));
  EXPECT_EQ(reachproof(folder, {"evidence", "verify"}).exit, 0);
}

}  // namespace
}  // namespace reachproof::testing
