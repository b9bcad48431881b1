// The gate of a pipeline: it fails for what a change opens, and for nothing else.
#include <gmock/gmock.h>

#include <regex>

#include "tests/support/judged_log.h"
#include "tests/support/lab_up.h"

namespace reachproof::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::filesystem::path kExample =
    std::filesystem::path(REACHPROOF_SOURCE_DIR) / "examples/ci-gate";

/// The example's commands, one after the other, in a copy of its folder.
TEST(Gate, TheExampleFailsForExactlyWhatTheChangeOpened) {
  SKIP_WITHOUT_NAMESPACES();
  const TemporaryFolder folder;
  std::filesystem::copy(
      kExample, folder.path(),
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
  for (const auto* lab : {"before.yaml", "after.yaml"}) {
    auto text = file_text(folder / lab);
    text.replace(text.find("name: ci-gate"), 13, "name: gate-" + std::to_string(getpid()));
    write_file(folder / lab, text);
  }
  std::istringstream lines(file_text(kExample / "README.md"));
  std::vector<std::string> commands;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("$ ")) commands.push_back(line.substr(2));
  }
  ASSERT_EQ(commands.size(), 4U);
  const auto run = [&](const std::string& command) {
    return Program({"bash", "-euc",
                    "export PATH=" + std::string(REACHPROOF_BIN_DIR) + ":$PATH\n" + command},
                   folder.path())
        .wait(std::chrono::seconds(120));
  };
  const auto nightly = run(commands[0]);
  ASSERT_EQ(nightly.exit, 0) << nightly.out << nightly.err;
  const auto gated = run(commands[1]);
  ASSERT_EQ(gated.exit, 0) << gated.out << gated.err;
  EXPECT_THAT(gated.out, AllOf(HasSubstr("1 opened, 1 closed"),
                               HasSubstr("opened       X1/staff/database/tcp/5432"),
                               HasSubstr("closed       X1/staff/database/tcp/22")));
  const auto comment = run(commands[2]).out;
  EXPECT_THAT(comment, AllOf(HasSubstr("| violation (new) | `staff -> database tcp/5432` |"),
                             HasSubstr("| violation | `staff -> portal tcp/22` |"),
                             HasSubstr("- closed: `X1/staff/database/tcp/22`")));
  const auto junit = file_text(folder / "out/junit.xml");
  EXPECT_THAT(junit,
              AllOf(HasSubstr("failures=\"1\" errors=\"0\""),
                    HasSubstr("<skipped type=\"violation-before\" message=\"stood before, in r-")));
  const auto sarif = file_text(folder / "out/results.sarif");
  EXPECT_THAT(sarif, AllOf(HasSubstr("\"baselineState\":\"new\""),
                           HasSubstr("\"baselineState\":\"unchanged\"")));
  EXPECT_GT(std::filesystem::file_size(folder / "out/comment.md"), 500U);
  EXPECT_EQ(run(commands[3]).exit, 0);

  // The same change again, compared with itself: nothing is new, so nothing fails.
  const auto again = run(
      "./gate.sh before.yaml --baseline previous --fail-on new-violation,new-broken,new-unproven");
  EXPECT_EQ(again.exit, 0) << again.out << again.err;
  const auto old = run("./gate.sh before.yaml --baseline previous --fail-on violation");
  EXPECT_EQ(old.exit, 3) << "without new-, what stood before fails, too";
  const auto json =
      run("reachproof lab up before.yaml --inventory inventory.yaml > lab.log; reachproof --output "
          "json run scenario.yaml -q --baseline previous --exit-zero; reachproof lab down "
          "before.yaml > lab.log");
  EXPECT_THAT(json.out, AllOf(HasSubstr("\"since\":{"), HasSubstr("\"persisting\":2")));

  // The nightly log taken elsewhere is believed with its key, and not without.
  std::filesystem::copy_file(folder / "reachproof.db", folder / "nightly.db");
  const auto elsewhere =
      "reachproof lab up before.yaml --inventory inventory.yaml > lab.log; code=0; reachproof run "
      "scenario.yaml -q -e fresh.db --baseline previous --baseline-from nightly.db --fail-on "
      "new-violation || code=$?; reachproof lab down before.yaml > lab.log; exit $code";
  EXPECT_EQ(run(elsewhere).exit, 2);
  std::filesystem::copy_file(folder / "reachproof.db.vkey", folder / "nightly.db.vkey");
  const auto believed = run(elsewhere);
  EXPECT_EQ(believed.exit, 0) << believed.out << believed.err;
  ASSERT_EQ(test::run_sql((folder / "nightly.db").string(),
                          std::string(test::kDropTriggers) +
                              "UPDATE record SET kind = 'gaps' WHERE kind = 'run-finished'"),
            "");
  const auto forged = run(elsewhere);
  EXPECT_EQ(forged.exit, 5);
  EXPECT_THAT(forged.err, HasSubstr("does not verify"));
}

