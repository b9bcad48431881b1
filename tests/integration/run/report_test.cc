// A run in the formats that others read, each held against its official schema.
#include <gmock/gmock.h>

#include <sstream>

#include "tests/support/lab_up.h"

namespace reachproof::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::filesystem::path kSource = REACHPROOF_SOURCE_DIR;

std::filesystem::path schemas() {
  const char* told = std::getenv("REACHPROOF_SHARED");
  return std::filesystem::path(told != nullptr ? told : REACHPROOF_SHARED_DEFAULT) / "schemas";
}

/// One run of the quickstart, which has a violation in it.
class Reports : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!namespaces_are_possible()) return;
    folder_ = std::make_unique<TemporaryFolder>();
    auto text = file_text(kSource / "examples/quickstart/lab.yaml");
    text.replace(text.find("name: quickstart\n"), 17, "name: LAB\n");
    const LabUp lab(*folder_, text);
    if (!lab.is_up()) return;
    write_file(*folder_ / "scenario.yaml",
               file_text(kSource / "examples/quickstart/scenario.yaml"));
    ran_ = reachproof(*folder_, {"run", "scenario.yaml", "-q"}).exit;
  }
  static void TearDownTestSuite() { folder_.reset(); }
  void SetUp() override {
    SKIP_WITHOUT_NAMESPACES();
    ASSERT_EQ(ran_, 3);
  }

  static std::string report(const std::string& format) {
    const auto told = reachproof(*folder_, {"report", "--format", format, "-o", "r." + format});
    EXPECT_EQ(told.exit, 0) << told.err;
    const auto text = file_text(*folder_ / ("r." + format));
    EXPECT_FALSE(text.empty());
    EXPECT_EQ(reachproof(*folder_, {"report", "--format", format}).out, text) << "the same again";
    return text;
  }
  /// ajv, where npm has installed it.
  static void expect_valid(const std::filesystem::path& schema, const std::string& file,
                           bool lines = false) {
    if (!std::filesystem::exists(kSource / "tests/tools/node_modules/ajv")) {
      GTEST_SKIP() << "ajv is not installed (`tools/dev setup`)";
    }
    if (!std::filesystem::exists(schema)) GTEST_SKIP() << schema << " is missing";
    std::vector<std::string> command{"node", (kSource / "tests/tools/validate.mjs").string(),
                                     schema.string(), (*folder_ / file).string()};
    if (lines) command.push_back("--lines");
    const auto valid = Program(command, folder_->path()).wait(std::chrono::seconds(60));
    EXPECT_EQ(valid.exit, 0) << valid.out << valid.err;
  }

  static inline std::unique_ptr<TemporaryFolder> folder_;
  static inline int ran_ = -1;
};

TEST_F(Reports, OscalResultsAndPlan) {
  EXPECT_THAT(report("oscal-ar"), HasSubstr("\"risks\""));
  expect_valid(schemas() / "oscal/oscal_assessment-results_schema-1.1.3.json", "r.oscal-ar");
  report("oscal-ap");
  expect_valid(schemas() / "oscal/oscal_assessment-plan_schema-1.1.3.json", "r.oscal-ap");
}

TEST_F(Reports, Sarif) {
  EXPECT_THAT(report("sarif"), HasSubstr("scenario.yaml"));
  expect_valid(schemas() / "sarif/sarif-schema-2.1.0.json", "r.sarif");
}

TEST_F(Reports, OcsfLines) {
  std::istringstream lines(report("ocsf"));
  std::string findings;
  std::string activities;
  for (std::string line; std::getline(lines, line);) {
    const bool finding = line.find("\"class_uid\":2003") != std::string::npos;
    (finding ? findings : activities) += line + "\n";
  }
  ASSERT_FALSE(findings.empty());
  ASSERT_FALSE(activities.empty());
  write_file(*folder_ / "findings", findings);
  write_file(*folder_ / "activities", activities);
  const auto ocsf = schemas() / "ocsf";
  expect_valid(ocsf / "ocsf-1.8.0-2003-compliance_finding.schema.json", "findings", true);
  expect_valid(ocsf / "ocsf-1.8.0-4001-network_activity.schema.json", "activities", true);
}

TEST_F(Reports, JUnit) {
  report("junit");
  const auto schema = schemas() / "junit/junit-10.xsd";
  if (!std::filesystem::exists(schema) || !std::filesystem::exists("/usr/bin/xmllint")) {
    GTEST_SKIP() << "xmllint or the schema is missing";
  }
  const auto valid =
      Program({"xmllint", "--noout", "--schema", schema.string(), "r.junit"}, folder_->path())
          .wait();
  EXPECT_EQ(valid.exit, 0) << valid.err;
}

TEST_F(Reports, JsonByOurOwnSchema) {
  EXPECT_THAT(report("json"), HasSubstr("\"violation\""));
  write_file(*folder_ / "schema.json", reachproof(*folder_, {"schema", "report"}).out);
  expect_valid(*folder_ / "schema.json", "r.json");
}

TEST_F(Reports, MarkdownSaysFirstWhatWasFoundAndThenWhatWasNotTested) {
  const auto text = report("markdown");
  EXPECT_LT(text.find("violation"), text.find("Not tested"));
  EXPECT_THAT(text, Not(HasSubstr("complies")));
}

TEST_F(Reports, CsvHasALineForEachCheck) {
  const auto text = report("csv");
  EXPECT_THAT(text, ::testing::StartsWith("run,check,"));
  EXPECT_GT(std::ranges::count(text, '\n'), 5);
  EXPECT_THAT(text, HasSubstr(",violation,"));
}

TEST_F(Reports, NavigatorLayer) {
  EXPECT_THAT(report("navigator"), HasSubstr("\"domain\":\"enterprise-attack\""));
}

TEST_F(Reports, ARunThatIsNotThereIsAnErrorAndNoFile) {
  const auto told = reachproof(*folder_, {"report", "--run", "r-none", "-o", "none.md"});
  EXPECT_EQ(told.exit, 2);
  EXPECT_FALSE(std::filesystem::exists(*folder_ / "none.md"));
  EXPECT_EQ(reachproof(*folder_, {"report", "-o", "missing/there.md"}).exit, 1);
}

}  // namespace
}  // namespace reachproof::testing
