#include <gmock/gmock.h>

#include <set>

#include "tests/support/api_fixture.h"

/// Who may call what: every route, every role. The table is written by hand, on purpose; the
/// program's own is in roles.cc.
namespace reachproof::test {
namespace {

const std::string kAll = "viewer auditor operator policy-editor approver admin";
const std::string kNobodyNeeded = "open";

const std::map<std::string, std::string>& allowed() {
  static const std::map<std::string, std::string> kAllowed{
      {"GET /api/v1/openapi.json", kNobodyNeeded},
      {"GET /api/v1/version", kAll},
      {"GET /api/v1/whoami", kAll},
      {"GET /api/v1/events", kAll},
      {"GET /healthz", kAll},
      {"GET /-/healthy", kAll},
      {"GET /readyz", kAll},
      {"GET /-/ready", kAll},
      {"GET /metrics", "auditor operator admin"},
      {"POST /-/reload", "admin"},
      {"POST /api/v1/setup", kNobodyNeeded},
      {"GET /api/v1/tokens", "auditor admin"},
      {"POST /api/v1/tokens", "admin"},
      {"DELETE /api/v1/tokens/{id}", "admin"},
      {"GET /api/v1/runs", kAll},
      {"POST /api/v1/runs", "operator admin"},
      {"GET /api/v1/runs/{id}", kAll},
      {"POST /api/v1/runs/{id}:cancel", "operator admin"},
      {"GET /api/v1/runs/{id}/verdicts", kAll},
      {"GET /api/v1/runs/{id}/observations", kAll},
      {"GET /api/v1/runs/{a}/diff/{b}", kAll},
      {"GET /api/v1/findings", kAll},
      {"GET /api/v1/findings/{id}", kAll},
      {"POST /api/v1/findings/{id}:ack", "operator admin"},
      {"POST /api/v1/findings/{id}:assign", "operator admin"},
      {"GET /api/v1/probes", kAll},
      {"GET /api/v1/probes/{id}", kAll},
      {"POST /api/v1/probes/{id}:approve", "approver admin"},
      {"POST /api/v1/probes/{id}:drain", "operator admin"},
      {"POST /api/v1/probes/{id}:ban", "operator approver admin"},
      {"GET /api/v1/probe-tokens", "auditor operator approver admin"},
      {"POST /api/v1/probe-tokens", "operator admin"},
      {"DELETE /api/v1/probe-tokens/{id}", "operator admin"},
      {"GET /api/v1/schedules", kAll},
      {"POST /api/v1/schedules/{name}:pause", "operator policy-editor admin"},
      {"POST /api/v1/schedules/{name}:resume", "operator policy-editor admin"},
      {"GET /api/v1/engagements", kAll},
      {"GET /api/v1/engagements/{id}", kAll},
      {"POST /api/v1/engagements/{id}:approve", "approver admin"},
      {"POST /api/v1/engagements/{id}:revoke", "approver admin"},
      {"GET /api/v1/stop", kAll},
      {"POST /api/v1/stop:engage", "operator approver admin"},
      {"POST /api/v1/stop:release", "approver admin"},
      {"GET /api/v1/evidence/records", "auditor admin"},
      {"GET /api/v1/evidence/records/{index}", "auditor admin"},
      {"GET /api/v1/evidence/checkpoints", "auditor admin"},
      {"GET /api/v1/evidence/proofs/{index}", "auditor admin"},
      {"GET /api/v1/evidence/keys", "auditor admin"},
      {"GET /api/v1/audit-log", "auditor admin"},
      {"GET /api/v1/integrations", "auditor operator admin"},
      {"POST /api/v1/integrations/{name}:test", "operator admin"},
      {"GET /api/v1/integrations/{name}/deliveries", "auditor operator admin"},
      {"POST /api/v1/integrations/{name}/deliveries/{delivery}:redeliver", "operator admin"},
  };
  return kAllowed;
}

std::set<std::string> words(const std::string& text) {
  std::set<std::string> out;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) out.insert(word);
  return out;
}

/// A path that names nothing: what is asked is whether the door opens.
std::string filled(std::string pattern) {
  for (auto open = pattern.find('{'); open != std::string::npos; open = pattern.find('{')) {
    pattern.replace(open, pattern.find('}') - open + 1, "nothing");
  }
  return pattern;
}

TEST(RolesOfRoutes, TheTableNamesEveryRoute) {
  const ApiWorld world;
  std::set<std::string> served;
  for (const auto* route : world.api->router().routes()) {
    EXPECT_TRUE(served.insert(route->method + " " + route->pattern).second) << route->pattern;
  }
  std::set<std::string> listed;
  for (const auto& [call, roles] : allowed()) listed.insert(call);
  EXPECT_EQ(served, listed);
}

TEST(RolesOfRoutes, EveryRoleMayDoThatAndNothingElse) {
  for (const auto& [call, roles] : allowed()) {
    ApiWorld world;
    const auto space = call.find(' ');
    const auto method = call.substr(0, space);
    const auto path = filled(call.substr(space + 1));
    for (const auto role : api::all_roles()) {
      const std::string name(word(role));
      const auto answer = world.ask(method, path, {.token = name});
      const bool may = roles == kNobodyNeeded || words(roles).contains(name);
      // Whatever the route then says of a call without sense, it is not that the role forbids it.
      EXPECT_EQ(answer.status != 403, may) << call << " as " << name << ": " << answer.status;
      EXPECT_LT(answer.status, 500) << call << " as " << name;
    }
  }
}

TEST(RolesOfRoutes, WithoutATokenOnlyTheOpenOnesAnswer) {
  ApiWorld world({.per_address = 1000});
  for (const auto& [call, roles] : allowed()) {
    if (roles == kNobodyNeeded) continue;
    const auto space = call.find(' ');
    const auto path = filled(call.substr(space + 1));
    EXPECT_EQ(world.ask(call.substr(0, space), path, {}).status, 401) << call;
    const auto forged =
        world.ask(call.substr(0, space), path,
                  {.headers = {{"authorization", "Bearer rpt_abcdefgh_" + std::string(43, 'A')}}});
    EXPECT_EQ(forged.status, 401) << call;
  }
}

TEST(RolesOfRoutes, ACallThatWasDeniedChangesNothing) {
  ApiWorld world;
  EXPECT_EQ(world.post("/api/v1/probes/probe-red:approve", "operator").status, 403);
  EXPECT_EQ(world.post("/api/v1/stop:engage", "viewer", R"({"reason":"x"})").status, 403);
  EXPECT_EQ(world.post("/api/v1/runs", "auditor").status, 403);
  EXPECT_EQ(world.probes.probes.at("probe-red").state, "pending");
  EXPECT_FALSE(world.stop.stop.engaged);
  EXPECT_EQ(world.runs.started, 0);
}

TEST(RolesOfRoutes, HealthAndMetricsNeedNoTokenFromThisMachine) {
  ApiWorld world;
  for (const auto* path : {"/healthz", "/readyz", "/-/healthy", "/-/ready", "/metrics"}) {
    EXPECT_EQ(world.ask("GET", path, {.from = "127.0.0.1"}).status, 200) << path;
    EXPECT_EQ(world.ask("GET", path, {.from = "::1"}).status, 200) << path;
    EXPECT_EQ(world.ask("GET", path, {.from = "192.0.2.1"}).status, 401) << path;
    const auto through_a_proxy = world.ask(
        "GET", path, {.headers = {{"x-forwarded-for", "203.0.113.9"}}, .from = "127.0.0.1"});
    EXPECT_EQ(through_a_proxy.status, 401) << path << " through a proxy on this machine";
  }
}

}  // namespace
}  // namespace reachproof::test
