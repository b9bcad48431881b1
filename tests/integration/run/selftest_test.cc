// Detection power: listeners that policy should and should not block, in a lab that blocks others.
#include <gmock/gmock.h>

#include "tests/support/lab_up.h"
#include "tests/support/run_result.h"

namespace reachproof::testing {
namespace {

using ::testing::HasSubstr;

const char* const kLab = R"(version: 1
name: LAB
segments: { left: [10.1.0.0/24, "fd00:1::/64"], right: [10.2.0.0/24, "fd00:2::/64"] }
routers:
  fw:
    segments: [left, right]
    policy: drop
    rules:
      - accept from client to web tcp/443, tcp/80, tcp/23, udp/514
      # The scenario lets tcp/8443 through; this network does not.
hosts:
  client: { segment: left, workload: client }
  web: { segment: right, workload: web, listeners: { tcp/80: accept, tcp/99: closed } }
)";

const char* const kScenario = R"(version: 1
name: selftest
segments: { left: { mode: observe }, right: { mode: observe } }
workloads: { client: { segment: left }, web: { segment: right } }
defaults: { check: { attempts: 2, timeout: 700ms } }
limits: { rate: 200/s, per-target: 100/s }
flows:
  - { id: F1, from: client, to: web, service: [tcp/443, tcp/80, udp/514], need: permitted }
  - { id: F2, from: client, to: web, service: tcp/8443 }
forbids:
  - { id: X1, from: client, to: web, service: [tcp/22, tcp/99] }
  - { id: X2, from: client, to: web, service: tcp/23 }
)";

TEST(SelfTest, CountsWhatItFindsAndNamesWhatItMisses) {
  SKIP_WITHOUT_NAMESPACES();
  const TemporaryFolder folder;
  const LabUp lab(folder, kLab);
  ASSERT_TRUE(lab.is_up()) << lab.why_not();
  write_file(folder / "scenario.yaml", kScenario);
  const auto told = reachproof(folder, {"--output", "json", "selftest", "-q"});
  EXPECT_EQ(told.exit, 3) << told.err << told.out;
  const auto test = boost::json::parse(told.out).as_object();
  const auto number = [&](const char* key) { return test.at(key).as_int64(); };
  // 443, 514 and 8443 over both families; 80 is served already, and nothing is laid there.
  EXPECT_EQ(number("open_seeded"), 6);
  EXPECT_EQ(number("open_found"), 4);
  EXPECT_EQ(number("shut_seeded"), 4) << "22 and 23; 99 is kept closed";
  EXPECT_EQ(number("shut_held"), 2);
  EXPECT_EQ(number("shut_leaked"), 2);
  EXPECT_NEAR(test.at("detection_at_least_95").as_double(), 0.271, 0.002);
  EXPECT_THAT(told.out, HasSubstr("F2/client/web/tcp/8443: dropped on the way"));
  EXPECT_THAT(told.out, HasSubstr("X2/client/web/tcp/23"));
  // What was laid is gone: the run that counts finds F2 broken and no service behind 443.
  const auto ran = reachproof(folder, {"--output", "json", "run", "-q"});
  EXPECT_EQ(checks_in(ran.out).at("F1/client/web/tcp/443").reachability, "latent");
}

TEST(SelfTest, InPeaceSaysHowMuchItFinds) {
  SKIP_WITHOUT_NAMESPACES();
  const TemporaryFolder folder;
  const LabUp lab(folder, kLab);
  ASSERT_TRUE(lab.is_up()) << lab.why_not();
  write_file(folder / "scenario.yaml", kScenario);
  const auto told = reachproof(folder, {"selftest", "-q", "--skip", "F2", "--skip", "X2"});
  EXPECT_EQ(told.exit, 0) << told.out << told.err;
  EXPECT_THAT(told.out, HasSubstr("Of 4 open paths that were laid, 4 were found: at least 47.3 %"));
  EXPECT_THAT(told.out, HasSubstr("Of 2 listeners where the scenario forbids it, 2 were out of "
                                  "reach, 0 got through, 0 unproven."));
}

}  // namespace
}  // namespace reachproof::testing
