// Nothing is sent that the scenario does not name: both routers of the hospital are watched during
// a whole run, and every packet that passes must belong to a flow of the plan.
#include <gmock/gmock.h>

#include "tests/support/lab_up.h"

namespace reachproof::testing {
namespace {

TEST(Strays, OfAWholeHospitalRunThereAreNone) {
  SKIP_WITHOUT_NAMESPACES();
  if (system("python3 -c 'import yaml' 2>/dev/null") != 0) {
    GTEST_SKIP() << "python3-yaml is not installed (`tools/dev setup`)";
  }
  const auto source = std::filesystem::path(REACHPROOF_SOURCE_DIR);
  const auto script = (source / "tests/integration/run/strays.py").string();
  const TemporaryFolder folder;
  auto text = file_text(source / "examples/hospital/lab.yaml");
  text.replace(text.find("name: hospital\n"), 15, "name: LAB\n");
  const LabUp lab(folder, text);
  ASSERT_TRUE(lab.is_up()) << lab.why_not();
  std::vector<std::string> compare{"python3", script, "compare", (folder / "plan.json").string(),
                                   (folder / "inventory.yaml").string()};
  std::vector<std::unique_ptr<Program>> watchers;
  for (const auto* router : {"campus-fw", "cloud-fw"}) {
    const auto packets = folder / (std::string(router) + ".packets");
    std::filesystem::create_directories(folder / router);
    watchers.push_back(std::make_unique<Program>(
        std::vector<std::string>{binary("reachproof"), "lab", "exec",
                                 (folder / "lab.yaml").string(), router, "--", "python3", script,
                                 "capture", packets.string()},
        folder / router));
    for (int i = 0; i < 100 && file_text(packets).empty(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    ASSERT_FALSE(file_text(packets).empty()) << file_text(folder / router / "program.err");
    compare.push_back(packets.string());
  }
  const auto scenario = (source / "examples/hospital/scenario.yaml").string();
  const std::vector<std::string> at{"-i", "inventory.yaml", "--at", "2026-11-30T02:00:00Z"};
  std::vector<std::string> plan{"--output", "json", "plan", scenario};
  plan.insert(plan.end(), at.begin(), at.end());
  write_file(folder / "plan.json", reachproof(folder, plan).out);
  std::vector<std::string> run{"run", scenario, "-q"};
  run.insert(run.end(), at.begin(), at.end());
  EXPECT_EQ(reachproof(folder, run).exit, 3);
  for (auto& watcher : watchers) {
    watcher->signal(SIGTERM);
    watcher->wait(std::chrono::seconds(5));
  }
  std::filesystem::create_directories(folder / "compare");
  const auto told = Program(compare, folder / "compare").wait();
  EXPECT_THAT(told.out, ::testing::HasSubstr("strays 0\n")) << told.err;
  EXPECT_THAT(told.out, ::testing::Not(::testing::HasSubstr("planned 0 ")));
  RecordProperty("packets", told.out);
}

}  // namespace
}  // namespace reachproof::testing
