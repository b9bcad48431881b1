#include "scenarios/load.h"

#include <gmock/gmock.h>

#include "tests/support/scenario_text.h"

namespace reachproof::scenarios {
namespace {

using namespace std::chrono_literals;
using test::problems_with;
using test::shop_with;
using test::today;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(LoadScenario, ReadsTheReferenceExampleWithoutAWarning) {
  const auto example = test::reference_example();
  if (!example) GTEST_SKIP() << "the shared data (REACHPROOF_SHARED) is not there";
  const auto loaded = load_scenario(*example, "scenario-example.yaml", today());
  ASSERT_TRUE(loaded.has_value()) << test::messages(loaded.error());
  EXPECT_THAT(loaded->warnings, IsEmpty()) << test::messages(loaded->warnings);
  const auto& scenario = loaded->scenario;
  EXPECT_EQ(scenario.name, "linden-valley-health");
  EXPECT_EQ(scenario.services.size(), 12U);
  EXPECT_EQ(scenario.segments.size(), 8U);
  EXPECT_EQ(scenario.workloads.size(), 16U);  // 14 listed, the internet, cloud metadata
  EXPECT_EQ(scenario.flows.size(), 12U);
  EXPECT_EQ(scenario.forbids.size(), 5U);
  EXPECT_EQ(scenario.exceptions.size(), 1U);
  EXPECT_EQ(scenario.schedules.size(), 3U);
  EXPECT_EQ(scenario.controls.size(), 5U);
  EXPECT_EQ(scenario.flows[6].check.samples, 4);
  EXPECT_EQ(scenario.flows[6].check.schedule, "nightly");
  EXPECT_EQ(scenario.flows[8].hours->text(), "01:00-05:00");
  EXPECT_EQ(scenario.forbids[0].to.workloads, std::vector<std::string>{"phi-db"});
  EXPECT_EQ(scenario.forbids[1].reach, core::ForbidRule::Reach::Transitive);
  EXPECT_THAT(scenario.forbids[1].assume.barriers, ElementsAre("fhir-api"));
  EXPECT_THAT(scenario.forbids[4].to.workloads, ElementsAre("cloud-metadata"));
  EXPECT_TRUE(scenario.exceptions[0].in_force(today()));
}

TEST(LoadScenario, RefusesTheReferenceExampleOnceItsExceptionHasExpired) {
  const auto example = test::reference_example();
  if (!example) GTEST_SKIP() << "the shared data (REACHPROOF_SHARED) is not there";
  const auto loaded = load_scenario(*example, "example.yaml", *core::parse_date("2026-12-13"));
  ASSERT_FALSE(loaded.has_value());
  EXPECT_THAT(test::messages(loaded.error()),
              HasSubstr("exception E2026-014 expired on 2026-12-12; remove it"));
}

TEST(LoadScenario, TakesDefaultsWhereKeysAreLeftOut) {
  const auto scenario = shop_with(
      "flows: [ { id: F1, from: web, to: api, service: https } ]\n"
      "forbids: [ { id: X1, from: web, to: db, service: https } ]\n");
  EXPECT_EQ(scenario.limits.rate, (core::Rate{50, 1s}));
  EXPECT_EQ(scenario.limits.per_target, (core::Rate{1, 1s}));
  EXPECT_EQ(scenario.defaults.severity, core::Severity::Medium);
  EXPECT_EQ(scenario.defaults.exception_days_max, 90);
  EXPECT_EQ(scenario.segments[0].mode, core::Segment::Mode::Enforce);
  EXPECT_EQ(scenario.flows[0].need, core::FlowRule::Need::Required);
  EXPECT_EQ(scenario.flows[0].check.attempts, 3);
  EXPECT_EQ(scenario.flows[0].check.timeout, 3000ms);
  EXPECT_EQ(scenario.forbids[0].severity, core::Severity::High);
  EXPECT_EQ(scenario.forbids[0].reach, core::ForbidRule::Reach::Direct);
}

TEST(LoadScenario, AChecksOwnSettingsOverrideTheDefaultsOneByOne) {
  const auto scenario = shop_with(
      "defaults: { check: { samples: 7, timeout: 250ms } }\n"
      "flows: [ { id: F1, from: web, to: api, service: https, check: { attempts: 9 } } ]\n");
  EXPECT_EQ(scenario.flows[0].check.samples, 7);
  EXPECT_EQ(scenario.flows[0].check.attempts, 9);
  EXPECT_EQ(scenario.flows[0].check.timeout, 250ms);
}

TEST(LoadScenario, AddsAWorkloadForTheInternetAndOneForCloudMetadata) {
  const auto loaded = load_scenario(
      "version: 1\nname: n\nsegments: { a: {}, world: { builtin: internet } }\n"
      "workloads: { web: { segment: a } }\n"
      "forbids: [ { id: X1, from: web, to: { builtin: cloud-metadata }, service: tcp/80 },\n"
      "           { id: X2, from: { segment: world }, to: web, service: tcp/22 },\n"
      "           { id: X3, from: { not: [] }, to: web, service: tcp/23 } ]\n",
      "n", today());
  ASSERT_FALSE(loaded.has_value());  // `not: []` says nothing
  const auto scenario =
      load_scenario(
          "version: 1\nname: n\nsegments: { a: {}, world: { builtin: internet } }\n"
          "workloads: { web: { segment: a }, api: { segment: a } }\n"
          "forbids: [ { id: X1, from: web, to: { builtin: cloud-metadata }, service: tcp/80 },\n"
          "           { id: X2, from: { segment: world }, to: web, service: tcp/22 },\n"
          "           { id: X3, from: { not: [web] }, to: web, service: tcp/23 } ]\n",
          "n", today())
          ->scenario;
  ASSERT_EQ(scenario.workloads.size(), 4U);
  EXPECT_EQ(scenario.workloads[2].name, "world");
  EXPECT_EQ(scenario.workloads[2].segment, "world");
  EXPECT_TRUE(scenario.workloads[2].builtin);
  EXPECT_EQ(scenario.workloads[3].name, "cloud-metadata");
  EXPECT_EQ(scenario.workloads[3].segment, "");
  EXPECT_THAT(scenario.forbids[1].from.workloads, ElementsAre("world"));
  EXPECT_THAT(scenario.forbids[2].from.workloads, ElementsAre("api"));  // builtins are not "all"
}

core::Selection selected(const std::string& selector) {
  const auto scenario = shop_with("forbids: [ { id: X1, from: " + selector +
                                  ", to: [web, api, db], service: https } ]\n");
  return scenario.forbids.empty() ? core::Selection{} : scenario.forbids[0].from;
}

TEST(Selectors, ResolveToWorkloadsInTheScenariosOrder) {
  EXPECT_THAT(selected("[db, web]").workloads, ElementsAre("web", "db"));
  EXPECT_THAT(selected("{ segment: front }").workloads, ElementsAre("web", "api"));
  EXPECT_THAT(selected("{ segment: [back, front], not: api }").workloads, ElementsAre("web", "db"));
  EXPECT_THAT(selected("{ label: { data: phi, tier: store } }").workloads, ElementsAre("db"));
  EXPECT_THAT(selected("{ not: [db] }").workloads, ElementsAre("web", "api"));
  EXPECT_THAT(selected("{ workload: [web, db], segment: back }").workloads, ElementsAre("db"));
}

TEST(Selectors, SayWhatTheySelectAsAPersonWould) {
  EXPECT_EQ(selected("web").text, "web");
  EXPECT_EQ(selected("[db, web]").text, "db, web");
  EXPECT_EQ(selected("{ segment: front, not: [web] }").text, "segment front except web");
  EXPECT_EQ(selected("{ label: { data: phi } }").text, "label data=phi");
  EXPECT_EQ(selected("{ not: [db] }").text, "all workloads except db");
}

TEST(Selectors, WarnOfATakenAwayWorkloadThatWasNotSelected) {
  EXPECT_THAT(problems_with("forbids: [ { id: X1, from: { segment: front, not: [db] }, to: db, "
                            "service: https } ]\n"),
              HasSubstr("warning: `not` of `from` of forbid X1 takes away db"));
}

TEST(Selectors, ThatSelectNothingAreAnError) {
  const auto text = problems_with(
      "forbids: [ { id: X1, from: { label: { tier: web } }, to: db, "
      "service: https } ]\n");
  EXPECT_THAT(text, HasSubstr("error: "));
  EXPECT_THAT(text, HasSubstr("X1"));
}

TEST(Services, OfAProtocolThatNoProbeSpeaksAreAnError) {
  for (const auto* port : {"sctp/2905", "dccp/5004", "icmp/8"}) {
    const auto text = problems_with(std::string("flows: [ { id: F1, from: web, to: db, service: ") +
                                    port + " } ]\n");
    EXPECT_THAT(text, HasSubstr("error: "));
    EXPECT_THAT(text, HasSubstr(port));
  }
}

TEST(Services, AreKeptByNameOrAsWritten) {
  const auto scenario = shop_with(
      "flows:\n"
      "  - { id: F1, from: web, to: api, service: https }\n"
      "  - { id: F2, from: web, to: api, service: [udp/53, tcp/8000-8010] }\n"
      "  - { id: F3, from: web, to: db, service: tcp/5432 }\n");
  EXPECT_EQ(scenario.flows[0].service, "https");
  EXPECT_EQ(scenario.flows[1].service, "udp/53, tcp/8000-8010");
  EXPECT_EQ(scenario.flows[2].service, "tcp/5432");
  EXPECT_EQ(scenario.flows[1].ports.size(), 2U);
}

TEST(Matches, FlattenAttributesWithDots) {
  const auto scenario = shop_with("");
  EXPECT_EQ(scenario.workloads[2].match[0].attributes.at("aws.tags.App"), "db");
}

TEST(Flows, ThatRepeatEachOtherAreWarnedOf) {
  EXPECT_THAT(problems_with("flows:\n  - { id: F1, from: web, to: api, service: https }\n"
                            "  - { id: F2, from: { segment: front }, to: api, service: https, "
                            "need: permitted }\n"),
              HasSubstr("warning: flow F2 repeats flow F1 (line 13): web -> api tcp/443"));
}

constexpr const char* kLifted = R"(forbids: [ { id: X1, from: [web, api], to: db, service: https } ]
exceptions:
  - { id: E1, of: X1, allow: { from: web, to: db, service: https }, owner: o, approver: a,
      rationale: r, ticket: t, created: 2026-12-01, expires: 2026-12-31, review-by: 2026-12-01 }
)";

TEST(Exceptions, NotYetInForceAreKeptWithAWarning) {
  EXPECT_THAT(problems_with(kLifted),
              HasSubstr("warning: exception E1 is not in force before 2026-12-01"));
  EXPECT_FALSE(shop_with(kLifted).exceptions[0].in_force(today()));
}

TEST(Exceptions, AreInForceOnTheirFirstAndTheirLastDay) {
  for (const auto* day : {"2026-12-01", "2026-12-31"}) {
    const auto loaded =
        load_scenario(test::kShop + std::string(kLifted), "s", *core::parse_date(day));
    ASSERT_TRUE(loaded.has_value()) << test::messages(loaded.error());
    EXPECT_TRUE(loaded->scenario.exceptions[0].in_force(*core::parse_date(day)));
  }
  EXPECT_FALSE(
      load_scenario(test::kShop + std::string(kLifted), "s", *core::parse_date("2027-01-01")));
}

TEST(Exceptions, WhoseTimeIsOverAreToldWhereARunIsToBeMade) {
  const auto loaded = load_scenario(test::kShop + std::string(kLifted), "s",
                                    *core::parse_date("2027-01-01"), Lapsed::IsTold);
  ASSERT_TRUE(loaded.has_value()) << test::messages(loaded.error());
  EXPECT_THAT(test::messages(loaded->warnings),
              HasSubstr("exception E1 expired on 2026-12-31: what it lifted counts again"));
  EXPECT_FALSE(loaded->scenario.exceptions[0].in_force(*core::parse_date("2027-01-01")));
}

TEST(Exceptions, WhoseReviewIsOverdueAreWarnedOf) {
  const auto loaded =
      load_scenario(test::kShop + std::string(kLifted), "s", *core::parse_date("2026-12-02"));
  ASSERT_TRUE(loaded.has_value());
  EXPECT_THAT(test::messages(loaded->warnings), HasSubstr("was to be reviewed by 2026-12-01"));
}

TEST(Segments, WithoutWorkloadsAreWarnedOf) {
  const auto loaded = load_scenario(
      "version: 1\nname: n\nsegments: { a: {}, b: {} }\nworkloads: { web: { segment: a } }\n", "n",
      today());
  ASSERT_TRUE(loaded.has_value());
  EXPECT_THAT(test::messages(loaded->warnings),
              HasSubstr("n:3:20: warning: segment b has no workload"));
}

TEST(LoadScenario, AWrongWorkloadDoesNotMakeItsUsesWrong) {
  const auto loaded = load_scenario(
      "version: 1\nname: n\nsegments: { a: {} }\n"
      "workloads: { web: { segment: a, match: [ { cidr: x } ] }, api: { segment: a } }\n"
      "flows: [ { id: F1, from: web, to: api, service: tcp/80 } ]\n",
      "n", today());
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().size(), 1U) << test::messages(loaded.error());
}