class Baselines : public ::testing::Test {
 protected:
  Finished run(std::vector<std::string> more) {
    write_file(folder_ / "scenario.yaml", kScenario);
    write_file(folder_ / "inventory.yaml", "version: 1\nendpoints: []\n");
    more.insert(more.begin(), {"run", "scenario.yaml", "-q"});
    return reachproof(folder_, more);
  }
  const std::string kScenario =
      "version: 1\nname: clinic\nowner: a@example.org\nservices: { s: [tcp/1] }\n"
      "segments: { a: { mode: enforce }, b: { mode: enforce } }\n"
      "workloads: { w: { segment: a }, x: { segment: b } }\n"
      "flows: [ { id: F1, from: w, to: x, service: s, need: required, why: y } ]\n";
  TemporaryFolder folder_;
};

TEST_F(Baselines, WhatIsNotThereIsSaidBeforeARunIsMade) {
  const auto error = [&](std::vector<std::string> more) {
    const auto ran = run(std::move(more));
    EXPECT_EQ(ran.exit, 2) << ran.out;
    return ran.err;
  };
  EXPECT_THAT(error({"--fail-on", "new-violation"}), HasSubstr("new since what?"));
  EXPECT_THAT(error({"--fail-on", "new"}), HasSubstr("`new` is not violation"));
  EXPECT_THAT(error({"--baseline-from", "x.db"}), HasSubstr("give --baseline, too"));
  EXPECT_THAT(error({"--baseline", "last-green"}), HasSubstr("there is no evidence file"));
  const test::JudgedLog log((folder_ / "reachproof.db").string());
  log.run({.checks = {{.id = "X1/a/b/tcp/1", .result = core::CheckResult::Violation}}});
  EXPECT_THAT(
      error({"--baseline", "last-green"}),
      HasSubstr("there is no green run of `clinic` to compare with (1 finished with violations"));
  EXPECT_THAT(error({"--baseline", "r-9"}), HasSubstr("there is no run `r-9`"));
}

TEST_F(Baselines, LastGreenIsTheNewestWithoutViolationsThatFinished) {
  const test::JudgedLog log((folder_ / "reachproof.db").string());
  log.run({.id = "r-1"});
  log.run({.id = "r-2", .checks = {{.id = "X1/a/b/tcp/1", .result = core::CheckResult::Unproven}}});
  log.run(
      {.id = "r-3", .checks = {{.id = "X1/a/b/tcp/1", .result = core::CheckResult::Violation}}});
  log.run({.id = "r-4", .finished = false});
  const auto report = [&](const char* baseline, const char* run) {
    return reachproof(folder_,
                      {"report", "--run", run, "--baseline", baseline, "--format", "markdown"})
        .out;
  };
  EXPECT_THAT(report("last-green", "r-3"), HasSubstr("Since `r-2`: 1 opened"));
  EXPECT_THAT(report("previous", "r-3"), HasSubstr("Since `r-2`"));
  EXPECT_THAT(report("previous", "r-4"), HasSubstr("Since `r-3`"));
  EXPECT_THAT(report("last-green", "r-2"), HasSubstr("Since `r-1`"));
}

}  // namespace
}  // namespace reachproof::testing
