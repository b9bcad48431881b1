#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>

#include "reports/csv.h"
#include "reports/html.h"
#include "reports/markdown.h"
#include "reports/ocsf.h"
#include "reports/oscal.h"
#include "reports/report_json.h"
#include "reports/sarif.h"
#include "reports/uuid.h"
#include "tests/support/stored_runs.h"

namespace reachproof::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

std::string gathered(const std::function<void(const Sink&)>& write) {
  std::string out;
  write([&](std::string_view piece) { out += piece; });
  return out;
}

evidence::StoredRun run_of_one(core::Check check, core::CheckResult result) {
  auto run = test::empty_run();
  run.checks.push_back(test::stored_check(std::move(check), result, run.header.started, 3));
  return run;
}

core::Check check_named(const std::string& source) {
  core::Check check;
  check.id = "X1/a/b/tcp/22";
  check.rule = "X1";
  check.source = source;
  check.destination = "b";
  check.port = {core::Protocol::Tcp, 22};
  return check;
}

TEST(Csv, NoCellIsAFormulaAndQuotesAreDoubled) {
  auto run = run_of_one(check_named("=cmd|' /C calc'!A0"), core::CheckResult::Violation);
  run.checks[0].check.destination = "a \"b\", c";
  run.checks[0].check.rule = "-1+1";
  const auto report = make_report({.run = &run});
  const auto csv = gathered([&](const Sink& sink) { write_csv(report, sink); });
  EXPECT_THAT(csv, HasSubstr(",'=cmd|' /C calc'!A0,"));
  EXPECT_THAT(csv, HasSubstr("\"a \"\"b\"\", c\""));
  EXPECT_THAT(csv, HasSubstr(",'-1+1,"));
  const auto second = csv.substr(csv.find("\r\n") + 2);
  EXPECT_TRUE(second.ends_with("\r\n"));
  EXPECT_EQ(std::ranges::count(second, '\n'), 1);
}

TEST(Csv, AFormulaBehindALineBreakIsGuardedToo) {
  auto run = run_of_one(check_named("\t=1"), core::CheckResult::Pass);
  const auto report = make_report({.run = &run});
  EXPECT_THAT(gathered([&](const Sink& sink) { write_csv(report, sink); }), HasSubstr("'\t=1"));
}

