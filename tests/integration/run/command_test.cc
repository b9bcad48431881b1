#include <gtest/gtest.h>

#include "tests/support/lab_up.h"
#include "tests/support/run_result.h"

namespace reachproof::testing {
namespace {

const std::filesystem::path kQuickstart =
    std::filesystem::path(REACHPROOF_SOURCE_DIR) / "examples/quickstart";

std::string quickstart_lab() {
  auto text = file_text(kQuickstart / "lab.yaml");
  text.replace(text.find("name: quickstart\n"), 17, "name: LAB\n");
  return text;
}

class Commands : public ::testing::Test {
 protected:
  void bring_up() {
    lab_ = std::make_unique<LabUp>(folder_, quickstart_lab());
    ASSERT_TRUE(lab_->is_up()) << lab_->why_not();
    write_file(folder_ / "scenario.yaml", file_text(kQuickstart / "scenario.yaml"));
  }
  TemporaryFolder folder_;
  std::unique_ptr<LabUp> lab_;
};

TEST_F(Commands, EveryVerbHasHelp) {
  const TemporaryFolder folder;
  for (const std::string verb :
       {"init", "validate", "schema", "plan", "run", "runs", "results", "matrix", "explain", "diff",
        "evidence", "lab", "version", "completion"}) {
    const auto help = reachproof(folder, {verb, "--help"});
    EXPECT_EQ(help.exit, 0) << verb;
    EXPECT_NE(help.out.find(verb), std::string::npos) << verb;
  }
}

TEST_F(Commands, AMisspeltVerbOrOptionIsAUsageError) {
  EXPECT_EQ(reachproof(folder_, {"runn"}).exit, 2);
  EXPECT_EQ(reachproof(folder_, {}).exit, 2);
  EXPECT_EQ(reachproof(folder_, {"run", "--nope"}).exit, 2);
  EXPECT_EQ(reachproof(folder_, {"run", "missing.yaml"}).exit, 2);
  EXPECT_EQ(reachproof(folder_, {"results"}).exit, 2);
}

TEST_F(Commands, ABadScenarioIsRefusedWithEveryProblemAndItsPlace) {
  write_file(folder_ / "scenario.yaml",
             "version: 1\nname: x\nowner: o@example.org\nsegmets: {}\n"
             "segments: { a: { mode: enforce } }\n"
             "workloads:\n  w: { segment: b, match: [ { cidr: 10.0.0.1/24 } ] }\n");
  const auto refused = reachproof(folder_, {"validate"});
  EXPECT_EQ(refused.exit, 2);
  EXPECT_NE(refused.err.find("scenario.yaml:4:1: error: unknown key `segmets`"), std::string::npos)
      << refused.err;
  EXPECT_NE(refused.err.find("scenario.yaml:7:17"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("10.0.0.1/24"), std::string::npos) << refused.err;
}

TEST_F(Commands, ASecondRunOnOneEvidenceFileIsToldWhoHoldsIt) {
  SKIP_WITHOUT_NAMESPACES();
  bring_up();
  std::filesystem::create_directory(folder_ / "first");
  Program first({binary("reachproof"), "run", "../scenario.yaml", "-i", "../inventory.yaml", "-e",
                 "../shared.db", "--attempts", "40"},
                folder_ / "first");
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  const auto second = reachproof(folder_, {"run", "-q", "-e", "shared.db"});
  EXPECT_EQ(second.exit, 8) << second.out << second.err;
  EXPECT_NE(second.err.find("is in use by process " + std::to_string(first.pid())),
            std::string::npos)
      << second.err;
  EXPECT_EQ(first.wait().exit, 3);
}

TEST_F(Commands, CtrlCKeepsWhatIsDoneAndMarksTheRest) {
  SKIP_WITHOUT_NAMESPACES();
  bring_up();
  Program run({binary("reachproof"), "run", "--attempts", "60"}, folder_.path());
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  run.signal(SIGINT);
  const auto ended = run.wait();
  EXPECT_EQ(ended.exit, 130) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("This run ended early: the run was interrupted."), std::string::npos)
      << ended.out;
  const auto checks = checks_in(reachproof(folder_, {"--output", "json", "results"}).out);
  EXPECT_EQ(checks.at("X1/staff/database/tcp/22").result, "violation");
  EXPECT_EQ(checks.at("X1/staff/database/tcp/5432").result, "unproven");
  EXPECT_EQ(reachproof(folder_, {"evidence", "verify"}).exit, 0);
}

TEST_F(Commands, ATimeLimitEndsTheRunWithItsOwnCode) {
  SKIP_WITHOUT_NAMESPACES();
  bring_up();
  const auto ended = reachproof(folder_, {"run", "-q", "--attempts", "100", "--timeout", "2s"});
  EXPECT_EQ(ended.exit, 124) << ended.out << ended.err;
}

TEST_F(Commands, ExplainTellsRuleAttemptsSightingsAndProofFromTheEvidence) {
  SKIP_WITHOUT_NAMESPACES();
  bring_up();
  ASSERT_EQ(reachproof(folder_, {"run", "-q"}).exit, 3);
  const auto told = reachproof(folder_, {"explain", "staff", "database", "22"});
  EXPECT_EQ(told.exit, 0);
  for (const std::string part : {"X violation: open, proved", "rule X1", "scenario.yaml:",
                                 "try 1 at", "witness: arrived", "verdict in record"}) {
    EXPECT_NE(told.out.find(part), std::string::npos) << part << "\n" << told.out;
  }
  EXPECT_EQ(reachproof(folder_, {"explain", "staff", "nobody"}).exit, 2);
  const auto matrix = reachproof(folder_, {"matrix", "--by", "workload"});
  EXPECT_NE(matrix.out.find("X 1"), std::string::npos) << matrix.out;
}

TEST_F(Commands, TheJunitFileFitsItsSchema) {
  SKIP_WITHOUT_NAMESPACES();
  const char* told = std::getenv("REACHPROOF_SHARED");
  const std::filesystem::path shared = told != nullptr ? told : REACHPROOF_SHARED_DEFAULT;
  const auto schema = shared / "schemas/junit/junit-10.xsd";
  if (!std::filesystem::exists(schema)) GTEST_SKIP() << schema << " is missing";
  if (system("command -v xmllint >/dev/null") != 0) GTEST_SKIP() << "xmllint is not installed";
  bring_up();
  ASSERT_EQ(reachproof(folder_, {"run", "-q", "--junit-file", "junit.xml"}).exit, 3);
  const auto checked =
      Program({"xmllint", "--noout", "--schema", schema.string(), "junit.xml"}, folder_.path())
          .wait();
  EXPECT_EQ(checked.exit, 0) << checked.err;
}

TEST_F(Commands, TheCheckpointAndARecordVerifyWithPublicToolsAlone) {
  SKIP_WITHOUT_NAMESPACES();
  bring_up();
  ASSERT_EQ(reachproof(folder_, {"run", "-q"}).exit, 3);
  write_file(folder_ / "checkpoint", reachproof(folder_, {"evidence", "checkpoint"}).out);
  write_file(folder_ / "log.pub.pem", reachproof(folder_, {"evidence", "key", "--pem"}).out);
  // The commands of docs/evidence-format.md.
  const auto checked = Program({"bash", "-euc", R"sh(
    sed '/^$/,$d' checkpoint > text
    grep -a '^— ' checkpoint | head -1 | awk '{print $3}' | base64 -d | tail -c 64 > sig
    openssl pkeyutl -verify -pubin -inkey log.pub.pem -rawin -in text -sigfile sig
    leaf=$(sqlite3 reachproof.db 'select hex(body) from record where idx=0' | xxd -r -p |
           { printf '\0'; cat; } | sha256sum | cut -d' ' -f1)
    test "$leaf" = "$(sqlite3 reachproof.db 'select lower(hex(leaf_hash)) from record where idx=0')"
  )sh"},
                               folder_.path())
                           .wait();
  EXPECT_EQ(checked.exit, 0) << checked.out << checked.err;
  EXPECT_NE(checked.out.find("Signature Verified Successfully"), std::string::npos);
}

TEST_F(Commands, AProbeThatTalksToItselfHasReachedNobody) {
  SKIP_WITHOUT_NAMESPACES();
  // A network whose only source port is the destination's: each try is connected to itself.
  const auto told = Program({"unshare", "-Urn", "bash", "-euc", R"sh(
    ip link set lo up
    echo '40000 40000' > /proc/sys/net/ipv4/ip_local_port_range
    order() { printf '{"m":"attempt","id":%s,"proto":"%s","address":"%s","port":40000,"timeout_ms":500,"mss":0}\n' "$@"; }
    { order 1 tcp 127.0.0.1; sleep 0.3; order 2 udp 127.0.0.1; sleep 0.3; order 3 tcp ::1; sleep 0.3
      order 4 udp ::1; sleep 0.3; echo '{"m":"stop","reason":"done"}'; } | "$0" --stdio
  )sh",
                             binary("reachproof-probe")},
                            folder_.path())
                        .wait();
  ASSERT_EQ(told.exit, 0) << told.err;
  int told_of_itself = 0;
  std::istringstream lines(told.out);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("\"m\":\"outcome\"") == std::string::npos) continue;
    EXPECT_NE(line.find("\"outcome\":\"local-error\""), std::string::npos) << line;
    told_of_itself += line.find("talk to itself") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(told_of_itself, 4) << told.out;
}

TEST_F(Commands, ColourIsOnlyWhereItIsWanted) {
  SKIP_WITHOUT_NAMESPACES();
  bring_up();
  const auto plain = reachproof(folder_, {"run", "-q"});
  EXPECT_EQ(plain.out.find('\033'), std::string::npos);
  const auto forced = reachproof(folder_, {"--color", "always", "results"});
  EXPECT_NE(forced.out.find('\033'), std::string::npos);
}

TEST_F(Commands, CompletionKnowsEveryVerb) {
  const auto script = reachproof(folder_, {"completion", "bash"});
  EXPECT_EQ(script.exit, 0);
  EXPECT_NE(script.out.find("explain"), std::string::npos);
  write_file(folder_ / "completion.bash", script.out);
  const auto parsed = Program({"bash", "-n", "completion.bash"}, folder_.path()).wait();
  EXPECT_EQ(parsed.exit, 0) << parsed.err;
}

}  // namespace
}  // namespace reachproof::testing
