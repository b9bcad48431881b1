#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/support/lab_up.h"
#include "tests/support/run_result.h"

namespace reachproof::testing {
namespace {

const std::filesystem::path kHere =
    std::filesystem::path(REACHPROOF_SOURCE_DIR) / "tests/integration/run";

struct Expected {
  std::string check;
  CheckWords words;
};

std::vector<Expected> expected_cells() {
  std::vector<Expected> cells;
  std::istringstream lines(file_text(kHere / "verdicts.expected.txt"));
  std::string line;
  while (std::getline(lines, line)) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    Expected cell;
    words >> cell.check >> cell.words.reachability >> cell.words.proof >> cell.words.reason >>
        cell.words.result;
    cells.push_back(cell);
  }
  return cells;
}

TEST(Verdicts, EveryKindOfEnforcementIsJudgedAsItsProofAllows) {
  SKIP_WITHOUT_NAMESPACES();
  const TemporaryFolder folder;
  const LabUp lab(folder, file_text(kHere / "verdicts.lab.yaml"));
  ASSERT_TRUE(lab.is_up()) << lab.why_not();
  write_file(folder / "scenario.yaml", file_text(kHere / "verdicts.scenario.yaml"));
  const auto ran = reachproof(folder, {"--output", "json", "run", "-q"});
  ASSERT_EQ(ran.exit, 3) << ran.err;
  const auto checks = checks_in(ran.out);
  const auto cells = expected_cells();
  ASSERT_EQ(cells.size(), 48U);
  for (const auto& cell : cells) {
    SCOPED_TRACE(cell.check);
    ASSERT_TRUE(checks.contains(cell.check));
    const auto& seen = checks.at(cell.check);
    EXPECT_EQ(seen.reachability, cell.words.reachability) << seen.detail;
    EXPECT_EQ(seen.proof, cell.words.proof) << seen.detail;
    EXPECT_EQ(seen.reason, cell.words.reason) << seen.detail;
    EXPECT_EQ(seen.result, cell.words.result) << seen.detail;
  }
  // One success outweighs the failures, and the ratio is kept.
  EXPECT_LT(checks.at("XW/client/web/udp/1008").connected,
            checks.at("XW/client/web/udp/1008").attempts);
}

TEST(Verdicts, WithProvedDemandedACorroboratedBlockIsUnproven) {
  SKIP_WITHOUT_NAMESPACES();
  const TemporaryFolder folder;
  const LabUp lab(folder, file_text(kHere / "verdicts.lab.yaml"));
  ASSERT_TRUE(lab.is_up()) << lab.why_not();
  write_file(folder / "scenario.yaml", file_text(kHere / "verdicts.scenario.yaml"));
  const auto ran = reachproof(
      folder, {"--output", "json", "run", "-q", "--only", "XB/", "--require-proof", "proved"});
  const auto checks = checks_in(ran.out);
  EXPECT_EQ(checks.at("XB/client/blind/tcp/3001").result, "unproven");
  // A weak proof may not excuse anything, but it may accuse.
  EXPECT_EQ(checks.at("XB/client/blind/tcp/3000").result, "violation");
}

}  // namespace
}  // namespace reachproof::testing
