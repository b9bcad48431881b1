#include <gtest/gtest.h>

#include "tests/support/lab_up.h"
#include "tests/support/run_result.h"

/// Probes that die, hang, lie or refuse: their checks are inconclusive with that reason, the run
/// ends, and nothing is ever called blocked for want of an answer.
namespace reachproof::testing {
namespace {

constexpr const char* kLab = R"(version: 1
name: LAB
segments: { left: 10.1.0.0/24, right: 10.2.0.0/24 }
routers:
  fw: { segments: [left, right], policy: drop, rules: [accept from left to right tcp/80] }
hosts:
  a: { segment: left, workload: a }
  b: { segment: right, workload: b, listeners: { tcp/80: http, tcp/81: accept } }
)";

constexpr const char* kScenario = R"(version: 1
name: faults
owner: o@example.org
defaults: { check: { attempts: 3, timeout: 500ms } }
segments: { left: { mode: enforce }, right: { mode: enforce } }
workloads:
  a: { segment: left, match: [ { cidr: 10.1.0.0/24 } ] }
  b: { segment: right, match: [ { cidr: 10.2.0.0/24 } ] }
flows:
  - { id: F1, from: a, to: b, service: tcp/80, need: required }
limits: { rate: 20/s, per-target: 20/s }
)";

constexpr const char* kAllowed = "F1/a/b/tcp/80";
constexpr const char* kDenied = "default/a/b/tcp/81";

/// The lab above, with the probe of one host replaced by a script around the real one.
class Faults : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_NAMESPACES();
    lab_ = std::make_unique<LabUp>(folder_, kLab);
    ASSERT_TRUE(lab_->is_up()) << lab_->why_not();
    write_file(folder_ / "scenario.yaml", kScenario);
  }

  /// `script` is a shell script; `$PROBE` starts the real probe in the host.
  void replace_probe(const std::string& host, const std::string& script) {
    const auto path = folder_ / ("probe-" + host + ".sh");
    write_file(path, "#!/bin/bash\nPROBE=\"" + binary("reachproof") + " lab exec " +
                         (folder_ / "lab.yaml").string() + " " + host + " -- " +
                         binary("reachproof-probe") + " --stdio\"\n" + script + "\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    std::string inventory = "version: 1\nendpoints:\n";
    for (const std::string name : {"a", "b"}) {
      const auto command = name == host ? "[" + path.string() + "]"
                                        : "[" + binary("reachproof") + ", lab, exec, " +
                                              (folder_ / "lab.yaml").string() + ", " + name +
                                              ", --, " + binary("reachproof-probe") + ", --stdio]";
      const auto address = name == "a" ? "10.1.0.10" : "10.2.0.10";
      const std::string listens = name == "b" ? ", listens: [tcp/80, tcp/81]" : "";
      inventory += "  - { workload: " + name + ", name: " + name + ", addresses: [" + address +
                   "]" + listens + ", probe: { launch: { command: " + command + " } } }\n";
    }
    write_file(folder_ / "inventory.yaml", inventory);
  }

  std::map<std::string, CheckWords> run(int expected_exit) {
    const auto ran =
        reachproof(folder_, {"--output", "json", "run", "-q", "--probe-timeout", "4s"});
    EXPECT_EQ(ran.exit, expected_exit) << ran.out << ran.err;
    EXPECT_EQ(reachproof(folder_, {"evidence", "verify"}).exit, 0);
    return checks_in(ran.out);
  }

  TemporaryFolder folder_;
  std::unique_ptr<LabUp> lab_;
};

TEST_F(Faults, WithHonestProbesTheDenyIsProvedAndTheFlowWorks) {
  replace_probe("a", "exec $PROBE");
  const auto checks = run(0);
  EXPECT_EQ(checks.at(kAllowed).result, "pass");
  EXPECT_EQ(checks.at(kDenied).reachability, "blocked");
  EXPECT_EQ(checks.at(kDenied).proof, "proved");
}

TEST_F(Faults, AVantageThatNeverStartsRunsNothing) {
  replace_probe("a", "echo 'permission denied (publickey)' >&2; exit 255");
  const auto checks = run(4);
  for (const auto* id : {kAllowed, kDenied}) {
    EXPECT_EQ(checks.at(id).reason, "not-run");
    EXPECT_NE(checks.at(id).detail.find("permission denied (publickey)"), std::string::npos)
        << checks.at(id).detail;
  }
}

TEST_F(Faults, AVantageThatSaysNothingIsGivenUp) {
  replace_probe("a", "sleep 300");
  const auto checks = run(4);
  EXPECT_EQ(checks.at(kDenied).reason, "not-run");
  EXPECT_NE(checks.at(kDenied).detail.find("did not say hello"), std::string::npos)
      << checks.at(kDenied).detail;
}

