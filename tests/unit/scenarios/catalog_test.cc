// The catalog: every entry is whole, and its page is the one that the program prints.
// REACHPROOF_UPDATE_GOLDEN=1 writes the pages again.
#include "scenarios/catalog.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/support/scenario_text.h"

namespace reachproof::scenarios {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

const std::filesystem::path kFolder =
    std::filesystem::path(REACHPROOF_SOURCE_DIR) / "scenarios/catalog";

void expect_page(const std::filesystem::path& path, const std::string& page) {
  if (std::getenv("REACHPROOF_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << page;
  EXPECT_EQ(test::read_all(path), page)
      << path << ": run this test with REACHPROOF_UPDATE_GOLDEN=1, and look at what changed";
}

TEST(GoldenCatalog, EachEntryHasItsPage) {
  std::string index =
      "# The catalog\n\nReady rules that a scenario includes by name; "
      "[the scenario format](../../docs/scenario-format.md#include) says how. `reachproof catalog "
      "show NAME` prints a page of these, `reachproof catalog example NAME` writes its labs.\n\n"
      "| entry | what it holds against | rules |\n|---|---|---|\n";
  for (const auto& text : catalog_texts()) {
    const auto entry = catalog_entry(text);
    expect_page(kFolder / entry.name / "README.md", catalog_page(entry));
    index += "| [" + entry.name + "](" + entry.name + "/) | " + entry.title + " | " +
             std::to_string(entry.rules.size()) + " |\n";
  }
  index +=
      "\nWhat a verdict shows is the reachability that a technique needs, not the technique. "
      "ATT&CK "
      "ids are those of version 18.1. (c) 2025 The MITRE Corporation. This work is reproduced and "
      "distributed with the permission of The MITRE Corporation.\n";
  expect_page(kFolder / "README.md", index);
}

TEST(Catalog, HasEveryFolderOfTheTree) {
  std::set<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.is_directory()) folders.insert(entry.path().filename());
  }
  std::set<std::string> known;
  for (const auto& text : catalog_texts()) known.insert(std::string(text.name));
  EXPECT_EQ(known, folders);
  EXPECT_GE(known.size(), 20U);
}

TEST(Catalog, EachEntryIsWhole) {
  for (const auto& text : catalog_texts()) {
    const auto entry = catalog_entry(text);
    for (const auto* prose : {&entry.title, &entry.about, &entry.fix, &entry.caveat}) {
      EXPECT_THAT(*prose, Not(IsEmpty())) << entry.name;
    }
    EXPECT_THAT(entry.rules, Not(IsEmpty())) << entry.name;
    for (const auto& rule : entry.rules) {
      EXPECT_THAT(rule.title, Not(IsEmpty())) << entry.name << " " << rule.id;
      EXPECT_THAT(rule.controls, Not(IsEmpty())) << entry.name << " " << rule.id;
      if (rule.kind == "flow") continue;
      EXPECT_THAT(rule.techniques, Not(IsEmpty())) << entry.name << " " << rule.id;
      EXPECT_TRUE(core::severity_of(rule.severity).has_value()) << entry.name << " " << rule.id;
    }
    std::string whole(text.rules);
    for (const auto& parameter : entry.parameters) {
      EXPECT_NE(whole.find("$" + parameter.name), std::string::npos)
          << entry.name << " declares " << parameter.name << " and does not use it";
    }
  }
}

TEST(Catalog, EachEntryLoadsInItsScenarioWithoutAWarning) {
  for (const auto& text : catalog_texts()) {
    const auto loaded = load_scenario(text.scenario, std::string(text.name), test::today());
    ASSERT_TRUE(loaded.has_value()) << test::messages(loaded.error());
    EXPECT_THAT(loaded->warnings, IsEmpty()) << test::messages(loaded->warnings);
    EXPECT_THAT(loaded->scenario.forbids, Not(IsEmpty()));
  }
}

/// With a workload of its own for each parameter, no rule is left out and none meets another.
TEST(Catalog, EachEntryLoadsWithEveryParameter) {
  for (const auto& text : catalog_texts()) {
    const auto entry = catalog_entry(text);
    std::string workloads;
    std::string values;
    for (const auto& parameter : entry.parameters) {
      if (!parameter.fallback.empty()) continue;
      auto value = "[w-" + parameter.name + "]";
      if (parameter.name == "outside-name") value = "tunnel.example";
      if (parameter.name == "wrong-title") value = "UNKNOWN";
      values += (values.empty() ? "" : ", ") + parameter.name + ": " + value;
      workloads += ", w-" + parameter.name + ": { segment: in }";
    }
    const auto yaml =
        "version: 1\nname: all\nsegments: { in: {}, world: { builtin: internet } }\n"
        "workloads: { one: { segment: in }, two: { segment: in }" +
        workloads + " }\ninclude: [ { use: catalog/" + entry.name + ", with: { " + values +
        " } } ]\n";
    const auto loaded = load_scenario(yaml, entry.name, test::today());
    ASSERT_TRUE(loaded.has_value()) << test::messages(loaded.error());
    EXPECT_THAT(loaded->warnings, IsEmpty()) << test::messages(loaded->warnings);
    EXPECT_EQ(loaded->scenario.forbids.size() + loaded->scenario.flows.size(), entry.rules.size())
        << entry.name;
  }
}

}  // namespace
}  // namespace reachproof::scenarios
