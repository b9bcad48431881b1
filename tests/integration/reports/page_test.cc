#include <fstream>

#include "reports/html.h"
#include "tests/integration/reports/reports_fixture.h"
#include "tests/support/stored_runs.h"

/// The report page in a real browser: Debian's Chromium, driven by playwright-core.
namespace reachproof::testing {
namespace {

std::string chromium() {
  for (const std::string path : {"/usr/bin/chromium", "/usr/bin/chromium-browser"}) {
    if (std::filesystem::exists(path)) return path;
  }
  return "";
}

class Page : public ::testing::Test {
 protected:
  void SetUp() override {
    if (chromium().empty()) GTEST_SKIP() << "Chromium is not installed: tools/dev setup";
    if (!is_installed("node") ||
        !std::filesystem::exists(kTools / "node_modules/playwright-core")) {
      GTEST_SKIP() << "Node.js or tests/tools/node_modules is missing: tools/dev setup";
    }
    if (page_text().empty()) GTEST_SKIP() << "the program was built without the report page";
  }

  static std::string page_text() { return file_text(REACHPROOF_PAGE); }

  void write_page(const evidence::StoredRun& run, const evidence::StoredRun* baseline = nullptr) {
    const auto report =
        reports::make_report({.run = &run, .baseline = baseline, .software = "0.1.0"});
    std::ofstream file(folder_ / "report.html", std::ios::binary);
    const auto written =
        reports::write_html(report, page_text(), [&](std::string_view piece) { file << piece; });
    ASSERT_TRUE(written.has_value()) << written.error().message;
  }

  void look_at_page(std::vector<std::string> wants) {
    std::vector<std::string> command{"node", (kTools / "page_test.mjs").string(), chromium(),
                                     (folder_ / "report.html").string()};
    command.insert(command.end(), wants.begin(), wants.end());
    const auto seen = Program(command, folder_.path()).wait(std::chrono::seconds(240));
    EXPECT_EQ(seen.exit, 0) << seen.err.substr(0, 4000);
    std::cout << seen.out;
  }

  TemporaryFolder folder_;
};

TEST_F(Page, OfTheHospitalOpensEveryScreenAndItsEvidenceVerifies) {
  SKIP_WITHOUT_NAMESPACES();
  const auto ran = hospital_run(folder_, 2);
  ASSERT_EQ(ran.exit, 3) << ran.err;
  const auto written =
      reachproof(folder_, {"report", "--baseline", "previous", "-o", "report.html"});
  ASSERT_EQ(written.exit, 0) << written.err;
  look_at_page({"evidence", "changes", "within=2000"});

  auto text = file_text(folder_ / "report.html");
  const auto at = text.find("run-started\\\"");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 11, "run-begun..");
  write_file(folder_ / "report.html", text);
  look_at_page({"tampered", "changes"});
}

TEST_F(Page, OfAnEmptyRunSaysThatNothingWasChecked) {
  write_page(test::empty_run());
  look_at_page({});
}

TEST_F(Page, OfTenThousandChecksIsDrawnInTwoSeconds) {
  const auto before = test::made_run({.segments = 5, .workloads_each = 5, .ports = 16});
  auto after =
      test::made_run({.segments = 5, .workloads_each = 5, .ports = 16, .violation_each = 101});
  after.header.run = "r-20261201-020000-0001";
  write_page(after, &before);
  look_at_page({"changes", "within=2000"});
}

TEST_F(Page, FiveHundredWorkloadsStayUsable) {
  write_page(test::made_run({.segments = 20, .workloads_each = 25, .ports = 1}));
  look_at_page({"large", "within=5000"});
}

TEST_F(Page, OfAMillionChecksOpensInFiveSeconds) {
  write_page(
      test::made_run({.segments = 10, .workloads_each = 10, .ports = 100, .violation_each = 997}));
  look_at_page({"large", "within=5000"});
}

TEST_F(Page, ItsVerifierHoldsAgainstThePublishedVectors) {
  if (!std::filesystem::exists(schema_folder())) GTEST_SKIP() << schema_folder() << " is missing";
  const auto held =
      Program({"node", (kTools / "proof_test.mjs").string(), schema_folder().string()},
              folder_.path())
          .wait();
  EXPECT_EQ(held.exit, 0) << held.err;
  std::cout << held.out;
}

TEST_F(Page, StandsInABundleThatIsTheSameTwice) {
  SKIP_WITHOUT_NAMESPACES();
  ASSERT_EQ(hospital_run(folder_).exit, 3);
  const auto exported = reachproof(folder_, {"evidence", "export", "-o", "a.tar.zst"});
  ASSERT_EQ(exported.exit, 0) << exported.err;
  const auto listed = Program({"tar", "tf", "a.tar.zst"}, folder_.path()).wait();
  for (const std::string file : {"report.html", "results.csv", "summary.md", "assessment-plan.json",
                                 "assessment-results.json"}) {
    EXPECT_NE(listed.out.find("/report/" + file + "\n"), std::string::npos) << listed.out;
  }
  const auto checked = reachproof(folder_, {"evidence", "verify", "a.tar.zst"});
  EXPECT_EQ(checked.exit, 0) << checked.out << checked.err;
  const auto unpack = [&](const std::string& archive) {
    return Program({"tar", "xOf", archive, "--wildcards", "*/MANIFEST.sha256"}, folder_.path())
        .wait()
        .out;
  };
  ASSERT_EQ(reachproof(folder_, {"evidence", "export", "-o", "b.tar.zst"}).exit, 0);
  // The first export may have kept the key that it made; what is reported stays as it was.
  const auto reports_in = [](const std::string& manifest) {
    std::istringstream lines(manifest);
    std::string found;
    for (std::string line; std::getline(lines, line);) {
      if (line.find("report/") != std::string::npos) found += line + "\n";
    }
    return found;
  };
  EXPECT_FALSE(reports_in(unpack("a.tar.zst")).empty());
  EXPECT_EQ(reports_in(unpack("a.tar.zst")), reports_in(unpack("b.tar.zst")));
}

TEST_F(Page, IsLightWithoutItsData) {
  write_file(folder_ / "page.html", page_text());
  const auto packed = Program({"bash", "-c", "gzip -9c page.html | wc -c"}, folder_.path()).wait();
  EXPECT_LT(std::stoi(packed.out), 150'000);
}

TEST_F(Page, IsPrintedToAPdf) {
  SKIP_WITHOUT_NAMESPACES();
  ASSERT_EQ(hospital_run(folder_).exit, 3);
  const auto printed = reachproof(folder_, {"report", "--pdf", "report.pdf"});
  ASSERT_EQ(printed.exit, 0) << printed.err;
  EXPECT_TRUE(file_text(folder_ / "report.pdf").starts_with("%PDF-"));
  EXPECT_GT(std::filesystem::file_size(folder_ / "report.pdf"), 50'000U);
}

}  // namespace
}  // namespace reachproof::testing
