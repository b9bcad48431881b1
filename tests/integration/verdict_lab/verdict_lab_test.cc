// Every cell of the table as real traffic: one lab, one run, a test for each cell.
#include <gmock/gmock.h>

#include <optional>

#include "tests/integration/verdict_lab/cells.h"
#include "tests/support/lab_up.h"
#include "tests/support/run_result.h"

namespace reachproof::testing {
namespace {

/// The run of which all cells are read. It takes a while, and happens once.
class VerdictLab : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!namespaces_are_possible()) return;
    folder_.emplace();
    lab_.emplace(*folder_, lab_text());
    if (!lab_->is_up()) {
      problem_ = lab_->why_not();
      return;
    }
    write_file(*folder_ / "scenario.yaml", scenario_text());
    on("fw", "set -e\n" + blackhole_commands());
    const auto ran =
        reachproof(*folder_, {"--output", "json", "run", "-q"}, std::chrono::seconds(150));
    if (ran.exit != 3) {
      problem_ = "exit " + std::to_string(ran.exit) + ": " + ran.err;
      return;
    }
    for (const auto& [id, words] : checks_in(ran.out)) {
      // Of "X.7/client/seen-v4/tcp/1000" the number of the forbid says nothing.
      const auto dot = id.find('.');
      const auto slash = id.find('/');
      checks_[dot < slash ? id.substr(0, dot) + id.substr(slash) : id] = words;
    }
  }
  static void TearDownTestSuite() {
    lab_.reset();
    folder_.reset();
  }
  void SetUp() override {
    SKIP_WITHOUT_NAMESPACES();
    ASSERT_EQ(problem_, "");
  }

  static void on(const std::string& host, const std::string& script) {
    const auto done =
        reachproof(*folder_, {"lab", "exec", "lab.yaml", host, "--", "sh", "-c", script});
    if (done.exit != 0) problem_ += host + ": " + done.out + done.err;
  }

  static inline std::optional<TemporaryFolder> folder_;
  static inline std::optional<LabUp> lab_;
  static inline std::map<std::string, CheckWords> checks_;
  static inline std::string problem_;
};

class VerdictCell : public VerdictLab, public ::testing::WithParamInterface<Cell> {};

TEST_P(VerdictCell, HasTheVerdictThatItsProofAllows) {
  const auto& cell = GetParam();
  ASSERT_TRUE(checks_.contains(cell.check)) << cell.check;
  const auto& seen = checks_.at(cell.check);
  // "... A or B": which of two reasons it is, chance decides; never what is concluded.
  const auto choice = cell.expected.find(" or ");
  const auto first = cell.expected.substr(0, choice);
  const auto second = choice == std::string::npos ? first
                                                  : first.substr(0, first.rfind(' ') + 1) +
                                                        cell.expected.substr(choice + 4);
  EXPECT_THAT(seen.reachability + " " + seen.proof + " " + seen.reason,
              ::testing::AnyOf(first, second))
      << cell.check << ": " << seen.detail << " (" << seen.connected << "/" << seen.attempts << ")";
}

INSTANTIATE_TEST_SUITE_P(Cells, VerdictCell, ::testing::ValuesIn(all_cells()),
                         [](const auto& tested) {
                           const Cell& cell = tested.param;
                           auto name = cell.group + "_" + cell.network + "_" + cell.target + "_" +
                                       cell.family + (cell.witnessed ? "_watched" : "");
                           for (auto& c : name) {
                             const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                               (c >= '0' && c <= '9');
                             if (!fine) c = '_';
                           }
                           return name;
                         });

TEST(VerdictLabTable, HasAsManyCellsAsItSays) {
  std::map<std::string, int> cells;
  for (const auto& cell : all_cells()) {
    // One cell is one network, target and family; with and without a witness are its two verdicts.
    const bool second = !cell.witnessed && cell.target != "down";
    cells[cell.group] += second ? 0 : 1;
  }
  EXPECT_EQ(cells["TCP"], 72);
  EXPECT_EQ(cells["UDP"], 54);
  EXPECT_EQ(cells["ICMP"], 12);
  EXPECT_EQ(cells["host"], 20);
  EXPECT_EQ(cells["no route"], 4);
  EXPECT_EQ(cells["DNS"], 6);
}

TEST(GoldenVerdictLab, IsTheTableOfItsCells) {
  const auto path = std::filesystem::path(REACHPROOF_SOURCE_DIR) / "docs/verdict-lab.md";
  if (std::getenv("REACHPROOF_UPDATE_GOLDEN") != nullptr) write_file(path, matrix_markdown());
  EXPECT_EQ(file_text(path), matrix_markdown()) << "`tools/dev golden` writes it again";
}

}  // namespace
}  // namespace reachproof::testing
