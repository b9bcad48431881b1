#include <gmock/gmock.h>

#include "tests/support/api_fixture.h"

/// What callers go through, one after another: the first token, changes, retries, the audit log.
namespace reachproof::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string header(const api::Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

/// A world in which nobody administers anything yet.
class Beginning : public ::testing::Test {
 protected:
  Beginning() {
    api::ApiOptions options{.evidence_path = world.folder.file("evidence.db"),
                            .now = [this] { return world.now; }};
    world.api = std::make_unique<api::Api>(
        world.loop, options,
        api::Backend{world.probes, world.probe_tokens, world.runs, world.schedules, world.findings,
                     world.engagements, world.stop, world.integrations, world.journal},
        api::AccessBook(), world.metrics);
    offer = world.api->offer_setup().value_or("");
  }
  api::Response set_up(const std::string& token) {
    return world.ask("POST", "/api/v1/setup",
                     {.body = R"({"name":"me","setup_token":")" + token + "\"}"});
  }
  ApiWorld world;
  std::string offer;
};

TEST_F(Beginning, TheSetupTokenIsExchangedOnceForAnAdministrator) {
  EXPECT_EQ(set_up("rps_wrong").status, 401);
  const auto answer = set_up(offer);
  ASSERT_EQ(answer.status, 201) << answer.body;
  world.tokens["first"] = std::string(ApiWorld::json(answer).at("token").as_string());
  EXPECT_EQ(world.get("/api/v1/whoami", "first").status, 200);
  EXPECT_EQ(set_up(offer).status, 401) << "a second time";
  EXPECT_FALSE(world.api->offer_setup().has_value()) << "there is an administrator now";
  world.settle();
  EXPECT_EQ(world.journal.bodies("access").size(), 1U);
  EXPECT_THAT(world.journal.bodies("audit").back(), Not(HasSubstr(offer)));
}

TEST_F(Beginning, AnAdministratorThatCouldNotBeKeptIsNone) {
  world.journal.full = true;
  EXPECT_EQ(set_up(offer).status, 503);
  world.journal.full = false;
  EXPECT_EQ(set_up(offer).status, 201) << "the offer stands again";
}

TEST_F(Beginning, TheOfferEndsAfterAnHour) {
  world.now += std::chrono::hours(1);
  EXPECT_EQ(set_up(offer).status, 401);
}

TEST_F(Beginning, GuessingIsLimited) {
  int limited = 0;
  for (int i = 0; i < 50; ++i) limited += set_up("rps_guess").status == 429 ? 1 : 0;
  EXPECT_GE(limited, 35);
}

TEST(Journey, ATokenIsShownOnceUsedAndRevoked) {
  ApiWorld world;
  const auto made = world.post("/api/v1/tokens", "admin",
                               R"({"name":"ci","roles":["operator"],"segments":["red"]})");
  ASSERT_EQ(made.status, 201) << made.body;
  const auto object = ApiWorld::json(made);
  world.tokens["ci"] = std::string(object.at("token").as_string());
  const std::string id(object.at("id").as_string());
  EXPECT_EQ(world.get("/api/v1/whoami", "ci").status, 200);
  const auto list = world.get("/api/v1/tokens").body;
  EXPECT_THAT(list, HasSubstr(id));
  EXPECT_THAT(list, HasSubstr("192.0.2.1")) << "where it was used last";
  EXPECT_THAT(list, Not(HasSubstr(world.tokens["ci"].substr(13))));
  EXPECT_EQ(world.ask("DELETE", "/api/v1/tokens/" + id, {.token = "admin"}).status, 204);
  EXPECT_EQ(world.get("/api/v1/whoami", "ci").status, 401);
}

TEST(Journey, ARevokedTokenIsNotBelievedEvenWhereTheDiskIsFull) {
  ApiWorld world;
  world.journal.full = true;
  const auto path = "/api/v1/tokens/" + world.id_of("viewer");
  EXPECT_EQ(world.ask("DELETE", path, {.token = "admin"}).status, 503);
  EXPECT_EQ(world.get("/api/v1/whoami", "viewer").status, 401);
}