TEST(Uuid, IsOfVersion5AndTheSameForTheSameThing) {
  const auto uuid = uuid_of("check", "X1/a/b/tcp/22");
  EXPECT_THAT(uuid,
              MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_EQ(uuid, uuid_of("check", "X1/a/b/tcp/22"));
  EXPECT_NE(uuid, uuid_of("rule", "X1/a/b/tcp/22"));
  // uuidgen --sha1 --namespace @url --name urn:reachproof:check:X1/a/b/tcp/22
  EXPECT_EQ(uuid, "1eda5f6a-fb74-52a6-9295-639d68e0d2b6");
}

TEST(Writers, WriteTheSameBytesTwice) {
  const auto run = test::made_run({.segments = 3, .workloads_each = 2, .ports = 5});
  const auto whole = [&] {
    const auto report = make_report({.run = &run});
    return oscal_plan(report) + oscal_results(report) + sarif(report) + markdown(report) +
           gathered([&](const Sink& sink) {
             write_ocsf(report, sink);
             write_csv(report, sink);
             write_report_json(report, 1000, sink);
           });
  };
  EXPECT_EQ(whole(), whole());
}

TEST(Oscal, AControlWithAnythingUnprovenIsNotSatisfied) {
  auto check = check_named("a");
  check.controls = {"nist-sc-7-5"};
  core::Scenario scenario;
  scenario.controls = {{"nist-sc-7-5", "NIST SP 800-53 r5", "SC-7(5)", "Deny by Default"}};
  for (const auto result : {core::CheckResult::Unproven, core::CheckResult::Excepted,
                            core::CheckResult::Violation, core::CheckResult::Pass}) {
    const auto run = run_of_one(check, result);
    const auto text = oscal_results(make_report({.run = &run, .scenario = &scenario}));
    const bool passed = result == core::CheckResult::Pass;
    EXPECT_THAT(text, HasSubstr(passed ? R"("state":"satisfied")" : R"("state":"not-satisfied")"));
    EXPECT_THAT(text, HasSubstr(R"("target-id":"sc-7.5_obj-1")"));
    EXPECT_THAT(text, HasSubstr("support evidence for SC-7(5)"));
    EXPECT_THAT(text, Not(HasSubstr("complies")));
  }
}

TEST(Oscal, PassesOfAVeryLargeRunAreCountedWithTheirRecords) {
  const auto run = test::made_run({.segments = 2, .workloads_each = 8, .ports = 100});
  ASSERT_GT(run.checks.size(), kOscalChecksMax);
  const auto report = make_report({.run = &run});
  const auto value = boost::json::parse(oscal_results(report));
  const auto& result = value.at("assessment-results").at("results").at(0);
  EXPECT_LT(result.at("observations").as_array().size(), report.departures.size() + 20);
  EXPECT_THAT(boost::json::serialize(result),
              HasSubstr("their verdicts stand in evidence records"));
}

TEST(Sarif, PointsAtTheRuleOfTheScenarioInItsRepository) {
  auto run = run_of_one(check_named("a"), core::CheckResult::Violation);
  run.checks[0].check.mark.line = 118;
  run.header.scenario_file = "/home/me/scenarios/hospital.yaml";
  const auto value = boost::json::parse(sarif(make_report({.run = &run})));
  const auto& place = value.at("runs").at(0).at("results").at(0).at("locations").at(0);
  EXPECT_EQ(place.at("physicalLocation").at("artifactLocation").at("uri"), "hospital.yaml");
  EXPECT_EQ(place.at("physicalLocation").at("region").at("startLine"), 118);
}

TEST(Markdown, TextFromOutsideStaysText) {
  auto run = run_of_one(check_named("a`|b"), core::CheckResult::Violation);
  run.gaps.push_back({"X2", "<img src=x> @everyone [a](http://b)"});
  const auto text = markdown(make_report({.run = &run}));
  EXPECT_THAT(text, Not(HasSubstr("<img")));
  EXPECT_THAT(text, Not(HasSubstr("@everyone")));
  EXPECT_THAT(text, Not(HasSubstr("[a](")));
  EXPECT_THAT(text, HasSubstr("a'/b"));
}

TEST(Html, NoDataEndsItsElement) {
  const auto run =
      run_of_one(check_named("</script><!--<script>alert(1)"), core::CheckResult::Pass);
  const auto report = make_report({.run = &run});
  const std::string page = "<a><script type=\"application/json\" id=\"report-data\"></script></a>";
  std::string out;
  const auto written = write_html(report, page, [&](std::string_view piece) { out += piece; });
  ASSERT_TRUE(written.has_value()) << written.error().message;
  const auto begin = out.find("report-data\">") + 13;
  const auto data = out.substr(begin, out.find("</script></a>") - begin);
  EXPECT_EQ(data.find('<'), std::string::npos);
  const auto value = boost::json::parse(data);
  EXPECT_EQ(value.at("checks").at(0).at("source"), "</script><!--<script>alert(1)");
}

TEST(Html, WithoutAPageItSaysWhatIsMissing) {
  const auto run = test::empty_run();
  const auto written = write_html(make_report({.run = &run}), "", [](std::string_view) {});
  ASSERT_FALSE(written.has_value());
  EXPECT_THAT(written.error().message, HasSubstr("Node.js"));
}

TEST(ReportJson, PastTheLimitChecksAreCountedAndDeparturesStay) {
  const auto run = test::made_run({.segments = 3, .workloads_each = 2, .ports = 20});
  const auto report = make_report({.run = &run});
  const auto value =
      boost::json::parse(gathered([&](const Sink& sink) { write_report_json(report, 100, sink); }));
  EXPECT_TRUE(value.at("checks").as_array().empty());
  EXPECT_EQ(value.at("checks_left_out"), run.checks.size());
  EXPECT_EQ(value.at("departures").as_array().size(), report.departures.size());
  EXPECT_EQ(value.at("workload_cells").as_array().size(), 36U);
}

}  // namespace
}  // namespace reachproof::reports
