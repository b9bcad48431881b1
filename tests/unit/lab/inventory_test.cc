#include <gmock/gmock.h>

#include "lab/lab.h"
#include "scenarios/load.h"
#include "tests/unit/lab/lab_text.h"

namespace reachproof::lab {
namespace {

using testing::HasSubstr;
using testing::Not;

Lab small() {
  return lab_of(
      "version: 1\nname: x\nsegments: { net: 10.1.0.0/24 }\nhosts:\n"
      "  db: { segment: net, workload: phi-db, hostname: db.example, listeners: { tcp/5432: "
      "accept, "
      "tcp/22: closed } }\n"
      "  scanner: { segment: net, workload: scanner, probe: false }\n"
      "  extra: { segment: net }\n");
}

TEST(LabInventory, SaysWhereEachWorkloadRunsAndHowAProbeGetsThere) {
  const auto text = inventory_text(small(), {}, true);
  EXPECT_THAT(text,
              HasSubstr("workload: \"phi-db\"\n    name: \"db\"\n    addresses: [\"10.1.0.10\"]\n"
                        "    hostname: \"db.example\"\n    listens: [\"tcp/5432\"]\n"
                        "    keep-closed: [\"tcp/22\"]\n"
                        "    probe: { launch: { netns: \"x.db\" } }\n"));
}

TEST(LabInventory, LeavesOutHostsWithoutWorkloadAndProbesThatAreNotWanted) {
  const auto text = inventory_text(small(), {}, true);
  EXPECT_THAT(text, Not(HasSubstr("extra")));
  EXPECT_THAT(text, Not(HasSubstr("x.scanner")));
}

TEST(LabInventory, IsReadByTheScenarioLoader) {
  core::Scenario scenario;
  scenario.workloads.push_back({.name = "phi-db"});
  scenario.workloads.push_back({.name = "scanner"});
  for (const bool privileged : {true, false}) {
    const auto loaded = scenarios::load_inventory(inventory_text(small(), {}, privileged),
                                                  "inventory.yaml", scenario);
    EXPECT_TRUE(loaded) << text(loaded.error());
  }
}

TEST(LabInventory, WithoutRootGoesThroughLabExec) {
  const auto text =
      inventory_text(small(), {.reachproof = "/bin/rp", .probe = "/bin/probe"}, false);
  EXPECT_THAT(text, HasSubstr("launch: { command: [\"/bin/rp\", \"lab\", \"exec\", "));
  EXPECT_THAT(text, HasSubstr("\"db\", \"--\", \"/bin/probe\", \"--stdio\"]"));
}

}  // namespace
}  // namespace reachproof::lab
