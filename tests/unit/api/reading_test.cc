#include <gmock/gmock.h>

#include "orchestrator/api/body.h"
#include "orchestrator/api/media.h"
#include "orchestrator/api/paging.h"
#include "orchestrator/api/router.h"

namespace reachproof::orchestrator::api {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::UnorderedElementsAre;

TEST(Query, IsDecodedAndChecked) {
  const auto query = read_query("a=x%20y&b=1+2&c", {"a", "b", "c"});
  EXPECT_TRUE(query.faults.empty());
  EXPECT_EQ(query.text("a"), "x y");
  EXPECT_EQ(query.text("b"), "1 2");
  EXPECT_EQ(query.text("c"), "");
}

TEST(Query, EveryFaultIsNamed) {
  const auto query = read_query("a=1&a=2&d=3&b=%zz&c=%0a&e=%ff", {"a", "b", "c", "e"});
  EXPECT_THAT(query.faults, ElementsAre(Field(&Fault::where, "a"), Field(&Fault::where, "d"),
                                        Field(&Fault::where, "b"), Field(&Fault::where, "c"),
                                        Field(&Fault::where, "e")));
}

TEST(Paging, ACursorIsGoodForItsListAlone) {
  const auto cursor = cursor_text("probes", "p-1");
  EXPECT_EQ(cursor_after("probes", cursor), "p-1");
  EXPECT_FALSE(cursor_after("findings", cursor));
  EXPECT_FALSE(cursor_after("probes", "nonsense"));
  EXPECT_FALSE(cursor_after("probes", cursor_text("probes", "../x")));
}

TEST(Paging, LimitsAreBounded) {
  for (const auto* good : {"1", "500"}) {
    auto query = read_query(std::string("limit=") + good, {"limit", "cursor"});
    EXPECT_EQ(page_of(query, "x").limit, std::stoul(good));
    EXPECT_TRUE(query.faults.empty());
  }
  for (const auto* bad : {"0", "501", "-1", "1x", "", "99999999999999999999"}) {
    auto query = read_query(std::string("limit=") + bad, {"limit", "cursor"});
    (void)page_of(query, "x");
    EXPECT_EQ(query.faults.size(), 1U) << bad;
  }
}

TEST(Body, EverythingThatIsWrongIsSaid) {
  BodyReader body(R"({"name":7,"roles":["a","a"],"n":99,"flag":"no","more":1,"x/y":1})");
  (void)body.text("name", {.required = true});
  (void)body.text("gone", {.required = true});
  (void)body.texts("roles", {.required = true});
  (void)body.number("n", {.least = 1, .most = 9});
  (void)body.flag("flag", true);
  const auto problem = body.problem();
  ASSERT_TRUE(problem.has_value());
  EXPECT_EQ(problem->status, 422);
  std::vector<std::string> where;
  for (const auto& fault : problem->faults) where.push_back(fault.where);
  EXPECT_THAT(where,
              UnorderedElementsAre("/name", "/gone", "/roles", "/n", "/flag", "/more", "/x~1y"));
}

TEST(Body, ThatIsNoObjectIsABadRequest) {
  for (const auto* text : {"[]", "1", "{", "\xff", "{\"a\":1}x", "[[[[[[[[[[[[]]]]]]]]]]]]"}) {
    BodyReader body(text);
    const auto problem = body.problem();
    ASSERT_TRUE(problem.has_value()) << text;
    EXPECT_EQ(problem->status, 400) << text;
  }
}

TEST(Body, ATextHasNoControlCharacters) {
  BodyReader body(R"({"a":"x\u000ay","b":"fine"})");
  (void)body.text("a", {});
  EXPECT_EQ(body.text("b", {}), "fine");
  EXPECT_TRUE(body.problem().has_value());
}

TEST(Media, TheMostParticularRangeDecides) {
  EXPECT_TRUE(accepts("", "application/json"));
  EXPECT_TRUE(accepts("text/html, */*;q=0.1", "application/json"));
  EXPECT_TRUE(accepts("Application/JSON; charset=utf-8", "application/json"));
  EXPECT_FALSE(accepts("text/html", "application/json"));
  EXPECT_FALSE(accepts("*/*, application/json;q=0", "application/json"));
  EXPECT_FALSE(accepts("application/*;q=0.0, */*", "application/json"));
  EXPECT_TRUE(is_json("application/json; charset=utf-8"));
  EXPECT_FALSE(is_json("application/jsonx"));
  EXPECT_FALSE(is_json(""));
}

class Routes : public ::testing::Test {
 protected:
  Routes() {
    for (const auto* pattern : {"/a", "/a/{id}", "/a/{id}:go", "/a/{x}/b/{y}", "/s:go"}) {
      router.add({"GET", pattern});
    }
    router.add({"POST", "/a"});
    router.add({"DELETE", "/a/{id}"});
  }
  std::string pattern_of(const std::string& method, const std::string& path) {
    const auto match = router.match(method, path);
    return match.route == nullptr ? "" : match.route->pattern;
  }
  Router router;
};

TEST_F(Routes, AreFoundByPathAndVerb) {
  EXPECT_EQ(pattern_of("GET", "/a/7"), "/a/{id}");
  EXPECT_EQ(pattern_of("GET", "/a/7:go"), "/a/{id}:go");
  EXPECT_EQ(pattern_of("GET", "/s:go"), "/s:go");
  EXPECT_EQ(pattern_of("HEAD", "/a"), "/a");
  EXPECT_EQ(router.match("GET", "/a/7/b/8").path.at("y"), "8");
  EXPECT_EQ(router.match("GET", "/a/%37").path.at("id"), "7");
}

TEST_F(Routes, WhatIsNoIdIsNotFound) {
  for (const auto* path : {"/a/", "/a/x%2fy", "/a/..", "/a/7:stop", "/a/%", "/a/x%00", "a", "",
                           "/a/7/", "//a", "/a/%C3%A9"}) {
    EXPECT_EQ(pattern_of("GET", path), "") << path;
    EXPECT_TRUE(router.match("GET", path).allowed.empty()) << path;
  }
}

TEST_F(Routes, AnotherMethodIsToldWhatTheyAre) {
  EXPECT_THAT(router.match("PUT", "/a").allowed, UnorderedElementsAre("GET", "HEAD", "POST"));
  EXPECT_EQ(router.match("PUT", "/a").route, nullptr);
}

}  // namespace
}  // namespace reachproof::orchestrator::api
