// The JSON Schemas and the loader judge the same documents alike.
//
// Needs Debian's python3-jsonschema and python3-yaml; skips where they are missing.
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "scenarios/load.h"
#include "tests/support/scenario_documents.h"

namespace reachproof::scenarios {
namespace {

constexpr const char* kPython = "/usr/bin/python3";

struct Question {
  std::string schema;
  std::string path;
};

bool jsonschema_is_there() {
  const std::string command = std::string(kPython) + " -c 'import jsonschema, yaml' 2>/dev/null";
  return std::system(command.c_str()) == 0;
}

std::string source(const std::string& path) {
  return std::string(REACHPROOF_SOURCE_DIR) + "/" + path;
}

/// The schemas' answers, in one process for all questions.
std::vector<std::string> ask_schemas(const std::vector<Question>& questions) {
  const auto list = std::filesystem::temp_directory_path() /
                    ("reachproof-schema-questions-" + std::to_string(::getpid()));
  {
    std::ofstream file(list);
    for (const auto& [schema, path] : questions) {
      file << source("scenarios/" + schema + ".schema.json") << "\t" << path << "\n";
    }
  }
  const auto command = std::string(kPython) + " '" +
                       source("tests/unit/scenarios/judge_by_schema.py") + "' < '" + list.string() +
                       "'";
  std::vector<std::string> answers;
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 4096> line{};
  while (pipe != nullptr && std::fgets(line.data(), line.size(), pipe) != nullptr) {
    answers.emplace_back(line.data());
  }
  EXPECT_NE(pipe, nullptr);
  if (pipe == nullptr) return answers;
  EXPECT_EQ(pclose(pipe), 0);
  std::filesystem::remove(list);
  return answers;
}

void expect_agreement(const std::string& schema, const std::string& folder) {
  const auto wrong = test::documents(folder + "invalid");
  const auto right = test::documents(folder + "valid");
  std::vector<Question> questions;
  for (const auto& document : wrong) questions.push_back({schema, document.path});
  for (const auto& document : right) questions.push_back({schema, document.path});
  const auto answers = ask_schemas(questions);
  ASSERT_EQ(answers.size(), questions.size());
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    // What only the loader can know (names, overlaps, dates) the schema must let pass.
    EXPECT_EQ(answers[i].starts_with("valid"), wrong[i].loader_only)
        << wrong[i].path << ": " << answers[i];
  }
  for (std::size_t i = wrong.size(); i < answers.size(); ++i) {
    EXPECT_TRUE(answers[i].starts_with("valid")) << questions[i].path << ": " << answers[i];
  }
}

TEST(ScenarioSchema, AgreesWithTheLoaderOnEveryDocumentOfTheTable) {
  if (!jsonschema_is_there()) GTEST_SKIP() << "python3-jsonschema or python3-yaml is not installed";
  expect_agreement("scenario", "");
}

TEST(InventorySchema, AgreesWithTheLoaderOnEveryDocumentOfTheTable) {
  if (!jsonschema_is_there()) GTEST_SKIP() << "python3-jsonschema or python3-yaml is not installed";
  expect_agreement("inventory", "inventory/");
}

TEST(ScenarioSchema, AcceptsTheReferenceExample) {
  if (!jsonschema_is_there()) GTEST_SKIP() << "python3-jsonschema or python3-yaml is not installed";
  const auto example = test::reference_example();
  if (!example) GTEST_SKIP() << "the shared data (REACHPROOF_SHARED) is not there";
  const auto path = std::filesystem::temp_directory_path() /
                    ("reachproof-example-" + std::to_string(::getpid()) + ".yaml");
  std::ofstream(path) << *example;
  EXPECT_THAT(ask_schemas({{"scenario", path.string()}}), testing::ElementsAre("valid\n"));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace reachproof::scenarios
