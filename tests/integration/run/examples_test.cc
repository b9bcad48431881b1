#include <gtest/gtest.h>

#include <set>

#include "tests/support/lab_up.h"
#include "tests/support/run_result.h"

namespace reachproof::testing {
namespace {

const std::filesystem::path kExamples = std::filesystem::path(REACHPROOF_SOURCE_DIR) / "examples";

/// The lab of an example under a name of its own, so that tests do not meet each other's.
std::string lab_text(const std::string& example) {
  auto text = file_text(kExamples / example / "lab.yaml");
  const std::string line = "name: " + example + "\n";
  const auto at = text.find(line);
  if (at != std::string::npos) text.replace(at, line.size(), "name: LAB\n");
  return text;
}

std::set<std::string> departures(const std::map<std::string, CheckWords>& checks) {
  std::set<std::string> found;
  for (const auto& [id, words] : checks) {
    const bool as_intended =
        words.result == "pass" || words.result == "in-use" || words.result == "idle";
    if (!as_intended) found.insert(words.result + " " + words.reachability + " " + id);
  }
  return found;
}

TEST(Examples, HospitalFindsExactlyWhatIsPlanted) {
  SKIP_WITHOUT_NAMESPACES();
  const TemporaryFolder folder;
  const LabUp lab(folder, lab_text("hospital"));
  ASSERT_TRUE(lab.is_up()) << lab.why_not();
  const auto scenario = (kExamples / "hospital/scenario.yaml").string();
  const auto ran = reachproof(folder, {"--output", "json", "run", scenario, "-i", "inventory.yaml",
                                       "-q", "--at", "2026-11-30T02:00:00Z"});
  EXPECT_EQ(ran.exit, 3) << ran.err;
  const auto checks = checks_in(ran.out);
  EXPECT_GT(checks.size(), 400U);
  EXPECT_EQ(departures(checks),
            (std::set<std::string>{"violation open X01/warehouse/phi-db/tcp/5432",
                                   "violation latent X01/ehr-app/phi-db/tcp/3389",
                                   "violation one-way default/modalities/ehr-app/tcp/443",
                                   "broken blocked F04/fhir-api/secrets/tcp/8200",
                                   "unproven inconclusive X06/vendor-vpn/lab-system/tcp/22",
                                   "excepted open X03/vendor-vpn/ehr-app/tcp/443"}));
  for (const auto& [id, words] : checks) {
    if (words.result == "pass") {
      EXPECT_EQ(words.proof, "proved") << id;
    }
  }
  EXPECT_EQ(reachproof(folder, {"evidence", "verify"}).exit, 0);
}

TEST(Examples, LayersFindsWhatNoPortScanShows) {
  SKIP_WITHOUT_NAMESPACES();
  const TemporaryFolder folder;
  const LabUp lab(folder, lab_text("layers"));
  ASSERT_TRUE(lab.is_up()) << lab.why_not();
  const auto scenario = (kExamples / "layers/scenario.yaml").string();
  const auto ran =
      reachproof(folder, {"--output", "json", "run", scenario, "-i", "inventory.yaml", "-q"});
  EXPECT_EQ(ran.exit, 3) << ran.err;
  EXPECT_EQ(departures(checks_in(ran.out)),
            (std::set<std::string>{"violation open X1/ward/portal/tcp/8080/http GET /admin",
                                   "violation open X2/ward/names/udp/53/dns tunnel.example A",
                                   "unproven inconclusive X3/ward/portal/tcp/22/vnc"}));
}

TEST(Examples, QuickstartFindsItsOneMistakeAndTheDiffShowsItGoneOnceMended) {
  SKIP_WITHOUT_NAMESPACES();
  const TemporaryFolder folder;
  const auto scenario = (kExamples / "quickstart/scenario.yaml").string();
  auto text = lab_text("quickstart");
  {
    const LabUp lab(folder, text);
    ASSERT_TRUE(lab.is_up()) << lab.why_not();
    const auto ran = reachproof(folder, {"run", scenario, "-i", "inventory.yaml", "-q"});
    EXPECT_EQ(ran.exit, 3) << ran.err;
    EXPECT_NE(ran.out.find("1 violation, 0 broken, 0 unproven, of 6 checks."), std::string::npos);
  }
  const auto mistake = text.find("      - accept from office to database tcp/22");
  ASSERT_NE(mistake, std::string::npos);
  text.erase(mistake, text.find('\n', mistake) - mistake);
  const LabUp lab(folder, text);
  ASSERT_TRUE(lab.is_up()) << lab.why_not();
  const auto ran = reachproof(folder, {"run", scenario, "-i", "inventory.yaml", "-q"});
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  const auto diff = reachproof(folder, {"diff"});
  EXPECT_NE(diff.out.find("0 opened, 1 closed"), std::string::npos) << diff.out;
  EXPECT_NE(diff.out.find("X1/staff/database/tcp/22"), std::string::npos) << diff.out;
}

TEST(Examples, InitWritesAScenarioAndALabThatRun) {
  SKIP_WITHOUT_NAMESPACES();
  const TemporaryFolder folder;
  ASSERT_EQ(reachproof(folder, {"init", "first"}).exit, 0);
  EXPECT_EQ(reachproof(folder, {"validate", "first/scenario.yaml"}).exit, 0);
  const auto again = reachproof(folder, {"init", "first"});
  EXPECT_EQ(again.exit, 2);
  EXPECT_NE(again.err.find("is there already; nothing was written"), std::string::npos);
}

}  // namespace
}  // namespace reachproof::testing