TEST(LoadScenario, AFileThatCannotBeReadIsOneProblem) {
  const auto loaded = load_scenario_file("/nonexistent/scenario.yaml", today());
  ASSERT_FALSE(loaded.has_value());
  ASSERT_EQ(loaded.error().size(), 1U);
  EXPECT_EQ(text(loaded.error()[0]),
            "/nonexistent/scenario.yaml: error: cannot open `/nonexistent/scenario.yaml`");
}

TEST(LoadScenario, ProblemsBeyondAThousandAreCounted) {
  std::string flows = "flows:\n";
  for (int i = 0; i < 1500; ++i) {
    flows += "  - { id: F" + std::to_string(i) + ", from: nobody, to: api, service: https }\n";
  }
  const auto loaded = load_scenario(test::kShop + flows, "s", today());
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().size(), kProblemsMax + 1);
  EXPECT_THAT(text(loaded.error().back()), HasSubstr("more problems are not shown"));
}

TEST(LoadScenario, ALargeScenarioLoadsInSeconds) {
  std::string yaml = "version: 1\nname: large\nsegments: { a: {}, b: {} }\nworkloads:\n";
  for (int i = 0; i < 1000; ++i) {
    yaml += "  w" + std::to_string(i) + ": { segment: a, match: [ { cidr: 10." +
            std::to_string(i / 250) + "." + std::to_string(i % 250) + ".0/24 } ] }\n";
  }
  yaml += "  db: { segment: b }\nflows:\n";
  for (int i = 0; i < 1000; ++i) {
    yaml += "  - { id: F" + std::to_string(i) + ", from: w" + std::to_string(i) +
            ", to: db, service: tcp/443 }\n";
  }
  yaml += "forbids: [ { id: X1, from: { segment: a }, to: db, service: [tcp/1-442] } ]\n";
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(load_scenario(yaml, "large", today()).has_value());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
}

}  // namespace
}  // namespace reachproof::scenarios