TEST_F(Faults, AVantageThatPrintsGarbageIsNotBelieved) {
  replace_probe(
      "a", "$PROBE | { IFS= read -r hello; echo \"$hello\"; echo 'Welcome to Debian!'; cat; }");
  const auto checks = run(4);
  EXPECT_EQ(checks.at(kDenied).result, "unproven");
  EXPECT_NE(checks.at(kDenied).detail.find("what is no message"), std::string::npos)
      << checks.at(kDenied).detail;
}

TEST_F(Faults, AVantageThatDiesInTheMiddleLeavesTheRestNotRun) {
  // Four messages pass: hello and three outcomes.
  replace_probe("a", "$PROBE | head -n 4");
  const auto checks = run(4);
  EXPECT_EQ(checks.at(kDenied).result, "unproven");
  EXPECT_EQ(checks.at(kDenied).reason, "not-run");
}

TEST_F(Faults, AVantageThatAnswersTooLateHasNotRun) {
  replace_probe("a", "$PROBE | { IFS= read -r hello; echo \"$hello\"; sleep 8; cat; }");
  const auto checks = run(4);
  EXPECT_EQ(checks.at(kDenied).result, "unproven");
  EXPECT_EQ(checks.at(kDenied).reason, "not-run");
  EXPECT_NE(checks.at(kDenied).detail.find("did not answer in time"), std::string::npos)
      << checks.at(kDenied).detail;
}

TEST_F(Faults, AWitnessThatDiesInTheMiddleProvesNothing) {
  replace_probe("b", "$PROBE | head -n 2");  // hello and armed, and then no more
  const auto checks = run(4);
  EXPECT_EQ(checks.at(kDenied).result, "unproven");
  EXPECT_EQ(checks.at(kDenied).reason, "witness-lost");
}

TEST_F(Faults, AWitnessThatWasArmedLateIsLost) {
  // The answer to arm never comes while tries are made.
  replace_probe("b", "$PROBE | { IFS= read -r hello; echo \"$hello\"; sleep 300; }");
  const auto checks = run(4);
  EXPECT_EQ(checks.at(kDenied).result, "unproven");
  EXPECT_EQ(checks.at(kDenied).reason, "witness-lost");
}

TEST_F(Faults, AWitnessWithoutTheRightToCaptureIsNoWitness) {
  replace_probe("b", "exec $PROBE --no-witness");
  const auto checks = run(4);
  EXPECT_EQ(checks.at(kDenied).result, "unproven");
  EXPECT_EQ(checks.at(kDenied).reason, "target-not-alive");
  EXPECT_EQ(checks.at(kAllowed).proof, "corroborated");
}

TEST_F(Faults, WhatLiesOutsideTheScopeFileIsRefusedAndRecorded) {
  write_file(folder_ / "scope.conf", "allow 10.2.0.0/24 tcp/80\n");
  replace_probe("a", "exec $PROBE --scope " + (folder_ / "scope.conf").string());
  const auto checks = run(7);
  EXPECT_EQ(checks.at(kAllowed).result, "pass");
  EXPECT_EQ(checks.at(kDenied).reason, "not-run");
  EXPECT_NE(checks.at(kDenied).detail.find("no allow line of the scope file covers it"),
            std::string::npos)
      << checks.at(kDenied).detail;
  const auto shown = reachproof(folder_, {"evidence", "show", "--kind", "refusals"});
  EXPECT_NE(shown.out.find("refusals"), std::string::npos);
}

TEST_F(Faults, AnotherReleaseOfTheProtocolIsRefusedInPlainWords) {
  replace_probe(
      "a",
      R"(echo '{"m":"hello","v":99,"software":"x","host":"h","pid":1,)"
      R"("can_capture":false,"scope":"","now":{"wall":"2026-11-30T00:00:00.000Z","us":1}}'; sleep 60)");
  const auto checks = run(4);
  EXPECT_NE(checks.at(kDenied).detail.find("install the same release on both"), std::string::npos)
      << checks.at(kDenied).detail;
}

TEST_F(Faults, AProbeThatReportsWhatItWasNotAskedIsCutOff) {
  replace_probe(
      "a",
      R"($PROBE | { IFS= read -r hello; echo "$hello"; echo '{"m":"done","what":"watch","id":7,)"
      R"("sound":true,"detail":"","packets":0,"dropped":0,"ports":[],"first_hop_v4_ms":-1,"first_hop_v6_ms":-1,)"
      R"("at":{"wall":"2026-11-30T00:00:00.000Z","us":1}}'; cat; })");
  const auto checks = run(4);
  EXPECT_NE(checks.at(kDenied).detail.find("nobody had ended"), std::string::npos)
      << checks.at(kDenied).detail;
}

}  // namespace
}  // namespace reachproof::testing
