// docs/verdicts.md is the judge's own table. REACHPROOF_UPDATE_GOLDEN=1 writes it again.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/judge.h"

namespace reachproof::core {
namespace {

TEST(VerdictsPage, IsTheTableThatTheJudgeWalks) {
  const auto path = std::string(REACHPROOF_SOURCE_DIR) + "/docs/verdicts.md";
  const char* update = std::getenv("REACHPROOF_UPDATE_GOLDEN");
  if (update != nullptr && std::string_view(update) == "1") {
    std::ofstream(path, std::ios::binary) << verdict_table_markdown();
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream page;
  page << file.rdbuf();
  EXPECT_EQ(page.str(), verdict_table_markdown())
      << "run this test with REACHPROOF_UPDATE_GOLDEN=1, and look at what changed";
}

}  // namespace
}  // namespace reachproof::core