TEST(Journey, EveryChangeIsInTheAuditLogBeforeItIsAnswered) {
  ApiWorld world;
  const auto answer = world.ask("POST", "/api/v1/probes/probe-red:ban",
                                {.token = "operator",
                                 .body = R"({"reason":"lost"})",
                                 .headers = {{"x-request-id", "my-request"}}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(header(answer, "X-Request-Id"), "my-request");
  const auto audit = world.journal.bodies("audit");
  ASSERT_EQ(audit.size(), 1U) << "without waiting";
  for (const auto* part :
       {R"("request":"my-request")", R"("status":200)", R"("address":"192.0.2.1")",
        R"("type":"POST /api/v1/probes/{id}:ban")", R"("outcome":"done")"}) {
    EXPECT_THAT(audit.front(), HasSubstr(part));
  }
  EXPECT_THAT(audit.front(), HasSubstr(world.id_of("operator")));
  const auto log = world.get("/api/v1/audit-log", "auditor");
  EXPECT_THAT(log.body, HasSubstr("my-request"));
}

TEST(Journey, AChangeWhoseAuditEntryIsLostIsNotCalledDone) {
  ApiWorld world;
  world.journal.full = true;
  const auto answer = world.post("/api/v1/probes/probe-red:approve", "admin");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("it was done, but"));
}

TEST(Journey, AFloodOfDeniedCallsDoesNotFillTheDisk) {
  ApiWorld world({.per_address = 1e9, .overall = 1e9});
  for (int i = 0; i < 2000; ++i) (void)world.ask("GET", "/api/v1/probes", {});
  world.settle();
  EXPECT_LE(world.journal.bodies("audit").size(), 60U);
  EXPECT_GE(world.journal.bodies("audit").size(), 1U);
  // A minute later one entry says how many there were. The API's timer is real: wait for it.
  world.now += std::chrono::seconds(61);
  for (int i = 0; i < 30 && world.journal.bodies("audit").back().find("flood") == std::string::npos;
       ++i) {
    world.loop.restart();
    world.loop.run_for(std::chrono::milliseconds(100));
  }
  EXPECT_THAT(world.journal.bodies("audit").back(), HasSubstr(R"("calls":1940)"));
}

TEST(Journey, ARetryWithTheSameKeyIsNotDoneTwice) {
  ApiWorld world;
  const auto start = [&](const std::string& key, const std::string& body) {
    return world.ask("POST", "/api/v1/runs",
                     {.token = "operator", .body = body, .headers = {{"idempotency-key", key}}});
  };
  const auto first = start("k1", R"({"schedule":"red"})");
  const auto second = start("k1", R"({"schedule":"red"})");
  EXPECT_EQ(first.status, 202);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(header(second, "Idempotency-Replayed"), "true");
  EXPECT_EQ(world.runs.started, 1);
  EXPECT_EQ(start("k1", R"({"schedule":"blue"})").status, 422);
  EXPECT_EQ(start("k2", R"({"schedule":"red"})").status, 202);
  EXPECT_EQ(world.runs.started, 2);
  EXPECT_EQ(start("not a key", "{}").status, 400);
}

TEST(Journey, ASecretIsNotGivenAgainToARetry) {
  ApiWorld world;
  const ApiWorld::Ask make{
      .token = "operator", .body = R"({"segment":"red"})", .headers = {{"idempotency-key", "k"}}};
  EXPECT_EQ(world.ask("POST", "/api/v1/probe-tokens", make).status, 201);
  const auto again = world.ask("POST", "/api/v1/probe-tokens", make);
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(world.probe_tokens.made, 1);
}

TEST(Journey, AListIsReadInParts) {
  ApiWorld world;
  std::vector<std::string> ids;
  std::string path = "/api/v1/findings?limit=1";
  for (int i = 0; i < 10; ++i) {
    const auto part = ApiWorld::json(world.get(path));
    for (const auto& item : part.at("items").as_array()) {
      ids.emplace_back(item.at("id").as_string());
    }
    if (part.at("next").is_null()) break;
    path = "/api/v1/findings?limit=1&cursor=" + std::string(part.at("next").as_string());
  }
  EXPECT_THAT(ids, ::testing::ElementsAre("finding-blue", "finding-both", "finding-red"));
}

TEST(Journey, RunsAndVerdictsAreReadInParts) {
  ApiWorld world;
  for (const auto& [list, count] : std::map<std::string, int>{
           {"runs", 3}, {"runs/run-both/verdicts", 2}, {"runs/run-both/observations", 2}}) {
    int seen = 0;
    std::string path = "/api/v1/" + list + "?limit=1";
    for (int i = 0; i < 10; ++i) {
      const auto part = ApiWorld::json(world.get(path));
      seen += static_cast<int>(part.at("items").as_array().size());
      if (part.at("next").is_null()) break;
      path = "/api/v1/" + list + "?limit=1&cursor=" + std::string(part.at("next").as_string());
    }
    EXPECT_EQ(seen, count) << list;
  }
}

TEST(Journey, ARunIsReadWholeWhereOthersLieInBetween) {
  ApiWorld world;
  const auto first = run_records("run-first", {"red"});
  const auto second = run_records("run-second", {"blue"});
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) world.append({first[i]});
    if (i < second.size()) world.append({second[i]});
  }
  for (const auto* run : {"run-first", "run-second"}) {
    const auto verdicts = world.get(std::string("/api/v1/runs/") + run + "/verdicts");
    EXPECT_THAT(verdicts.body, HasSubstr(R"("result":"violation")")) << run;
    const auto whole = ApiWorld::json(world.get(std::string("/api/v1/runs/") + run));
    EXPECT_EQ(whole.at("state").as_string(), "finished");
  }
}

