#include <gmock/gmock.h>

#include "scenarios/load.h"
#include "tests/support/scenario_text.h"

namespace reachproof::scenarios {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

LoadedInventory shop_inventory(const std::string& endpoints) {
  auto loaded =
      load_inventory("version: 1\nendpoints:\n" + endpoints, "inventory.yaml", test::shop_with(""));
  EXPECT_TRUE(loaded.has_value()) << (loaded ? "" : test::messages(loaded.error()));
  return loaded ? std::move(*loaded) : LoadedInventory{};
}

TEST(LoadInventory, FindsTheWorkloadByAnyAddressOrByAttributes) {
  const auto loaded = shop_inventory(
      "  - { name: web-1, addresses: [192.0.2.1, 10.1.0.7] }\n"
      "  - { name: db-1, addresses: [192.0.2.2], aws: { account: 1, tags: { App: db, Team: x } } "
      "}\n");
  EXPECT_EQ(loaded.inventory.endpoints[0].workload, "web");
  EXPECT_EQ(loaded.inventory.endpoints[1].workload, "db");
  EXPECT_EQ(loaded.inventory.endpoints[1].attributes.at("aws.account"), "1");
}

TEST(LoadInventory, ReadsHowAProbeGetsThere) {
  const auto loaded = shop_inventory(
      "  - { workload: web, name: a, addresses: [192.0.2.1], probe: { launch: { local: true } } }\n"
      "  - { workload: web, name: b, addresses: [192.0.2.2], probe: { launch: { netns: b } } }\n"
      "  - { workload: web, name: c, addresses: [192.0.2.3], "
      "probe: { launch: { command: [ssh, c, reachproof-probe] } } }\n"
      "  - { workload: web, name: d, addresses: [192.0.2.4] }\n");
  const auto& endpoints = loaded.inventory.endpoints;
  EXPECT_EQ(endpoints[0].launch.kind, core::Launch::Kind::Local);
  EXPECT_EQ(endpoints[1].launch.kind, core::Launch::Kind::Netns);
  EXPECT_EQ(endpoints[1].launch.netns, "b");
  EXPECT_EQ(endpoints[2].launch.kind, core::Launch::Kind::Command);
  EXPECT_THAT(endpoints[2].launch.command, ElementsAre("ssh", "c", "reachproof-probe"));
  EXPECT_EQ(endpoints[3].launch.kind, core::Launch::Kind::None);
}

TEST(LoadInventory, WarnsOfWorkloadsWithoutAnEndpoint) {
  const auto loaded = shop_inventory("  - { workload: web, name: a, addresses: [192.0.2.1] }\n");
  EXPECT_THAT(test::messages(loaded.warnings), HasSubstr("workload api has no endpoint"));
  EXPECT_THAT(test::messages(loaded.warnings), HasSubstr("workload db has no endpoint"));
}

TEST(LoadInventory, WarnsWhenTheNamedWorkloadIsNotTheOneThatMatches) {
  const auto loaded = shop_inventory("  - { workload: api, name: a, addresses: [10.1.0.1] }\n");
  EXPECT_EQ(loaded.inventory.endpoints[0].workload, "api");
  EXPECT_THAT(test::messages(loaded.warnings),
              HasSubstr("endpoint a is said to be api, but fits a match of web"));
}

TEST(LoadInventory, AFileThatCannotBeReadIsOneProblem) {
  const auto loaded = load_inventory_file("/nonexistent/inventory.yaml", core::Scenario{});
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().size(), 1U);
}

}  // namespace
}  // namespace reachproof::scenarios
