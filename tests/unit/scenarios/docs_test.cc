// Every complete document that docs/scenario-format.md shows is loaded.
#include <gmock/gmock.h>

#include "tests/support/scenario_text.h"

namespace reachproof::scenarios {
namespace {

/// The fenced blocks whose first line is the given one: "```yaml scenario".
std::vector<std::string> blocks(const std::string& fence) {
  std::istringstream page(
      test::read_all(std::string(REACHPROOF_SOURCE_DIR) + "/docs/scenario-format.md"));
  std::vector<std::string> found;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (!inside && line == fence) {
      found.emplace_back();
      inside = true;
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      found.back() += line + "\n";
    }
  }
  return found;
}

TEST(ScenarioFormatPage, EachCompleteDocumentLoads) {
  const auto scenarios = blocks("```yaml scenario");
  const auto inventories = blocks("```yaml inventory");
  ASSERT_FALSE(scenarios.empty());
  ASSERT_FALSE(inventories.empty());
  Loaded<LoadedScenario> loaded;
  for (const auto& yaml : scenarios) {
    loaded = load_scenario(yaml, "docs/scenario-format.md", test::today());
    ASSERT_TRUE(loaded.has_value()) << test::messages(loaded.error()) << yaml;
    EXPECT_TRUE(loaded->warnings.empty()) << test::messages(loaded->warnings);
  }
  // The inventories are of the page's last scenario.
  for (const auto& yaml : inventories) {
    const auto inventory = load_inventory(yaml, "docs/scenario-format.md", loaded->scenario);
    ASSERT_TRUE(inventory.has_value()) << test::messages(inventory.error()) << yaml;
  }
}

}  // namespace
}  // namespace reachproof::scenarios