TEST(Journey, ARecordIsProvedByItsProof) {
  ApiWorld world;
  const auto record = ApiWorld::json(world.get("/api/v1/evidence/records/0", "auditor"));
  const auto proof = ApiWorld::json(world.get("/api/v1/evidence/proofs/0", "auditor"));
  EXPECT_EQ(record.at("leaf_hash").as_string(),
            core::hex(evidence::leaf_hash(std::string(record.at("body").as_string()))));
  EXPECT_THAT(std::string(proof.at("proof_file").as_string()), HasSubstr("c2sp.org/tlog-proof"));
  EXPECT_EQ(world.get("/api/v1/evidence/proofs/999999", "auditor").status, 404);
}

TEST(Journey, EveryAnswerCarriesItsHeaders) {
  ApiWorld world;
  for (const auto* path : {"/api/v1/probes", "/api/v1/nothing", "/api/v1/probes?x=1"}) {
    const auto answer = world.get(path);
    EXPECT_EQ(header(answer, "X-Content-Type-Options"), "nosniff") << path;
    EXPECT_EQ(header(answer, "Cache-Control"), "no-store") << path;
    EXPECT_THAT(header(answer, "Content-Security-Policy"), HasSubstr("default-src 'none'"));
    EXPECT_EQ(header(answer, "X-Request-Id").size(), 24U) << path;
  }
  const auto odd = world.ask("GET", "/api/v1/probes",
                             {.token = "admin", .headers = {{"x-request-id", "a\"b c"}}});
  EXPECT_EQ(header(odd, "X-Request-Id").size(), 24U) << "what is no plain word is not repeated";
}

TEST(Journey, AnotherMethodIsRefusedWithThoseThatAreAllowed) {
  ApiWorld world;
  const auto answer = world.ask("PUT", "/api/v1/runs", {.token = "admin"});
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(header(answer, "Allow"), "GET, HEAD, POST");
}

TEST(Journey, TheAddressIsTheProxysWordOnlyWhereTheProxyIsOurs) {
  ApiWorld world({.per_address = 3, .per_address_per_second = 0});
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    const auto answer =
        world.ask("GET", "/api/v1/probes",
                  {.headers = {{"authorization", "Bearer rpt_x"},
                               {"x-forwarded-for", "203.0.113." + std::to_string(i)}}});
    refused += answer.status == 429 ? 1 : 0;
  }
  EXPECT_EQ(refused, 17) << "a forged header is not another address";
}

TEST(Journey, ReadinessSaysWhyNot) {
  ApiWorld world;
  EXPECT_EQ(world.get("/readyz").status, 200);
  world.unready = {"the evidence cannot be written"};
  const auto answer = world.get("/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("the evidence cannot be written"));
}

TEST(Journey, MetricsCountWhatWasAsked) {
  ApiWorld world;
  (void)world.get("/api/v1/probes/probe-red");
  (void)world.get("/api/v1/probes/probe-blue");
  (void)world.ask("BREW", "/anything/at/all", {});
  const auto text = world.get("/metrics").body;
  EXPECT_THAT(text, HasSubstr("reachproof_api_requests_total{route=\"/api/v1/probes/{id}\","
                              "method=\"GET\",code=\"200\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("route=\"none\",method=\"other\",code=\"404\"} 1\n"));
}

}  // namespace
}  // namespace reachproof::test
