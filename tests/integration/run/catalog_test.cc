// Every entry of the catalog, in the lab in which it holds and in the one with what it must find.
#include <gmock/gmock.h>

#include <regex>
#include <set>

#include "tests/support/lab_up.h"
#include "tests/support/run_result.h"

namespace reachproof::testing {
namespace {

const auto kCatalog = std::filesystem::path(REACHPROOF_SOURCE_DIR) / "scenarios/catalog";

std::vector<std::string> entries() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kCatalog)) {
    if (entry.is_directory()) names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

class Catalog : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { SKIP_WITHOUT_NAMESPACES(); }

  /// "violation databases.X1" of each included rule that did not pass. `exit` is the run's.
  std::set<std::string> departures_in(const std::string& lab_file, int& exit) {
    const TemporaryFolder folder;
    const auto wrote = reachproof(folder, {"catalog", "example", GetParam()});
    EXPECT_EQ(wrote.exit, 0) << wrote.err;
    auto text = file_text(folder / lab_file);
    planted_ = planted(text);
    text = std::regex_replace(text, std::regex("\nname: [^\n]*"), "\nname: LAB",
                              std::regex_constants::format_first_only);
    const LabUp lab(folder, text);
    EXPECT_TRUE(lab.is_up()) << lab.why_not();
    const auto ran = reachproof(folder, {"--output", "json", "run", "scenario.yaml", "-q"});
    exit = ran.exit;
    std::set<std::string> found;
    checks_ = 0;
    for (const auto& [id, words] : checks_in(ran.out)) {
      if (!id.starts_with(GetParam() + ".")) continue;
      ++checks_;
      if (words.result == "pass") continue;
      found.insert(words.result + " " + id.substr(0, id.find('/')));
    }
    return found;
  }

  std::set<std::string> planted(const std::string& lab) const {
    std::set<std::string> rules;
    const std::regex mark("# PLANTED, (\\w+)");
    for (std::sregex_iterator it(lab.begin(), lab.end(), mark), end; it != end; ++it) {
      rules.insert("violation " + GetParam() + "." + (*it)[1].str());
    }
    return rules;
  }

  std::set<std::string> planted_;
  int checks_ = 0;
};

TEST_P(Catalog, HoldsWhereNothingIsPlanted) {
  int exit = -1;
  EXPECT_EQ(departures_in("lab.yaml", exit), std::set<std::string>{});
  EXPECT_EQ(exit, 0);
  EXPECT_GT(checks_, 0);
}

TEST_P(Catalog, FindsExactlyWhatIsPlanted) {
  int exit = -1;
  const auto found = departures_in("violation.yaml", exit);
  EXPECT_FALSE(planted_.empty());
  EXPECT_EQ(found, planted_);
  EXPECT_EQ(exit, 3);
}

INSTANTIATE_TEST_SUITE_P(All, Catalog, ::testing::ValuesIn(entries()), [](const auto& tested) {
  return std::regex_replace(tested.param, std::regex("-"), "_");
});

TEST(CatalogExample, NeverWritesOverAFile) {
  const TemporaryFolder folder;
  write_file(folder / "lab.yaml", "mine");
  const auto refused = reachproof(folder, {"catalog", "example", "egress"});
  EXPECT_EQ(refused.exit, 2);
  EXPECT_THAT(refused.err, ::testing::HasSubstr("is there already"));
  EXPECT_EQ(file_text(folder / "lab.yaml"), "mine");
  EXPECT_EQ(reachproof(folder, {"catalog", "show", "nothing"}).exit, 2);
}

}  // namespace
}  // namespace reachproof::testing
