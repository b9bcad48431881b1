#include <gtest/gtest.h>

#include <cstdio>
#include <random>

#include "tests/support/lab_up.h"
#include "tests/support/run_result.h"

/// Sudden death, at random moments of a run: of the orchestrator, and of its probes.
/// REACHPROOF_KILL_ROUNDS sets how often; REACHPROOF_SEED repeats a failure.
namespace reachproof::testing {
namespace {

const std::filesystem::path kQuickstart =
    std::filesystem::path(REACHPROOF_SOURCE_DIR) / "examples/quickstart";

int number_from(const char* variable, int fallback) {
  const char* text = std::getenv(variable);
  return text == nullptr ? fallback : std::atoi(text);
}

class Kill : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_NAMESPACES();
    auto text = file_text(kQuickstart / "lab.yaml");
    text.replace(text.find("name: quickstart\n"), 17, "name: LAB\n");
    lab_ = std::make_unique<LabUp>(folder_, text);
    ASSERT_TRUE(lab_->is_up()) << lab_->why_not();
    write_file(folder_ / "scenario.yaml", file_text(kQuickstart / "scenario.yaml"));
    seed_ = number_from("REACHPROOF_SEED", static_cast<int>(std::random_device{}()));
    std::printf("seed %d\n", seed_);
    random_.seed(static_cast<unsigned>(seed_));
  }

  std::chrono::milliseconds moment(int at_most_ms) {
    return std::chrono::milliseconds(std::uniform_int_distribution(0, at_most_ms)(random_));
  }

  TemporaryFolder folder_;
  std::unique_ptr<LabUp> lab_;
  std::mt19937 random_;
  int seed_ = 0;
};

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  const auto path =
      "/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children";
  std::istringstream list(file_text(path));
  pid_t child = 0;
  while (list >> child) children.push_back(child);
  return children;
}

TEST_F(Kill, OfTheOrchestratorLosesNothingThatWasAcknowledged) {
  const int rounds = number_from("REACHPROOF_KILL_ROUNDS", 15);
  int unfinished = 0;
  std::uint64_t runs_before = 0;
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE(round);
    Program run({binary("reachproof"), "run", "-q"}, folder_.path());
    std::this_thread::sleep_for(moment(1700));
    run.signal(SIGKILL);
    unfinished += run.wait().exit == 128 + SIGKILL ? 1 : 0;
    if (!std::filesystem::exists(folder_ / "reachproof.db.vkey")) continue;  // too early for a key
    const auto verified = reachproof(folder_, {"evidence", "verify"});
    ASSERT_EQ(verified.exit, 0) << verified.out << verified.err;
    const auto runs = reachproof(folder_, {"runs"}).out;
    const auto count = static_cast<std::uint64_t>(std::ranges::count(runs, '\n'));
    ASSERT_GE(count, runs_before) << "a run that was listed is gone";
    runs_before = count;
  }
  std::printf("%d of %d runs were cut off\n", unfinished, rounds);
  const auto again = reachproof(folder_, {"run", "-q"});
  EXPECT_EQ(again.exit, 3) << again.err;
  EXPECT_NE(again.out.find("1 violation, 0 broken, 0 unproven"), std::string::npos) << again.out;
}

TEST_F(Kill, OfAProbeIsNeverAPassAndNeverAHang) {
  const int rounds = number_from("REACHPROOF_KILL_ROUNDS", 15);
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE(round);
    Program run({binary("reachproof"), "--output", "json", "run", "-q"}, folder_.path());
    std::this_thread::sleep_for(moment(1500));
    const auto children = children_of(run.pid());
    if (!children.empty()) {
      const auto pick = std::uniform_int_distribution<std::size_t>(0, children.size() - 1)(random_);
      ::kill(children[pick], SIGKILL);
    }
    const auto ended = run.wait(std::chrono::seconds(45));
    ASSERT_NE(ended.exit, 124) << "the run hung";
    ASSERT_TRUE(ended.exit == 3 || ended.exit == 4) << ended.exit << ended.err;
    for (const auto& [id, words] : checks_in(ended.out)) {
      // The lab does not change: a check is right, or it is unproven with a reason.
      const bool open = id == "X1/staff/database/tcp/22" || id.starts_with("F");
      if (words.result == "unproven") {
        EXPECT_FALSE(words.reason.empty()) << id;
      } else {
        EXPECT_EQ(words.reachability, open ? "open" : "blocked") << id;
      }
    }
    ASSERT_EQ(reachproof(folder_, {"evidence", "verify"}).exit, 0);
  }
}

}  // namespace
}  // namespace reachproof::testing
