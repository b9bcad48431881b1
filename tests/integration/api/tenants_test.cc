#include <gmock/gmock.h>

#include "tests/support/api_fixture.h"

/// A token of segment `red` knows nothing of `blue`: every route that names an object is held to
/// it.
namespace reachproof::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// What a call names when it reaches for another tenant, and when it stays at home.
struct Reaching {
  std::string call;
  std::string others;
  std::string own;
  std::string body = "{}";
};

const std::vector<Reaching>& reaching() {
  static const std::vector<Reaching> kReaching{
      {"GET /api/v1/runs/{id}", "/api/v1/runs/run-blue", "/api/v1/runs/run-red"},
      {"POST /api/v1/runs/{id}:cancel", "/api/v1/runs/run-blue:cancel",
       "/api/v1/runs/run-red:cancel"},
      {"GET /api/v1/runs/{id}/verdicts", "/api/v1/runs/run-blue/verdicts",
       "/api/v1/runs/run-red/verdicts"},
      {"GET /api/v1/runs/{id}/observations", "/api/v1/runs/run-blue/observations",
       "/api/v1/runs/run-red/observations"},
      {"GET /api/v1/runs/{a}/diff/{b}", "/api/v1/runs/run-red/diff/run-blue",
       "/api/v1/runs/run-red/diff/run-both"},
      {"GET /api/v1/findings/{id}", "/api/v1/findings/finding-blue",
       "/api/v1/findings/finding-red"},
      {"POST /api/v1/findings/{id}:ack", "/api/v1/findings/finding-blue:ack",
       "/api/v1/findings/finding-red:ack"},
      {"POST /api/v1/findings/{id}:assign", "/api/v1/findings/finding-blue:assign",
       "/api/v1/findings/finding-red:assign"},
      {"GET /api/v1/probes/{id}", "/api/v1/probes/probe-blue", "/api/v1/probes/probe-red"},
      {"POST /api/v1/probes/{id}:approve", "/api/v1/probes/probe-blue:approve",
       "/api/v1/probes/probe-red:approve"},
      {"POST /api/v1/probes/{id}:drain", "/api/v1/probes/probe-blue:drain",
       "/api/v1/probes/probe-red:drain"},
      {"POST /api/v1/probes/{id}:ban", "/api/v1/probes/probe-blue:ban",
       "/api/v1/probes/probe-red:ban"},
      {"DELETE /api/v1/probe-tokens/{id}", "/api/v1/probe-tokens/join-blue",
       "/api/v1/probe-tokens/join-red", ""},
      {"POST /api/v1/schedules/{name}:pause", "/api/v1/schedules/blue:pause",
       "/api/v1/schedules/red:pause"},
      {"POST /api/v1/schedules/{name}:resume", "/api/v1/schedules/blue:resume",
       "/api/v1/schedules/red:resume"},
      {"GET /api/v1/engagements/{id}", "/api/v1/engagements/engagement-blue",
       "/api/v1/engagements/engagement-red"},
      {"POST /api/v1/engagements/{id}:approve", "/api/v1/engagements/engagement-blue:approve",
       "/api/v1/engagements/engagement-red:approve"},
      {"POST /api/v1/engagements/{id}:revoke", "/api/v1/engagements/engagement-blue:revoke",
       "/api/v1/engagements/engagement-red:revoke"},
      {"POST /api/v1/integrations/{name}:test", "/api/v1/integrations/blue:test",
       "/api/v1/integrations/red:test"},
      {"GET /api/v1/integrations/{name}/deliveries", "/api/v1/integrations/blue/deliveries",
       "/api/v1/integrations/red/deliveries"},
      {"POST /api/v1/integrations/{name}/deliveries/{delivery}:redeliver",
       "/api/v1/integrations/blue/deliveries/d-1:redeliver",
       "/api/v1/integrations/red/deliveries/d-1:redeliver"},
      // Records may speak of every segment: they are nobody's but those who see everything.
      {"GET /api/v1/evidence/records/{index}", "/api/v1/evidence/records/0", ""},
      {"GET /api/v1/evidence/proofs/{index}", "/api/v1/evidence/proofs/0", ""},
      {"DELETE /api/v1/tokens/{id}", "", "", ""},  // filled in: ids are random
  };
  return kReaching;
}

