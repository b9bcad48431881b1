// Every cell of the table as real traffic: one lab, one run, a test for each cell.
#include <gmock/gmock.h>

#include <optional>
#include <set>

#include "tests/integration/verdict_lab/cells.h"
#include "tests/integration/verdict_lab/facts.h"
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
    for (const auto* from : {"client", "lonely", "stray", "left"}) read_facts(from);
  }
  /// What was seen of each try, from the evidence.
  static void read_facts(const std::string& from) {
    const auto told = reachproof(*folder_, {"--output", "json", "explain", from, "right"},
                                 std::chrono::seconds(60));
    if (told.exit != 0) problem_ += "explain: " + told.err;
    const auto whole = boost::json::parse(told.out);
    for (const auto& item : whole.as_object().at("checks").as_array()) {
      const auto& check = item.as_object();
      const std::string id(check.at("id").as_string());
      const auto dot = id.find('.');
      const auto slash = id.find('/');
      auto& seen = seen_[dot < slash ? id.substr(0, dot) + id.substr(slash) : id];
      for (const auto& observation : check.at("observations").as_array()) {
        for (const auto& attempt : observation.as_object().at("attempts").as_array()) {
          seen.outcomes.insert(outcome_in(attempt.as_object()));
        }
        for (const auto& sighting : observation.as_object().at("sightings").as_array()) {
          seen.sightings.insert(sighting.as_object().at("arrived").as_bool() ? "arrives"
                                                                             : "nothing");
        }
      }
    }
  }
  static std::string outcome_in(const boost::json::object& attempt) {
    std::string outcome(attempt.at("outcome").as_string());
    const auto* icmp = attempt.if_contains("icmp");
    if (outcome != "unreachable" || icmp == nullptr) return outcome;
    return outcome + " " + std::to_string(icmp->as_object().at("type").as_int64()) + "/" +
           std::to_string(icmp->as_object().at("code").as_int64());
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
  struct Seen {
    std::set<std::string> outcomes;
    std::set<std::string> sightings;
  };
  static inline std::map<std::string, Seen> seen_;
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

TEST_P(VerdictCell, IsSeenAsItIs) {
  const auto& cell = GetParam();
  const auto facts = facts_of(cell);
  ASSERT_TRUE(seen_.contains(cell.check)) << cell.check;
  const auto& seen = seen_.at(cell.check);
  std::set<std::string> may;
  std::string rest = facts.outcome;
  for (auto at = rest.find(" or "); at != std::string::npos; at = rest.find(" or ")) {
    may.insert(rest.substr(0, at));
    rest = rest.substr(at + 4);
  }
  may.insert(rest);
  EXPECT_FALSE(seen.outcomes.empty());
  for (const auto& outcome : seen.outcomes) {
    EXPECT_TRUE(may.contains(outcome))
        << cell.check << ": " << outcome << ", not " << facts.outcome;
  }
  if (facts.sighting == "arrives" || facts.sighting == "nothing") {
    EXPECT_THAT(seen.sightings, ::testing::ElementsAre(facts.sighting)) << cell.check;
  } else if (facts.sighting.empty()) {
    EXPECT_FALSE(seen.sightings.contains("arrives")) << cell.check;
  }
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
