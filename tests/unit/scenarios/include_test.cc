// `include`: other documents' rules, with parameters, prefixes, and places that can be found again.
#include "scenarios/include.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/scenario_text.h"

namespace reachproof::scenarios {
namespace {

using test::kShop;
using test::messages;
using test::problems_with;
using test::shop_with;
using test::today;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// A scenario file, and documents beside it.
class IncludedFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "reachproof-include-XXXXXX");
    folder_ = ::mkdtemp(name.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Loaded<LoadedScenario> load(const std::string& sections) {
    write("shop.yaml", kShop + sections);
    return load_scenario_file((folder_ / "shop.yaml").string(), today());
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  std::string problems(const std::string& sections) {
    auto loaded = load(sections);
    return messages(loaded ? loaded->warnings : loaded.error());
  }
  std::filesystem::path folder_;
};

TEST(Include, CatalogRulesGetThePrefixOfTheirEntryAndTheirParameters) {
  const auto shop = shop_with(
      "include: [ { use: catalog/databases, with: { databases: { label: { data: phi } }, clients: "
      "[api] } } ]\n");
  ASSERT_EQ(shop.forbids.size(), 2U);
  EXPECT_EQ(shop.forbids[0].id, "databases.X1");
  EXPECT_THAT(shop.forbids[0].from.workloads, ElementsAre("web"));
  EXPECT_THAT(shop.forbids[0].to.workloads, ElementsAre("db"));
  EXPECT_EQ(shop.forbids[1].id, "databases.X2");
  EXPECT_THAT(shop.included, ElementsAre("catalog/databases"));
  EXPECT_EQ(shop.forbids[0].mark.file, 1);
  EXPECT_GT(shop.forbids[0].mark.line, 1);
}

TEST(Include, TheSameDocumentTwiceNeedsTwoPrefixes) {
  const std::string twice =
      "include:\n  - { use: catalog/shared-cluster, with: { tenant: web, others: api } }\n"
      "  - { use: catalog/shared-cluster, PREFIX with: { tenant: api, others: db } }\n";
  const auto with = [&](const std::string& prefix) {
    auto text = twice;
    return text.replace(text.find("PREFIX"), 6, prefix);
  };
  const auto shop = shop_with(with("as: api,"));
  ASSERT_EQ(shop.forbids.size(), 4U);
  EXPECT_EQ(shop.forbids[2].id, "api.X1");
  EXPECT_EQ(shop.forbids[2].mark.file, shop.forbids[0].mark.file);
  EXPECT_THAT(problems_with(with("")),
              HasSubstr("catalog/shared-cluster:19:9: error: the id shared-cluster.X1 is used "
                        "twice; the first is on line 19 of catalog/shared-cluster"));
}

TEST(Include, ARuleWhoseOptionalParameterIsNotGivenIsLeftOut) {
  const auto without = shop_with("include: [catalog/cloud-metadata]\n");
  ASSERT_EQ(without.forbids.size(), 1U);
  EXPECT_THAT(without.forbids[0].from.workloads, ElementsAre("web", "api", "db"));
  const auto with =
      shop_with("include: [ { use: catalog/cloud-metadata, with: { users: [api] } } ]\n");
  ASSERT_EQ(with.forbids.size(), 2U);
  EXPECT_THAT(with.forbids[0].from.workloads, ElementsAre("web", "db"));
  EXPECT_THAT(with.forbids[1].from.workloads, ElementsAre("api"));
}

TEST(Include, ARequiredParameterThatIsMissingIsNamedWithWhatItIs) {
  EXPECT_THAT(problems_with("include: [catalog/databases]\n"),
              HasSubstr("shop.yaml:12:11: error: catalog/databases needs the parameter "
                        "`databases`: the databases and caches; write { use: catalog/databases, "
                        "with: { databases: ... } }"));
}

TEST(Include, MistakesInAnIncludeAreToldWhereTheyStand) {
  EXPECT_THAT(problems_with("include: [catalog/database]\n"),
              HasSubstr("shop.yaml:12:11: error: the catalog has no `catalog/database`; did you "
                        "mean `catalog/databases`?"));
  EXPECT_THAT(problems_with("include: [catalog/xxxxxxxx]\n"),
              HasSubstr("`reachproof catalog list`"));
  EXPECT_THAT(problems_with("include: catalog/databases\n"), HasSubstr("must be a list"));
  EXPECT_THAT(problems_with("include: [/etc/passwd]\n"), HasSubstr("cannot be included"));
  EXPECT_THAT(problems_with("include: [rules.yaml]\n"), HasSubstr("not in a folder"));
  EXPECT_THAT(
      problems_with(
          "include: [ { use: catalog/databases, with: { databases: db, client: api } } ]\n"),
      HasSubstr("unknown key `client` in `with` of catalog/databases; did you mean `clients`?"));
  EXPECT_THAT(problems_with("include: [ { use: catalog/databases, with: { databases: dbb } } ]\n"),
              HasSubstr("shop.yaml:12:57: error: unknown workload `dbb`"));
}

TEST(Include, AFlowThatMeetsAnIncludedForbidNamesBothPlaces) {
  EXPECT_THAT(
      problems_with("include: [ { use: catalog/databases, with: { databases: db } } ]\n"
                    "flows: [ { id: F1, from: web, to: db, service: tcp/5432 } ]\n"),
      AllOf(HasSubstr("shop.yaml:13:10: error: flow F1 (line 13) meets forbid databases.X1 (line "),
            HasSubstr(" of catalog/databases): web -> db tcp/5432"),
            HasSubstr("take one of its ends out of databases.X1 with a parameter of its include")));
}

TEST(Include, ARuleThatSpeaksOfNothingHereIsLeftOutAndSaid) {
  const std::string all_are_clients =
      "include: [ { use: catalog/databases, with: { databases: db, clients: [web, api] } } ]\n";
  EXPECT_THAT(problems_with(all_are_clients),
              HasSubstr("warning: forbid databases.X1 speaks of no connection in this scenario"));
  EXPECT_EQ(shop_with(all_are_clients).forbids.size(), 1U);
}

TEST(Include, AnExceptionMayLiftPartOfAnIncludedForbid) {
  const auto shop = shop_with(
      "include: [ { use: catalog/databases, with: { databases: db } } ]\n"
      "exceptions: [ { id: E1, of: databases.X1, allow: { from: web, to: db, service: tcp/5432 }, "
      "owner: a, approver: b, rationale: c, ticket: T1, created: 2026-11-01, expires: 2026-12-24 } "
      "]\n");
  ASSERT_EQ(shop.exceptions.size(), 1U);
  EXPECT_EQ(shop.exceptions[0].of, "databases.X1");
}

TEST_F(IncludedFiles, APartOfTheScenarioKeepsItsNamesUnlessAPrefixIsGiven) {
  write("vendors.yaml",
        "version: 1\nservices: { shop-door: [tcp/8443] }\nsegments: { vendor: {} }\n"
        "workloads: { vendor: { segment: vendor } }\n"
        "flows: [ { id: V1, from: vendor, to: web, service: shop-door } ]\n"
        "forbids: [ { id: V2, from: vendor, to: db, service: tcp/1-65535 } ]\n");
  const auto plain = load("include: [vendors.yaml]\n");
  ASSERT_TRUE(plain.has_value()) << messages(plain.error());
  EXPECT_EQ(plain->scenario.flows[0].id, "V1");
  EXPECT_EQ(plain->scenario.flows[0].service, "shop-door");
  EXPECT_NE(plain->scenario.workload("vendor"), nullptr);
  const auto prefixed = load("include: [ { use: vendors.yaml, as: v } ]\n");
  ASSERT_TRUE(prefixed.has_value()) << messages(prefixed.error());
  EXPECT_EQ(prefixed->scenario.flows[0].id, "v.V1");
  EXPECT_EQ(prefixed->scenario.flows[0].service, "v.shop-door");
}

TEST_F(IncludedFiles, MistakesInsideAreToldWithFileLineAndColumn) {
  write("part.yaml",
        "version: 1\nforbids:\n  - { id: P1, from: web, to: nobody, service: https }\n"
        "  - { id: P2, from: $who, to: db, service: https }\nflow: []\n");
  const auto told = problems("include: [part.yaml]\n");
  EXPECT_THAT(told, HasSubstr("part.yaml:3:30: error: unknown workload `nobody`"));
  EXPECT_THAT(told, HasSubstr("part.yaml:4:21: error: there is no parameter `who`"));
  EXPECT_THAT(told, HasSubstr("part.yaml:5:1: error: unknown key `flow` in part.yaml"));
  EXPECT_THAT(told, Not(HasSubstr("shop.yaml:3")));
  write("broken.yaml", "version: 1\nforbids: [ {\n");
  EXPECT_THAT(problems("include: [broken.yaml]\n"), HasSubstr("broken.yaml:3:1: error: not valid"));
  write("deep.yaml", "version: 1\ninclude: [part.yaml]\n");
  EXPECT_THAT(problems("include: [deep.yaml]\n"), HasSubstr("what is included cannot include"));
  write("twice.yaml", "version: 1\nservices: { https: [tcp/8443] }\n");
  EXPECT_THAT(problems("include: [twice.yaml]\n"),
              HasSubstr("twice.yaml:2:13: error: `https` of services is defined twice; the first "
                        "is on line 11"));
  EXPECT_THAT(problems("include: [missing.yaml]\n"), HasSubstr("missing.yaml"));
  write("empty.yaml", "");
  EXPECT_THAT(problems("include: [empty.yaml]\n"), HasSubstr("empty.yaml:1:1: error"));
  write("large.yaml", "version: 1\n#" + std::string(kIncludedBytesMax, 'x'));
  EXPECT_THAT(problems("include: [large.yaml]\n"), HasSubstr("can be included"));
}

TEST_F(IncludedFiles, ParametersAreWholeValuesAndListsAreSpliced) {
  write("part.yaml",
        "version: 1\nparameters:\n  who: { about: \"sources\", required: true }\n"
        "  ports: { about: \"ports\", default: [tcp/22] }\n"
        "  others: { about: \"left alone\" }\n"
        "forbids:\n  - { id: P1, from: { all: true, not: [$who, $others*] }, to: db, service: "
        "$ports, title: \"$who\" }\n");
  const auto loaded =
      load("include: [ { use: part.yaml, with: { who: [web], ports: [tcp/1, tcp/2] } } ]\n");
  ASSERT_TRUE(loaded.has_value()) << messages(loaded.error());
  const auto& forbid = loaded->scenario.forbids.at(0);
  EXPECT_THAT(forbid.from.workloads, ElementsAre("api", "db"));
  EXPECT_EQ(forbid.ports.size(), 2U);
  EXPECT_EQ(forbid.title, "$who") << "what is quoted is text";
}

TEST_F(IncludedFiles, TheTextHoldsWhatWasIncludedAndLoadsToTheSameAgain) {
  write("part.yaml", "version: 1\nforbids: [ { id: P1, from: web, to: db, service: tcp/22 } ]");
  const auto first = load("include: [part.yaml, catalog/cloud-metadata]\n");
  ASSERT_TRUE(first.has_value()) << messages(first.error());
  // What is attached counts, whatever the folder or the catalog say by then.
  std::filesystem::remove(folder_ / "part.yaml");
  const auto again = load_scenario(first->scenario.text, "shop.yaml", today());
  ASSERT_TRUE(again.has_value()) << messages(again.error());
  EXPECT_EQ(again->scenario.text, first->scenario.text);
  ASSERT_EQ(again->scenario.forbids.size(), first->scenario.forbids.size());
  for (std::size_t i = 0; i < again->scenario.forbids.size(); ++i) {
    EXPECT_EQ(again->scenario.forbids[i].id, first->scenario.forbids[i].id);
    EXPECT_EQ(again->scenario.forbids[i].mark, first->scenario.forbids[i].mark);
  }
  auto changed = first->scenario.text;
  const auto at = changed.find("service: tcp/22");
  changed.replace(at, 15, "service: tcp/23");
  const auto other = load_scenario(changed, "shop.yaml", today());
  ASSERT_TRUE(other.has_value());
  EXPECT_EQ(other->scenario.forbids[0].service, "tcp/23");
}

TEST(Include, WhatIsAttachedAndNotIncludedIsAnError) {
  EXPECT_THAT(problems_with("--- # include: part.yaml\nversion: 1\n"),
              HasSubstr("`part.yaml` is attached to the scenario and not included"));
}

TEST(Include, TakingApartAndPuttingTogetherAreEachOthersInverse) {
  const std::vector<std::pair<std::string, std::string>> included{
      {"a.yaml", "version: 1\n"}, {"catalog/b", "x: --- # include: no\n"}};
  const auto text = attached("name: s\n", included);
  const auto apart = take_apart(text);
  EXPECT_EQ(apart.scenario, "name: s\n");
  ASSERT_EQ(apart.parts.size(), 2U);
  EXPECT_EQ(apart.parts[1].name, "catalog/b");
  EXPECT_EQ(apart.parts[1].text, included[1].second);
  EXPECT_THAT(take_apart("").parts, IsEmpty());
  EXPECT_EQ(take_apart("a\n--- # include: x").parts[0].name, "x");
}

TEST(Selectors, AllAndNotTakeSelectors) {
  const auto shop = shop_with(
      "forbids: [ { id: X1, from: { all: true, not: { segment: back } }, to: { all: true, not: [ "
      "web, { label: { tier: app } } ] }, service: tcp/22 } ]\n");
  EXPECT_THAT(shop.forbids[0].from.workloads, ElementsAre("web", "api"));
  EXPECT_THAT(shop.forbids[0].to.workloads, ElementsAre("db"));
  EXPECT_EQ(shop.forbids[0].to.text, "all workloads except web, label tier=app");
  EXPECT_THAT(problems_with("forbids: [ { id: X1, from: { all: true, segment: back }, to: web, "
                            "service: tcp/22 } ]\n"),
              HasSubstr("`all` of `from` of forbid X1 says more than the rest"));
  EXPECT_THAT(problems_with("forbids: [ { id: X1, from: { all: true, not: { segment: nowhere } }, "
                            "to: web, service: tcp/22 } ]\n"),
              HasSubstr("unknown segment `nowhere`"));
}

}  // namespace
}  // namespace reachproof::scenarios