std::string method_of(const Reaching& each) {
  return each.call.substr(0, each.call.find(' '));
}

TEST(Tenants, TheTableNamesEveryRouteWithAnObject) {
  const ApiWorld world;
  std::set<std::string> served;
  for (const auto* route : world.api->router().routes()) {
    if (route->pattern.find('{') != std::string::npos) {
      served.insert(route->method + " " + route->pattern);
    }
  }
  std::set<std::string> listed;
  for (const auto& each : reaching()) listed.insert(each.call);
  EXPECT_EQ(served, listed);
}

TEST(Tenants, AnothersObjectIsMissingAndThatItWasAskedForIsKept) {
  for (auto each : reaching()) {
    ApiWorld world;
    if (each.others.empty()) each.others = "/api/v1/tokens/" + world.id_of("viewer");
    const auto body = method_of(each) == "POST" ? each.body : std::string();
    const auto answer =
        world.ask(method_of(each), each.others, {.token = "red admin", .body = body});
    EXPECT_EQ(answer.status, 404) << each.call << ": " << answer.body;
    world.settle();
    const auto audit = world.journal.bodies("audit");
    ASSERT_EQ(audit.size(), 1U) << each.call;
    EXPECT_THAT(audit.front(), HasSubstr(R"("outcome":"denied")")) << each.call;
    EXPECT_THAT(audit.front(), HasSubstr(R"("path":")" + each.others + '"')) << each.call;
    EXPECT_THAT(audit.front(), HasSubstr(world.id_of("red admin"))) << each.call;
    EXPECT_THAT(audit.front(), HasSubstr(R"("status":404)")) << each.call;
  }
}

TEST(Tenants, AnothersObjectLooksLikeOneThatIsNotThere) {
  for (const auto& each : reaching()) {
    if (each.own.empty() || each.call.find("{a}") != std::string::npos) continue;
    ApiWorld world;
    auto absent = each.others;
    absent.replace(absent.find("blue"), 4, "none");
    const auto body = method_of(each) == "POST" ? each.body : std::string();
    const Reaching& call = each;
    const auto others =
        world.ask(method_of(call), call.others, {.token = "red admin", .body = body});
    const auto nothing = world.ask(method_of(call), absent, {.token = "red admin", .body = body});
    EXPECT_EQ(others.status, nothing.status) << each.call;
    EXPECT_EQ(others.body, nothing.body) << each.call;
    world.settle();
    EXPECT_EQ(world.journal.bodies("audit").size(), 1U) << "nothing was denied the second time";
  }
}

TEST(Tenants, OnesOwnIsThere) {
  for (const auto& each : reaching()) {
    if (each.own.empty()) continue;
    ApiWorld world;
    const auto body = method_of(each) == "POST" ? each.body : std::string();
    const auto answer = world.ask(method_of(each), each.own, {.token = "red admin", .body = body});
    EXPECT_LT(answer.status, 300) << each.call << ": " << answer.body;
  }
}

TEST(Tenants, AnotherTenantIsNotChanged) {
  ApiWorld world;
  for (const auto* verb : {"approve", "drain", "ban"}) {
    world.post(std::string("/api/v1/probes/probe-blue:") + verb, "red admin");
  }
  world.post("/api/v1/findings/finding-blue:ack", "red admin");
  world.ask("DELETE", "/api/v1/probe-tokens/join-blue", {.token = "red admin"});
  world.post("/api/v1/schedules/blue:pause", "red admin");
  EXPECT_EQ(world.probes.probes.at("probe-blue").state, "pending");
  EXPECT_EQ(world.findings.findings.at("finding-blue").state, "open");
  EXPECT_FALSE(world.probe_tokens.tokens.at("join-blue").revoked);
  EXPECT_FALSE(world.schedules.schedules.at("blue").paused);
}

TEST(Tenants, ListsShowOnesOwn) {
  ApiWorld world;
  for (const auto* list :
       {"probes", "findings", "runs", "schedules", "engagements", "probe-tokens", "integrations"}) {
    const auto path = std::string("/api/v1/") + list;
    const auto own = world.get(path, "red admin");
    EXPECT_EQ(own.status, 200) << own.body;
    EXPECT_THAT(own.body, HasSubstr("red")) << list;
    EXPECT_THAT(own.body, Not(HasSubstr("-blue"))) << list;
    EXPECT_THAT(world.get(path).body, HasSubstr("blue")) << list;
  }
  EXPECT_THAT(world.get("/api/v1/integrations", "red admin").body, Not(HasSubstr("everyone")));
  EXPECT_THAT(world.get("/api/v1/tokens", "red admin").body, Not(HasSubstr(world.id_of("viewer"))));
}

TEST(Tenants, WhatIsSharedIsSeenAndNotChanged) {
  ApiWorld world;
  EXPECT_EQ(world.get("/api/v1/findings/finding-both", "red admin").status, 200);
  EXPECT_EQ(world.post("/api/v1/findings/finding-both:ack", "red admin").status, 403);
  EXPECT_EQ(world.findings.findings.at("finding-both").state, "open");
  EXPECT_EQ(world.post("/api/v1/findings/finding-both:ack", "admin").status, 200);
}

TEST(Tenants, OfASharedRunOnlyOnesOwnChecksAreShown) {
  ApiWorld world;
  for (const auto* part : {"verdicts", "observations"}) {
    const auto answer = world.get(std::string("/api/v1/runs/run-both/") + part, "red viewer");
    EXPECT_THAT(answer.body, HasSubstr("X01/red/db/tcp/22"));
    EXPECT_THAT(answer.body, Not(HasSubstr("X01/blue/db/tcp/22"))) << part;
  }
  const auto run = ApiWorld::json(world.get("/api/v1/runs/run-both", "red viewer"));
  EXPECT_EQ(run.at("results").at("violation").as_int64(), 1);
  EXPECT_EQ(run.at("proved").as_int64(), 1);
}

TEST(Tenants, WhatIsTheWholeFleetsIsNotTheirsToChange) {
  ApiWorld world;
  EXPECT_EQ(world.post("/api/v1/stop:engage", "red admin", R"({"reason":"x"})").status, 403);
  EXPECT_FALSE(world.stop.stop.engaged);
  EXPECT_EQ(world.get("/api/v1/audit-log", "red auditor").status, 403);
  EXPECT_EQ(world.get("/api/v1/evidence/records", "red auditor").status, 403);
  EXPECT_EQ(world.post("/api/v1/runs", "red operator", "{}").status, 403);
  EXPECT_EQ(world.post("/api/v1/runs", "red operator", R"({"schedule":"blue"})").status, 403);
  EXPECT_EQ(world.runs.started, 0);
  EXPECT_EQ(world.post("/api/v1/runs", "red operator", R"({"schedule":"red"})").status, 202);
}

TEST(Tenants, NobodyMakesATokenThatReachesFurtherThanTheirOwn) {
  ApiWorld world;
  const auto make = [&](const std::string& segments) {
    return world
        .post("/api/v1/tokens", "red admin",
              R"({"name":"n","roles":["admin"],"segments":)" + segments + "}")
        .status;
  };
  EXPECT_EQ(make("[]"), 403);
  EXPECT_EQ(make(R"(["red","blue"])"), 403);
  EXPECT_EQ(make(R"(["red"])"), 201);
  EXPECT_EQ(world.post("/api/v1/probe-tokens", "red operator", R"({"segment":"blue"})").status,
            403);
  EXPECT_EQ(world.post("/api/v1/probe-tokens", "operator", R"({"segment":"blue","automatic":true})")
                .status,
            403)
      << "who may not approve probes makes no tokens that do";
}

}  // namespace
}  // namespace reachproof::test
