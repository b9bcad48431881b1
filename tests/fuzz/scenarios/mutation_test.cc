// Ten thousand damaged documents: the loaders answer each with problems or with sound values.
//
// REACHPROOF_SEED repeats a run.
#include <gmock/gmock.h>

#include <random>
#include <set>

#include "tests/support/scenario_text.h"

namespace reachproof::scenarios {
namespace {

constexpr int kMutants = 10000;
constexpr unsigned kSeed = 20261130;

unsigned seed() {
  const char* given = std::getenv("REACHPROOF_SEED");
  return given == nullptr ? kSeed : static_cast<unsigned>(std::stoul(given));
}

class Mutator {
 public:
  Mutator(std::vector<std::string> seeds, unsigned number)
      : seeds_(std::move(seeds)), random_(number) {}

  std::string next() {
    std::string text = pick(seeds_);
    for (std::size_t i = 0, changes = 1 + below(3); i < changes && !text.empty(); ++i) change(text);
    return text;
  }

 private:
  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }
  const std::string& pick(const std::vector<std::string>& from) { return from[below(from.size())]; }

  /// A piece of another document, cut at any byte.
  std::string piece() {
    const auto& other = pick(seeds_);
    const auto from = below(other.size());
    return other.substr(from, 1 + below(80));
  }

  std::string line() {
    const auto& other = pick(seeds_);
    const auto begin = other.rfind('\n', below(other.size()));
    const auto from = begin == std::string::npos ? 0 : begin + 1;
    return other.substr(from, other.find('\n', from) - from + 1);
  }

  void change(std::string& text) {
    static const std::vector<std::string> tokens{"{",
                                                 "}",
                                                 "[",
                                                 "]",
                                                 ":",
                                                 ": ",
                                                 "- ",
                                                 ",",
                                                 "\"",
                                                 "'",
                                                 "#",
                                                 "&a ",
                                                 "*a",
                                                 "!!int ",
                                                 "|\n",
                                                 ">\n",
                                                 "\t",
                                                 "\n",
                                                 "\r\n",
                                                 "~",
                                                 "null",
                                                 "---\n",
                                                 "...\n",
                                                 "? ",
                                                 "%YAML 1.2\n",
                                                 "<<: ",
                                                 "true",
                                                 "-1",
                                                 "0",
                                                 "99999999999999999999",
                                                 "tcp/0",
                                                 "10.0.0.0/0",
                                                 "::/0",
                                                 "\xef\xbb\xbf",
                                                 "\xc3",
                                                 "not",
                                                 "default",
                                                 "cloud-metadata",
                                                 "builtin: internet",
                                                 "  "};
    const auto at = below(text.size());
    switch (below(7)) {
      case 0:
        text.erase(at, 1 + below(20));
        return;
      case 1:
        text.insert(at, pick(tokens));
        return;
      case 2:
        text.insert(at, piece());
        return;
      case 3:
        text.replace(at, 1 + below(10), pick(tokens));
        return;
      case 4:
        text[at] = static_cast<char>(below(256));
        return;
      case 5:
        text.insert(text.rfind('\n', at) == std::string::npos ? 0 : text.rfind('\n', at) + 1,
                    line());
        return;
      default:
        text.resize(at);
        return;
    }
  }

  std::vector<std::string> seeds_;
  std::mt19937 random_;
};

std::vector<std::string> seeds_of(const std::vector<std::string>& tables) {
  std::vector<std::string> seeds;
  for (const auto& table : tables) {
    for (const auto& document : test::documents(table)) seeds.push_back(document.text);
  }
  if (const auto example = test::reference_example()) seeds.push_back(*example);
  return seeds;
}

void expect_sound(const std::vector<Problem>& problems, bool errors) {
  EXPECT_EQ(
      std::ranges::any_of(problems, [](const auto& p) { return p.level == Problem::Level::Error; }),
      errors);
  for (const auto& problem : problems) EXPECT_FALSE(problem.message.empty());
}

void expect_resolved(const core::Selection& selection, const core::Scenario& scenario) {
  EXPECT_FALSE(selection.workloads.empty());
  for (const auto& name : selection.workloads) EXPECT_NE(scenario.workload(name), nullptr) << name;
}

/// What core/scenario.h promises of a scenario that was loaded.
void expect_sound(const core::Scenario& scenario) {
  std::set<std::string> ids;
  const auto expect_rule = [&](const auto& rule) {
    EXPECT_TRUE(!rule.id.empty() && ids.insert(rule.id).second) << rule.id;
    EXPECT_FALSE(rule.ports.empty());
    expect_resolved(rule.from, scenario);
    expect_resolved(rule.to, scenario);
  };
  for (const auto& flow : scenario.flows) expect_rule(flow);
  for (const auto& forbid : scenario.forbids) expect_rule(forbid);
  for (const auto& exception : scenario.exceptions) expect_rule(exception);
  for (const auto& workload : scenario.workloads) {
    EXPECT_TRUE(workload.name == "cloud-metadata" || scenario.segment(workload.segment) != nullptr);
  }
}

TEST(ScenarioMutants, AreAnsweredWithProblemsOrASoundScenario) {
  std::cout << "REACHPROOF_SEED=" << seed() << "\n";
  Mutator mutator(
      seeds_of({"valid", "valid", "valid", "valid", "valid", "valid", "valid", "invalid"}), seed());
  int loaded_count = 0;
  for (int i = 0; i < kMutants; ++i) {
    const auto yaml = mutator.next();
    SCOPED_TRACE(testing::Message() << "mutant " << i << ":\n" << yaml);
    const auto loaded = load_scenario(yaml, "mutant", test::today());
    expect_sound(loaded ? loaded->warnings : loaded.error(), !loaded);
    if (!loaded) continue;
    ++loaded_count;
    expect_sound(loaded->scenario);
  }
  EXPECT_GT(loaded_count, 100) << "the mutants are too damaged to show anything";
}

TEST(InventoryMutants, AreAnsweredWithProblemsOrASoundInventory) {
  std::cout << "REACHPROOF_SEED=" << seed() << "\n";
  const auto scenario = load_scenario_file(
      std::string(REACHPROOF_SOURCE_DIR) + "/tests/golden/scenarios/inventory/scenario.yaml",
      test::today());
  ASSERT_TRUE(scenario.has_value());
  Mutator mutator(seeds_of({"inventory/valid", "inventory/invalid"}), seed());
  for (int i = 0; i < kMutants; ++i) {
    const auto yaml = mutator.next();
    SCOPED_TRACE(testing::Message() << "mutant " << i << ":\n" << yaml);
    const auto loaded = load_inventory(yaml, "mutant", scenario->scenario);
    expect_sound(loaded ? loaded->warnings : loaded.error(), !loaded);
    if (!loaded) continue;
    for (const auto& endpoint : loaded->inventory.endpoints) {
      EXPECT_NE(scenario->scenario.workload(endpoint.workload), nullptr);
      EXPECT_FALSE(endpoint.addresses.empty());
    }
  }
}

}  // namespace
}  // namespace reachproof::scenarios
