#include <fstream>

#include "reports/csv.h"
#include "reports/junit.h"
#include "reports/navigator.h"
#include "reports/ocsf.h"
#include "reports/oscal.h"
#include "reports/report_json.h"
#include "reports/sarif.h"
#include "tests/integration/reports/reports_fixture.h"
#include "tests/support/stored_runs.h"

/// Every output against the schema that its readers hold it to.
namespace reachproof::testing {
namespace {

using reports::Sink;

class Formats : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(schema_folder())) {
      GTEST_SKIP() << schema_folder() << " is missing";
    }
    if (!is_installed("node") || !std::filesystem::exists(kTools / "node_modules/ajv")) {
      GTEST_SKIP() << "Node.js or tests/tools/node_modules is missing: tools/dev setup";
    }
  }

  /// Writes all formats of a run made in memory, as the verb names the files of a real one.
  void write_all(const evidence::StoredRun& run) {
    const auto report = reports::make_report({.run = &run, .software = "0.1.0"});
    write_file(folder_ / "oscal-ap", reports::oscal_plan(report));
    write_file(folder_ / "oscal-ar", reports::oscal_results(report));
    write_file(folder_ / "sarif", reports::sarif(report));
    write_file(folder_ / "navigator", reports::navigator_layer(report));
    write_file(folder_ / "junit", reports::junit(run));
    stream("json", [&](const Sink& sink) { reports::write_report_json(report, 1'000'000, sink); });
    stream("ocsf", [&](const Sink& sink) { reports::write_ocsf(report, sink); });
    stream("csv", [&](const Sink& sink) { reports::write_csv(report, sink); });
  }

  void stream(const std::string& name, const std::function<void(const Sink&)>& write) {
    std::ofstream file(folder_ / name, std::ios::binary);
    write([&](std::string_view piece) { file << piece; });
  }

  void validate(const std::filesystem::path& schema, std::vector<std::string> files) {
    std::vector<std::string> command{"node", (kTools / "validate.mjs").string(), schema.string()};
    command.insert(command.end(), files.begin(), files.end());
    const auto checked = Program(command, folder_.path()).wait(std::chrono::seconds(120));
    EXPECT_EQ(checked.exit, 0) << files[0] << ": " << checked.err.substr(0, 2000);
  }

  /// OCSF has a schema for each class: the lines are sorted by theirs.
  void validate_ocsf() {
    std::ifstream lines(folder_ / "ocsf");
    std::ofstream findings(folder_ / "ocsf-2003");
    std::ofstream tries(folder_ / "ocsf-4001");
    for (std::string line; std::getline(lines, line);) {
      const bool finding = line.find("\"class_uid\":2003") != std::string::npos;
      (finding ? findings : tries) << line << "\n";
    }
    findings.close();
    tries.close();
    const auto ocsf = schema_folder() / "ocsf";
    validate(ocsf / "ocsf-1.8.0-2003-compliance_finding.schema.json", {"--lines", "ocsf-2003"});
    validate(ocsf / "ocsf-1.8.0-4001-network_activity.schema.json", {"--lines", "ocsf-4001"});
  }

  void validate_all() {
    const auto oscal = schema_folder() / "oscal";
    validate(oscal / "oscal_assessment-plan_schema-1.1.3.json", {"oscal-ap"});
    validate(oscal / "oscal_assessment-results_schema-1.1.3.json", {"oscal-ar"});
    validate(schema_folder() / "sarif/sarif-schema-2.1.0.json", {"sarif"});
    validate(std::filesystem::path(REACHPROOF_SOURCE_DIR) / "reports/report.schema.json", {"json"});
    validate(kTools / "navigator-layer-4.5.schema.json", {"navigator"});
    validate_ocsf();
    const auto junit = schema_folder() / "junit/junit-10.xsd";
    const auto checked =
        Program({"xmllint", "--noout", "--schema", junit.string(), "junit"}, folder_.path()).wait();
    EXPECT_EQ(checked.exit, 0) << checked.err.substr(0, 2000);
  }

  std::size_t lines_in(const std::string& name) {
    const auto text = file_text(folder_ / name);
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  TemporaryFolder folder_;
};

TEST_F(Formats, OfTheHospitalFitTheirSchemasAndAreTheSameTwice) {
  SKIP_WITHOUT_NAMESPACES();
  const auto ran = hospital_run(folder_, 2);
  ASSERT_EQ(ran.exit, 3) << ran.err;
  for (const std::string format :
       {"oscal-ap", "oscal-ar", "ocsf", "junit", "sarif", "navigator", "csv", "json", "markdown"}) {
    const std::vector<std::string> arguments{"report",   "--baseline", "previous",
                                             "--format", format,       "-o"};
    for (const auto& file : {format, format + ".again"}) {
      auto whole = arguments;
      whole.push_back(file);
      const auto written = reachproof(folder_, whole);
      EXPECT_EQ(written.exit, 0) << format << ": " << written.err;
    }
    EXPECT_EQ(file_text(folder_ / format), file_text(folder_ / (format + ".again"))) << format;
  }
  validate_all();
  const auto results = file_text(folder_ / "oscal-ar");
  EXPECT_NE(results.find(R"("target-id":"sc-7.5_obj-1")"), std::string::npos);
  EXPECT_NE(results.find("CHG-88120"), std::string::npos);
  EXPECT_NE(file_text(folder_ / "sarif").find(R"("status":"accepted")"), std::string::npos);
}

TEST_F(Formats, OfAnEmptyRunFitTheirSchemas) {
  write_all(test::empty_run());
  validate(schema_folder() / "oscal/oscal_assessment-plan_schema-1.1.3.json", {"oscal-ap"});
  validate_all();
  EXPECT_EQ(lines_in("csv"), 1U);
}

TEST_F(Formats, OfTenThousandChecksFitTheirSchemas) {
  const auto run = test::made_run({.segments = 5, .workloads_each = 5, .ports = 16});
  ASSERT_EQ(run.checks.size(), 10'000U);
  write_all(run);
  validate_all();
  EXPECT_EQ(lines_in("csv"), 10'001U);
  EXPECT_EQ(lines_in("ocsf-2003"), 10'000U);
  EXPECT_EQ(lines_in("ocsf-4001"), 20'000U);
}

TEST_F(Formats, TheValidatorRefusesWhatDoesNotFit) {
  write_file(folder_ / "sarif", R"({"version":"2.1.0","runs":[{"tool":{}}]})");
  const auto checked =
      Program({"node", (kTools / "validate.mjs").string(),
               (schema_folder() / "sarif/sarif-schema-2.1.0.json").string(), "sarif"},
              folder_.path())
          .wait();
  EXPECT_EQ(checked.exit, 1) << checked.out;
}

TEST_F(Formats, WrongOptionsAreToldAndWriteNothing) {
  EXPECT_EQ(reachproof(folder_, {"report", "--format", "word"}).exit, 2);
  EXPECT_EQ(reachproof(folder_, {"report", "-e", "nothing.db"}).exit, 2);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "nothing.db"));
  const auto schema = reachproof(folder_, {"schema", "report"});
  EXPECT_EQ(schema.out,
            file_text(std::filesystem::path(REACHPROOF_SOURCE_DIR) / "reports/report.schema.json"));
}

}  // namespace
}  // namespace reachproof::testing
