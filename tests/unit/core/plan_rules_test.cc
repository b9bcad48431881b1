// Which rule decides for which flow: exception in force > forbid > flow > default.
#include "tests/support/network.h"

namespace reachproof::core {
namespace {

using test::at;
using test::check;
using test::ids;
using test::shop;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const char* const kFlow = "F1/web/db/tcp/5432";
const char* const kForbid = "X1/web/db/tcp/5432";
const char* const kDefault = "default/cache/db/tcp/5432";

test::Network flowing() {
  return shop().flow("F1", "web", "db", "tcp/5432");
}

TEST(PlanRules, ARequiredFlowIsAllowedAndAPermittedOneMayWork) {
  EXPECT_EQ(check(flowing().plan(), kFlow).expectation, Expectation::Allow);
  EXPECT_EQ(check(flowing().permitted().plan(), kFlow).expectation, Expectation::Permit);
}

TEST(PlanRules, WhatNoFlowListsIsDeniedByDefaultOnThePortsOfFlows) {
  const auto plan = flowing().plan();
  EXPECT_THAT(ids(plan), testing::UnorderedElementsAre(kFlow, kDefault));
  EXPECT_EQ(check(plan, kDefault).expectation, Expectation::Deny);
}

TEST(PlanRules, DefaultDenyIsTriedOnKnownAndOnClosedPortsToo) {
  auto network =
      shop().endpoint("db-2", "db", {"10.2.0.9"}).listens("tcp/22").keeps_closed("udp/53");
  EXPECT_THAT(ids(network.plan()),
              testing::UnorderedElementsAre("default/web/db/tcp/22", "default/cache/db/tcp/22",
                                            "default/web/db/udp/53", "default/cache/db/udp/53"));
}

TEST(PlanRules, AForbidBeatsAFlow) {
  const auto plan = flowing().forbid("X1", "web", "db", "tcp/5432").plan();
  EXPECT_EQ(check(plan, kForbid).expectation, Expectation::Deny);
  EXPECT_THAT(ids(plan), Not(Contains(kFlow)));
}

TEST(PlanRules, AnExceptionInForceStandsBesideTheDenial) {
  const auto network =
      shop().forbid("X1", "web", "db", "tcp/5432").exception("E1", "X1", "web", "db", "tcp/5432");
  const auto excepted = check(network.plan(), kForbid);
  EXPECT_EQ(excepted.expectation, Expectation::Deny);
  EXPECT_EQ(excepted.exception, "E1");
}

TEST(PlanRules, AnExceptionHoldsFromItsFirstDayToItsLastBothIncluded) {
  const auto network =
      shop().forbid("X1", "web", "db", "tcp/5432").exception("E1", "X1", "web", "db", "tcp/5432");
  const auto exception = [&](const char* time) {
    return check(network.plan_at(time), kForbid).exception;
  };
  EXPECT_EQ(exception("2026-10-31T23:59:59.999Z"), "");
  EXPECT_EQ(exception("2026-11-01T00:00:00Z"), "E1");
  EXPECT_EQ(exception("2026-12-12T23:59:59.999Z"), "E1");
  EXPECT_EQ(exception("2026-12-13T00:00:00Z"), "");
  EXPECT_THAT(check(network.plan_at("2026-12-13T00:00:00Z"), kForbid).why,
              testing::HasSubstr("; exception E1 expired on 2026-12-12"));
  EXPECT_THAT(check(network.plan_at("2026-10-31T00:00:00Z"), kForbid).why,
              testing::Not(testing::HasSubstr("expired")));
}

TEST(PlanRules, AnExceptionLiftsNothingButWhatItNames) {
  const auto exception_with = [](const char* of, const char* from, const char* to,
                                 const char* ports) {
    const auto network =
        shop().forbid("X1", "web", "db", "tcp/5432").exception("E1", of, from, to, ports);
    return check(network.plan(), kForbid).exception;
  };
  EXPECT_EQ(exception_with("X1", "web", "db", "tcp/5000-6000"), "E1");
  EXPECT_EQ(exception_with("X2", "web", "db", "tcp/5432"), "");
  EXPECT_EQ(exception_with("default", "web", "db", "tcp/5432"), "");
  EXPECT_EQ(exception_with("X1", "cache", "db", "tcp/5432"), "");
  EXPECT_EQ(exception_with("X1", "web", "cache", "tcp/5432"), "");
  EXPECT_EQ(exception_with("X1", "db", "web", "tcp/5432"), "");
  EXPECT_EQ(exception_with("X1", "web", "db", "udp/5432"), "");
  EXPECT_EQ(exception_with("X1", "web", "db", "tcp/5433"), "");
}

TEST(PlanRules, OfTwoForbidsTheMoreSevereDecides) {
  for (const bool severe_first : {true, false}) {
    auto network = shop();
    if (severe_first) network.forbid("X9", "web", "db", "tcp/5432", Severity::Critical);
    network.forbid("X1", "web", "db", "tcp/5432", Severity::Low);
    if (!severe_first) network.forbid("X9", "web", "db", "tcp/5432", Severity::Critical);
    EXPECT_EQ(check(network.plan(), "X9/web/db/tcp/5432").severity, Severity::Critical);
    EXPECT_THAT(ids(network.plan()), Not(Contains(kForbid)));
  }
}

TEST(PlanRules, AnExceptionOfOneForbidDoesNotLiftAnother) {
  const auto network = shop()
                           .forbid("X9", "web", "db", "tcp/5432", Severity::Critical)
                           .forbid("X1", "web", "db", "tcp/5432", Severity::Low)
                           .exception("E1", "X9", "web", "db", "tcp/5432");
  EXPECT_EQ(check(network.plan(), kForbid).exception, "");
}

TEST(PlanRules, AnExceptionOfTheDefaultLiftsTheDefault) {
  const auto plan = flowing().exception("E1", "default", "cache", "db", "tcp/5432").plan();
  EXPECT_EQ(check(plan, kDefault).exception, "E1");
}

TEST(PlanRules, OutsideItsHoursAFlowIsDenied) {
  const auto network = shop().flow("F1", "web", "db", "tcp/5432", "01:00-05:00");
  EXPECT_EQ(check(network.plan_at("2026-11-30T01:00:00Z"), kFlow).expectation, Expectation::Allow);
  const auto outside = check(network.plan_at("2026-11-30T05:00:00Z"), kFlow);
  EXPECT_EQ(outside.expectation, Expectation::Deny);
  EXPECT_THAT(outside.why, HasSubstr("01:00-05:00"));
}

TEST(PlanRules, AFlowOutsideItsHoursDoesNotDenyWhatAnotherFlowIntends) {
  const auto network =
      shop().flow("F1", "web", "db", "tcp/5432", "01:00-05:00").flow("F2", "web", "db", "tcp/5432");
  EXPECT_EQ(check(network.plan(), "F2/web/db/tcp/5432").expectation, Expectation::Allow);
}

TEST(PlanRules, WhatOneFlowRequiresAnotherThatPermitsItDoesNotExcuse) {
  const auto network =
      shop().flow("F1", "web", "db", "tcp/5432").permitted().flow("F2", "web", "db", "tcp/5432");
  EXPECT_EQ(check(network.plan(), "F2/web/db/tcp/5432").expectation, Expectation::Allow);
}

TEST(PlanRules, ASegmentInModeObserveIsReportedAndNotJudged) {
  test::Network network;
  network.observed("front", {"web"}).segment("back", {"db"});
  network.endpoint("web-1", "web", {"10.1.0.1"});
  network.endpoint("db-1", "db", {"10.2.0.1"}).listens("tcp/22");
  EXPECT_EQ(check(network.plan(), "default/web/db/tcp/22").expectation, Expectation::Permit);
  network.inventory.endpoints.front().listens = test::ports_of("tcp/80");
  EXPECT_EQ(check(network.plan(), "default/db/web/tcp/80").expectation, Expectation::Permit);
}

TEST(PlanRules, AForbidIsJudgedInModeObserveToo) {
  test::Network network;
  network.observed("front", {"web"}).observed("back", {"db"});
  network.endpoint("web-1", "web", {"10.1.0.1"}).endpoint("db-1", "db", {"10.2.0.1"});
  EXPECT_EQ(check(network.forbid("X1", "web", "db", "tcp/5432").plan(), kForbid).expectation,
            Expectation::Deny);
}

TEST(PlanRules, OutsideItsHoursAFlowInModeObserveIsReportedAndNotJudged) {
  test::Network network;
  network.observed("front", {"web"}).segment("back", {"db"});
  network.endpoint("web-1", "web", {"10.1.0.1"}).endpoint("db-1", "db", {"10.2.0.1"});
  network.flow("F1", "web", "db", "tcp/5432", "01:00-05:00");
  EXPECT_EQ(check(network.plan(), kFlow).expectation, Expectation::Permit);
}

TEST(PlanRules, DefaultDenySaysNothingOfAWorkloadOutsideEverySegment) {
  auto network = shop().nobodys("cloud-metadata");
  network.target("imds", "cloud-metadata", {"169.254.169.254"}).listens("tcp/80");
  EXPECT_THAT(ids(network.plan()), ElementsAre());
}

TEST(PlanRules, AWorkloadNeedNotBeKeptFromItself) {
  const auto plan =
      shop().forbid("X1", "db", "db", "tcp/22").flow("F1", "db", "db", "tcp/5432").plan();
  EXPECT_THAT(ids(plan), Not(Contains(HasSubstr("/db/db/"))));
}

TEST(PlanRules, ReachabilityIsAskedInTheRulesDirectionAlone) {
  const auto plan = shop().forbid("X1", "web", "db", "tcp/5432").plan();
  EXPECT_THAT(ids(plan), ElementsAre(kForbid));
}

TEST(PlanRules, ASmallRangeIsTriedPortByPort) {
  EXPECT_EQ(shop().forbid("X1", "web", "db", "tcp/1-16").plan().checks.size(), 16U);
}

TEST(PlanRules, OfAWideRangeTheNamedPortsAreTriedAndTheRestIsAGap) {
  auto network = shop()
                     .forbid("X1", "web", "db", "tcp/1-65535")
                     .service("ssh", "tcp/22")
                     .flow("F1", "cache", "web", "tcp/443")
                     .service("dns", "udp/53")
                     .service("wide", "tcp/100-200");
  network.inventory.endpoints[1].listens = test::ports_of("tcp/9000");
  network.inventory.endpoints[1].keep_closed = test::ports_of("tcp/9001");
  network.inventory.endpoints[0].listens = test::ports_of("tcp/7777");  // web's: not db's
  const auto plan = network.plan({.only = {"X1/"}});
  EXPECT_THAT(ids(plan), testing::UnorderedElementsAre("X1/web/db/tcp/22", "X1/web/db/tcp/443",
                                                       "X1/web/db/tcp/9000", "X1/web/db/tcp/9001"));
  ASSERT_FALSE(plan.gaps.empty());
  EXPECT_EQ(plan.gaps.front().rule, "X1");
  EXPECT_THAT(plan.gaps.front().reason, HasSubstr("65535 ports"));
}

TEST(PlanRules, ATransitiveForbidSaysThatItsChainsWereNotTested) {
  auto network = shop().forbid("X1", "web", "db", "tcp/22");
  network.scenario.forbids.back().reach = ForbidRule::Reach::Transitive;
  const auto plan = network.plan();
  ASSERT_EQ(plan.gaps.size(), 1U);
  EXPECT_THAT(plan.gaps.front().reason, HasSubstr("transitive"));
}

}  // namespace
}  // namespace reachproof::core
