// The list of counter-tests in README.md names tests that exist.
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/support/program.h"

namespace reachproof::testing {
namespace {

constexpr int kRules = 42;

const std::filesystem::path kTests = std::filesystem::path(REACHPROOF_SOURCE_DIR) / "tests";

/// "Suite.Name" of every test in the sources, a template of parameters counting once.
std::set<std::string> tests_in_the_sources() {
  std::set<std::string> names;
  const std::regex declared(R"(\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\))");
  for (const auto& file : std::filesystem::recursive_directory_iterator(kTests)) {
    if (file.path().extension() != ".cc") continue;
    const auto text = file_text(file.path());
    for (std::sregex_iterator it(text.begin(), text.end(), declared), end; it != end; ++it) {
      names.insert((*it)[1].str() + "." + (*it)[2].str());
    }
  }
  return names;
}

struct Rule {
  std::vector<std::string> tests;
  bool says_what_is_missing = false;
};

/// What README.md says of each rule.
std::map<int, Rule> listed() {
  std::map<int, Rule> rules;
  std::istringstream lines(file_text(kTests / "integration/verdict_lab/README.md"));
  const std::regex row(R"(^\| (\d+) \|.*\|([^|]*)\|$)");
  const std::regex name(R"(`(\w+\.\w+)`)");
  std::string line;
  while (std::getline(lines, line)) {
    std::smatch found;
    if (!std::regex_match(line, found, row)) continue;
    auto& rule = rules[std::stoi(found[1])];
    rule.says_what_is_missing = found[2].str().size() > 2;
    for (std::sregex_iterator it(line.begin(), line.end(), name), end; it != end; ++it) {
      rule.tests.push_back((*it)[1]);
    }
  }
  return rules;
}

TEST(CounterTests, OfTheListAllExist) {
  const auto known = tests_in_the_sources();
  ASSERT_TRUE(known.contains("CounterTests.OfTheListAllExist"));
  const auto rules = listed();
  ASSERT_EQ(rules.size(), std::size_t{kRules});
  for (int rule = 1; rule <= kRules; ++rule) {
    ASSERT_TRUE(rules.contains(rule)) << rule;
    const auto& [tests, says_what_is_missing] = rules.at(rule);
    EXPECT_TRUE(!tests.empty() || says_what_is_missing)
        << "rule " << rule << " has no test, and the list does not say why";
    for (const auto& test : tests) {
      EXPECT_TRUE(known.contains(test)) << "rule " << rule << ": " << test << " does not exist";
    }
  }
}

}  // namespace
}  // namespace reachproof::testing
