// How each check is tried: paths, families, samples, witnesses, liveness, gaps.
#include "tests/support/network.h"

namespace reachproof::core {
namespace {

using test::check;
using test::ids;
using test::shop;
using testing::ElementsAre;
using testing::HasSubstr;

const char* const kFlow = "F1/web/db/tcp/5432";

TEST(Plan, ACheckThatCannotBeTestedSaysWhy) {
  test::Network network;
  network.segment("front", {"web"}).segment("back", {"db"}).forbid("X1", "web", "db", "tcp/22");
  const auto gap = [&] { return check(network.plan(), "X1/web/db/tcp/22").gap; };
  EXPECT_THAT(gap(), HasSubstr("no endpoint of web"));
  network.target("web-1", "web", {"10.1.0.1"});
  EXPECT_THAT(gap(), HasSubstr("no endpoint of db"));
  network.target("db-1", "db", {"fd00::2"});
  EXPECT_THAT(gap(), HasSubstr("no endpoint of web has a probe"));
  network.endpoint("web-2", "web", {"10.1.0.2"});
  EXPECT_THAT(gap(), HasSubstr("family"));
  network.target("db-2", "db", {"10.2.0.2"});
  EXPECT_EQ(gap(), "");
}

TEST(Plan, EveryCheckHasEitherAPathOrAGap) {
  auto network = shop()
                     .flow("F1", "web", "db", "tcp/5432")
                     .flow("F2", "db", "cache", "tcp/6379")
                     .blackout("cache", "11:00-13:00", "backup");
  network.segment("lost", {"ghost"});
  const auto plan = network.plan();
  ASSERT_GT(plan.checks.size(), 4U);
  for (const auto& c : plan.checks) EXPECT_NE(c.paths.empty(), c.gap.empty()) << c.id;
}

TEST(Plan, ABlackoutOfEitherEndStopsACheckAndIsItsReason) {
  for (const auto* workload : {"web", "db"}) {
    const auto network = shop()
                             .flow("F1", "web", "db", "tcp/5432")
                             .blackout(workload, "22:00-02:00", "nightly copy");
    const auto during = check(network.plan_at("2026-11-30T01:59:59Z"), kFlow);
    EXPECT_THAT(during.gap, testing::AllOf(HasSubstr(workload), HasSubstr("nightly copy")));
    EXPECT_TRUE(during.paths.empty());
    EXPECT_EQ(check(network.plan_at("2026-11-30T02:00:00Z"), kFlow).gap, "");
  }
}

TEST(Plan, AWorkloadInBlackoutIsNotAskedToProveAnotherAlive) {
  test::Network network;
  network.segment("a", {"web", "api", "job"}).segment("b", {"cache"});
  for (const auto* w : {"web", "api", "job"})
    network.endpoint(std::string(w) + "-1", w, {"10.1.0.1"});
  network.target("cache-1", "cache", {"10.2.0.2"});
  network.flow("F1", "web", "cache", "tcp/6379").flow("F2", "api", "cache", "tcp/6379");
  network.blackout("web", "11:00-13:00", "month's end");
  const auto plan = network.plan();
  EXPECT_THAT(check(plan, "default/job/cache/tcp/6379").paths.at(0).liveness_from,
              ElementsAre("api-1"));
  EXPECT_THAT(plan.vantages, testing::Not(testing::Contains("web-1")));
}

TEST(Plan, WithoutAWitnessThoseWhoMayConnectProveTheTargetAlive) {
  const auto plan = shop().flow("F1", "web", "cache", "tcp/6379").plan();
  const auto denied = check(plan, "default/db/cache/tcp/6379").paths.at(0);
  EXPECT_FALSE(denied.witnessed);
  EXPECT_THAT(denied.liveness_from, ElementsAre("web-1"));
}

TEST(Plan, WithAWitnessNobodyElseProvesTheTargetAlive) {
  const auto path =
      check(shop().forbid("X1", "web", "db", "tcp/22").plan(), "X1/web/db/tcp/22").paths.at(0);
  EXPECT_TRUE(path.witnessed);
  EXPECT_TRUE(path.liveness_from.empty());
}

TEST(Plan, LivenessIsProvenOnTheSamePortAndFamilyByAProbeAlone) {
  test::Network network;
  network.segment("a", {"web", "api", "bad"}).segment("b", {"cache"});
  network.endpoint("web-1", "web", {"10.1.0.1"}).target("api-1", "api", {"10.1.0.2"});
  network.endpoint("bad-1", "bad", {"10.1.0.3", "fd00::3"});
  network.target("cache-1", "cache", {"10.2.0.2", "fd00::2"});
  network.flow("F1", "web", "cache", "tcp/6379")
      .flow("F2", "api", "cache", "tcp/6379")
      .forbid("X1", "bad", "cache", "tcp/6379 tcp/22");
  const auto plan = network.plan();
  const auto v4_and_v6 = check(plan, "X1/bad/cache/tcp/6379").paths;
  ASSERT_EQ(v4_and_v6.size(), 2U);
  EXPECT_THAT(v4_and_v6[0].liveness_from, ElementsAre("web-1"));
  EXPECT_THAT(v4_and_v6[1].liveness_from, ElementsAre());  // web-1 speaks no IPv6
  EXPECT_THAT(check(plan, "X1/bad/cache/tcp/22").paths.at(0).liveness_from, ElementsAre());
}

TEST(Plan, ANamedFlowThatIsOutsideItsHoursProvesNothingAlive) {
  const auto network = shop().flow("F1", "web", "cache", "tcp/6379", "01:00-05:00");
  EXPECT_THAT(check(network.plan(), "default/db/cache/tcp/6379").paths.at(0).liveness_from,
              ElementsAre());
}

TEST(Plan, AnAddressOfEachSharedFamilyIsAPathOfThePair) {
  test::Network network;
  network.segment("a", {"web"}).segment("b", {"db"}).forbid("X1", "web", "db", "tcp/22");
  network.endpoint("web-1", "web", {"10.1.0.1", "fd00:1::1"});
  network.endpoint("db-1", "db", {"10.2.0.1", "fd00:2::1", "10.2.0.2"});
  const auto paths = check(network.plan(), "X1/web/db/tcp/22").paths;
  ASSERT_EQ(paths.size(), 3U);
  for (const auto& path : paths) EXPECT_EQ(path.pair, 0);
  EXPECT_EQ(paths[1].address.text(), "fd00:2::1");
}

TEST(Plan, AFlowOfSeveralForbidsIsTriedAsThoroughlyAsAnyOfThemWants) {
  test::Network network;
  network.segment("a", {"web"}).segment("b", {"db"});
  network.forbid("X1", "web", "db", "tcp/22").forbid("X2", "web", "db", "tcp/22");
  network.endpoint("web-1", "web", {"10.1.0.1"});
  for (const auto* n : {"1", "2", "3"}) {
    network.endpoint("db-" + std::string(n), "db", {std::string("10.2.0.") + n});
  }
  auto& forbids = network.scenario.forbids;
  forbids[0].severity = Severity::Critical;
  forbids[0].check = {.samples = 1, .attempts = 5};
  forbids[1].check = {.samples = 3, .attempts = 2};
  for (int turn = 0; turn < 2; ++turn) {
    const auto tried = check(network.plan(), "X1/web/db/tcp/22");
    ASSERT_EQ(tried.paths.size(), 3U);
    EXPECT_EQ(tried.paths[0].attempts, 5);
    std::swap(forbids[0], forbids[1]);  // whichever comes first
  }
}

TEST(Plan, SamplesCoverAsManyEndpointsAsTheyCanAndTheRestIsCounted) {
  test::Network network;
  network.segment("a", {"web"}).segment("b", {"db"}).forbid("X1", "web", "db", "tcp/22");
  for (const auto* n : {"1", "2", "3"}) {
    network.endpoint("web-" + std::string(n), "web", {std::string("10.1.0.") + n});
    network.endpoint("db-" + std::string(n), "db", {std::string("10.2.0.") + n});
  }
  for (const int samples : {1, 2, 3, 5, 9, 20}) {
    network.scenario.forbids[0].check.samples = samples;
    const auto sampled = check(network.plan(), "X1/web/db/tcp/22");
    const auto pairs = static_cast<std::size_t>(std::min(samples, 9));
    ASSERT_EQ(sampled.paths.size(), pairs);
    EXPECT_EQ(sampled.pairs_untried, 9 - static_cast<int>(pairs));
    std::set<std::string> vantages;
    std::set<std::string> targets;
    std::set<std::pair<std::string, std::string>> distinct;
    for (const auto& path : sampled.paths) {
      vantages.insert(path.vantage);
      targets.insert(path.target);
      distinct.insert({path.vantage, path.target});
    }
    EXPECT_EQ(distinct.size(), pairs);
    EXPECT_EQ(vantages.size(), std::min<std::size_t>(pairs, 3));
    EXPECT_EQ(targets.size(), std::min<std::size_t>(pairs, 3));
  }
}

TEST(Plan, VariantsArePathsOfTheSameCheckAndEndpointPair) {
  auto network = shop().forbid("X1", "web", "db", "tcp/22").forbid("X2", "web", "db", "tcp/80");
  for (auto& endpoint : network.inventory.endpoints) {
    if (endpoint.workload != "db") continue;
    endpoint.variants = {
        {"service", *IpAddress::parse("10.96.0.9"), {}},
        {"node-port", *IpAddress::parse("10.3.0.5"), {{{Protocol::Tcp, 22}, Port{30022}}}}};
  }
  const auto ssh = check(network.plan(), "X1/web/db/tcp/22");
  ASSERT_EQ(ssh.paths.size(), 3U);
  EXPECT_EQ(ssh.paths[1].variant, "service");
  EXPECT_EQ(port_of(ssh, ssh.paths[1]).port, 22);
  EXPECT_EQ(ssh.paths[2].variant, "node-port");
  EXPECT_EQ(port_of(ssh, ssh.paths[2]).port, 30022);
  for (const auto& path : ssh.paths) EXPECT_EQ(path.pair, 0);
  EXPECT_EQ(check(network.plan(), "X2/web/db/tcp/80").paths.size(), 2U);
}

TEST(Plan, AFragileEndpointGetsOneTcpAttemptInItsHoursAndNothingElse) {
  test::Network network;
  network.segment("a", {"web", "api"}).segment("b", {"scanner"});
  network.endpoint("web-1", "web", {"10.1.0.1"}).endpoint("api-1", "api", {"10.1.0.2"});
  network.endpoint("scanner-1", "scanner", {"10.2.0.1", "10.2.0.2"});
  network.endpoint("scanner-2", "scanner", {"10.2.0.3"});
  network.flow("F1", "api", "scanner", "tcp/104").forbid("X1", "web", "scanner", "tcp/22");
  network.forbid("X2", "web", "scanner", "udp/161").forbid("X3", "web", "scanner", "tcp/80");
  network.scenario.forbids[2].severity = Severity::Critical;
  for (auto& workload : network.scenario.workloads) {
    if (workload.name == "scanner") workload.fragile = HoursWindow::parse("01:00-05:00");
  }
  const auto night = network.plan_at("2026-11-30T02:00:00Z");
  std::map<std::string, int> attempts;
  for (const auto& trial : night.trials) {
    const auto& check = night.checks[trial.check];
    EXPECT_EQ(check.rule, "X3") << "the severest";
    ++attempts[check.paths[trial.path].target];
    EXPECT_TRUE(check.paths[trial.path].liveness_from.empty());
  }
  EXPECT_EQ(attempts, (std::map<std::string, int>{{"scanner-1", 1}, {"scanner-2", 1}}));
  EXPECT_THAT(check(night, "X2/web/scanner/udp/161").gap, HasSubstr("no payload"));
  EXPECT_THAT(check(night, "X1/web/scanner/tcp/22").gap, HasSubstr("another check"));
  for (const auto& witness : night.witnesses) {
    EXPECT_TRUE(witness.passive);
    for (const auto& port : witness.ports) EXPECT_FALSE(port.may_listen);
  }
  const auto noon = network.plan_at("2026-11-30T12:00:00Z");
  EXPECT_TRUE(noon.trials.empty());
  EXPECT_THAT(check(noon, "X3/web/scanner/tcp/80").gap, HasSubstr("01:00-05:00"));
}

TEST(Plan, ARuleOfOneScheduleIsLeftOutOfTheRunsOfAnother) {
  auto network = shop().flow("F1", "web", "db", "tcp/5432").forbid("X1", "web", "db", "tcp/22");
  network.scenario.forbids[0].check.schedule = "hourly";
  PlanOptions options;
  options.schedule = "nightly";
  const auto nightly = plan(network.scenario, network.inventory, options);
  EXPECT_TRUE(std::ranges::none_of(nightly.checks, [](const auto& c) { return c.rule == "X1"; }));
  EXPECT_TRUE(std::ranges::any_of(nightly.checks, [](const auto& c) { return c.rule == "F1"; }));
  EXPECT_FALSE(nightly.whole);
  options.schedule = "hourly";
  const auto hourly = plan(network.scenario, network.inventory, options);
  EXPECT_TRUE(std::ranges::any_of(hourly.checks, [](const auto& c) { return c.rule == "X1"; }));
  EXPECT_TRUE(hourly.whole);
  options.schedule = "";
  EXPECT_TRUE(plan(network.scenario, network.inventory, options).whole);
}

TEST(Plan, AnEndpointWithoutProbeCountsAsUntried) {
  const auto network =
      shop().target("web-2", "web", {"10.1.0.2"}).forbid("X1", "web", "db", "tcp/22");
  EXPECT_EQ(check(network.plan(), "X1/web/db/tcp/22").pairs_untried, 1);
}

TEST(Plan, AttemptsAndTimeoutAreTheRulesOrTheOptions) {
  auto network = shop().forbid("X1", "web", "db", "tcp/22");
  network.scenario.forbids[0].check.attempts = 5;
  network.scenario.forbids[0].check.timeout = std::chrono::milliseconds(700);
  const auto by_rule = check(network.plan(), "X1/web/db/tcp/22").paths.at(0);
  EXPECT_EQ(by_rule.attempts, 5);
  EXPECT_EQ(by_rule.timeout, std::chrono::milliseconds(700));
  const auto plan = network.plan({.attempts = 2, .timeout = std::chrono::milliseconds(90)});
  EXPECT_EQ(plan.checks.at(0).paths.at(0).attempts, 2);
  EXPECT_EQ(plan.checks.at(0).paths.at(0).timeout, std::chrono::milliseconds(90));
  EXPECT_EQ(plan.trials.size(), 2U);
}

bool may_listen(const Plan& plan, const std::string& endpoint, const char* port) {
  for (const auto& witness : plan.witnesses) {
    if (witness.endpoint != endpoint) continue;
    for (const auto& watched : witness.ports) {
      if (watched.port.text() == port) return watched.may_listen;
    }
  }
  ADD_FAILURE() << endpoint << " does not watch " << port;
  return false;
}

TEST(PlanWitness, WatchesEveryPortThatIsTriedAtItsHost) {
  const auto plan = shop().forbid("X1", "web", "db", "tcp/22 udp/53").plan();
  ASSERT_EQ(plan.witnesses.size(), 1U);
  EXPECT_EQ(plan.witnesses[0].endpoint, "db-1");
  EXPECT_EQ(plan.witnesses[0].ports.size(), 2U);
  EXPECT_TRUE(may_listen(plan, "db-1", "tcp/22"));
}

TEST(PlanWitness, NeverListensWhereAFlowExpectsAService) {
  // Whatever else is tried there, and by whomever: a dead service must not look alive.
  const auto network = shop()
                           .flow("F1", "web", "db", "tcp/5000-6000")
                           .permitted()
                           .flow("F2", "web", "db", "tcp/443", "01:00-02:00")
                           .forbid("X1", "cache", "db", "tcp/5432 tcp/443 udp/5432 tcp/22");
  auto with_probe = network;
  with_probe.inventory.endpoints[2].launch.kind = Launch::Kind::Local;
  const auto plan = with_probe.plan();
  EXPECT_FALSE(may_listen(plan, "db-1", "tcp/5432"));
  EXPECT_FALSE(may_listen(plan, "db-1", "tcp/443"));
  EXPECT_TRUE(may_listen(plan, "db-1", "udp/5432"));
  EXPECT_TRUE(may_listen(plan, "db-1", "tcp/22"));
}

TEST(PlanWitness, NeverListensWhereTheInventoryKeepsAPortClosed) {
  auto network = shop().forbid("X1", "web", "db", "tcp/22 tcp/23");
  network.inventory.endpoints[1].keep_closed = test::ports_of("tcp/22");
  EXPECT_FALSE(may_listen(network.plan(), "db-1", "tcp/22"));
  EXPECT_TRUE(may_listen(network.plan(), "db-1", "tcp/23"));
}

TEST(Plan, NamesEveryProbeThatItNeedsAndNoOther) {
  const auto plan = shop().flow("F1", "web", "cache", "tcp/6379").plan();
  EXPECT_THAT(plan.vantages, ElementsAre("db-1", "web-1"));
  EXPECT_THAT(shop().forbid("X1", "web", "cache", "tcp/1").plan().vantages, ElementsAre("web-1"));
}

TEST(Plan, OnlyAndSkipChooseByPartsOfTheId) {
  const auto network =
      shop().flow("F1", "web", "db", "tcp/5432").forbid("X1", "db", "cache", "tcp/22");
  EXPECT_THAT(ids(network.plan({.only = {"X1/"}})), ElementsAre("X1/db/cache/tcp/22"));
  EXPECT_THAT(ids(network.plan({.skip = {"default"}})),
              testing::UnorderedElementsAre(kFlow, "X1/db/cache/tcp/22"));
  EXPECT_THAT(ids(network.plan({.only = {"tcp"}, .skip = {"tcp"}})), ElementsAre());
}

TEST(Plan, LivenessIsFoundEvenWhereOnlyOneCheckIsWanted) {
  const auto network = shop().flow("F1", "web", "cache", "tcp/6379");
  EXPECT_THAT(check(network.plan({.only = {"default"}}), "default/db/cache/tcp/6379")
                  .paths.at(0)
                  .liveness_from,
              ElementsAre("web-1"));
}

}  // namespace
}  // namespace reachproof::core
