// Other ways to an endpoint: a service address and a node port, both translated by the router.
#include <gmock/gmock.h>

#include "tests/support/lab_up.h"
#include "tests/support/run_result.h"

namespace reachproof::testing {
namespace {

using ::testing::HasSubstr;

const char* const kLab = R"(version: 1
name: LAB
segments: { left: 10.1.0.0/24, right: 10.2.0.0/24 }
routers:
  fw:
    segments: [left, right]
    nft: |
      table ip service {
        chain guard {
          type filter hook prerouting priority -300;
          ip daddr 10.2.0.20 tcp dport 22 drop
        }
        chain pre {
          type nat hook prerouting priority -100;
          ip daddr 10.96.0.10 tcp dport { 22, 443 } dnat to 10.2.0.20
          ip daddr 10.1.0.1 tcp dport 30443 dnat to 10.2.0.20:443
        }
      }
hosts:
  client: { segment: left, workload: client }
  api: { segment: right, workload: api, addresses: [10.2.0.20], listeners: { tcp/443: accept, tcp/22: accept } }
)";

const char* const kScenario = R"(version: 1
name: variants
segments: { left: { mode: observe }, right: { mode: observe } }
workloads: { client: { segment: left }, api: { segment: right } }
defaults: { check: { attempts: 2, timeout: 700ms } }
limits: { rate: 200/s, per-target: 100/s }
flows:
  - { id: F1, from: client, to: api, service: tcp/443 }
forbids:
  - { id: X1, from: client, to: api, service: tcp/22 }
)";

TEST(Variants, AreTriedEachAndTheWorstDecidesWhatIsDenied) {
  SKIP_WITHOUT_NAMESPACES();
  const TemporaryFolder folder;
  const LabUp lab(folder, kLab);
  ASSERT_TRUE(lab.is_up()) << lab.why_not();
  auto inventory = file_text(folder / "inventory.yaml");
  const std::string addresses = "addresses: [\"10.2.0.20\"]\n";
  const auto at = inventory.find(addresses);
  ASSERT_NE(at, std::string::npos) << inventory;
  inventory.insert(
      at + addresses.size(),
      "    variants:\n"
      "      - { name: service, address: 10.96.0.10 }\n"
      "      - { name: node-port, address: 10.1.0.1, ports: { tcp/443: tcp/30443 } }\n");
  write_file(folder / "inventory.yaml", inventory);
  write_file(folder / "scenario.yaml", kScenario);
  const auto ran = reachproof(folder, {"--output", "json", "run", "-q"});
  ASSERT_EQ(ran.exit, 3) << ran.err;
  const auto checks = checks_in(ran.out);
  const auto& allowed = checks.at("F1/client/api/tcp/443");
  EXPECT_EQ(allowed.result, "pass");
  EXPECT_EQ(allowed.connected, 6) << "address, service address and node port, twice each";
  // The direct way is shut; the service address leads around the rule.
  const auto& denied = checks.at("X1/client/api/tcp/22");
  EXPECT_EQ(denied.result, "violation") << denied.detail;
  EXPECT_EQ(denied.proof, "proved");
  EXPECT_EQ(denied.connected, 2);
  EXPECT_EQ(denied.attempts, 4);
  const auto told = reachproof(folder, {"explain", "client", "api", "443"}).out;
  EXPECT_THAT(told, HasSubstr("over service (10.96.0.10)"));
  EXPECT_THAT(told, HasSubstr("over node-port (10.1.0.1 port 30443)"));
}

}  // namespace
}  // namespace reachproof::testing
