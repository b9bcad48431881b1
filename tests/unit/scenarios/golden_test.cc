// The tables of right and wrong documents: each wrong one gets its messages, at their lines.
#include <gmock/gmock.h>

#include "scenarios/load.h"
#include "tests/support/scenario_documents.h"

namespace reachproof::scenarios {
namespace {

using test::documents;
using test::today;

core::Scenario scenario_of_inventories() {
  const auto path =
      std::string(REACHPROOF_SOURCE_DIR) + "/tests/golden/scenarios/inventory/scenario.yaml";
  auto loaded = load_scenario_file(path, today());
  EXPECT_TRUE(loaded.has_value());
  return loaded ? loaded->scenario : core::Scenario{};
}

std::string all_of(const std::vector<Problem>& problems) {
  std::string lines;
  for (const auto& problem : problems) lines += text(problem) + "\n";
  return lines;
}

bool has(const std::vector<Problem>& problems, const test::Expected& expected) {
  return std::ranges::any_of(problems, [&](const Problem& problem) {
    return problem.level == Problem::Level::Error && problem.mark.line == expected.line &&
           problem.mark.column > 0 && text(problem).find(expected.message) != std::string::npos;
  });
}

std::vector<Problem> errors_of(const std::vector<Problem>& problems) {
  std::vector<Problem> errors;
  for (const auto& problem : problems) {
    if (problem.level == Problem::Level::Error) errors.push_back(problem);
  }
  return errors;
}

/// Every expected message at its line, and nothing else.
void expect_problems(const test::Document& document, const std::vector<Problem>& problems) {
  EXPECT_FALSE(document.expected.empty()) << document.path << " expects nothing";
  for (const auto& expected : document.expected) {
    EXPECT_TRUE(has(problems, expected))
        << document.path << ":" << expected.line << " lacks: " << expected.message << "\n"
        << all_of(problems);
  }
  EXPECT_EQ(errors_of(problems).size(), document.expected.size())
      << document.path << " has other problems too:\n"
      << all_of(problems);
}

TEST(GoldenScenarios, EachWrongDocumentGetsItsMessagesAtTheirLinesAndNoOthers) {
  const auto table = documents("invalid");
  EXPECT_GE(table.size(), 60U);
  for (const auto& document : table) {
    const auto loaded = load_scenario(document.text, document.path, today());
    ASSERT_FALSE(loaded.has_value()) << document.path << " was accepted";
    expect_problems(document, loaded.error());
  }
}

TEST(GoldenScenarios, EachRightDocumentLoadsWithoutWarnings) {
  const auto table = documents("valid");
  EXPECT_GE(table.size(), 15U);
  for (const auto& document : table) {
    const auto loaded = load_scenario(document.text, document.path, today());
    ASSERT_TRUE(loaded.has_value()) << all_of(loaded.error());
    EXPECT_THAT(loaded->warnings, testing::IsEmpty()) << document.path << "\n"
                                                      << all_of(loaded->warnings);
    EXPECT_TRUE(loaded->scenario.text.starts_with(document.text)) << document.path;
    EXPECT_EQ(loaded->scenario.file, document.path);
  }
}

TEST(GoldenInventories, EachWrongDocumentGetsItsMessagesAtTheirLinesAndNoOthers) {
  const auto scenario = scenario_of_inventories();
  for (const auto& document : documents("inventory/invalid")) {
    const auto loaded = load_inventory(document.text, document.path, scenario);
    ASSERT_FALSE(loaded.has_value()) << document.path << " was accepted";
    expect_problems(document, loaded.error());
  }
}

TEST(GoldenInventories, EachRightDocumentLoads) {
  const auto scenario = scenario_of_inventories();
  for (const auto& document : documents("inventory/valid")) {
    const auto loaded = load_inventory(document.text, document.path, scenario);
    ASSERT_TRUE(loaded.has_value()) << all_of(loaded.error());
    EXPECT_EQ(loaded->inventory.text, document.text);
  }
}

}  // namespace
}  // namespace reachproof::scenarios
