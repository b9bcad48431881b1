#include <gmock/gmock.h>
#include <sys/resource.h>

#include <list>

#include "tests/support/api_fixture.h"
#include "tests/support/raw_client.h"
#include "tests/support/served.h"

/// Clients that mean no good: each is bounded, and a good one is served all the while.
namespace reachproof::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Abuse : public ::testing::Test {
 protected:
  void serve(api::HttpLimits limits, api::AuthLimiter::Limits authentication = {}) {
    world = std::make_unique<ApiWorld>(authentication);
    served = std::make_unique<Served>(
        world->loop,
        [this](api::Request request, api::Reply reply) {
          world->api->handle(std::move(request), std::move(reply));
        },
        api::HttpServer::Options{.limits = limits});
  }
  std::string good_request(const std::string& token = "viewer") {
    return "GET /api/v1/probes HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " +
           world->tokens.at(token) + "\r\n\r\n";
  }
  void expect_alive() {
    RawClient client(served->port());
    client.say(good_request());
    EXPECT_THAT(client.hear(), StartsWith("HTTP/1.1 200 "));
  }
  std::unique_ptr<ApiWorld> world;
  std::unique_ptr<Served> served;
};

TEST_F(Abuse, SlowClientsAreCut) {
  serve({.handshake = milliseconds(500),
         .idle = milliseconds(500),
         .header = milliseconds(500),
         .body = milliseconds(500)});
  RawClient silent(served->port());
  RawClient header(served->port());
  RawClient body(served->port());
  header.say("GET / HTTP/1.1\r\n");
  body.say("POST /api/v1/setup HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{");
  // One byte now and then does not buy more time.
  const auto began = std::chrono::steady_clock::now();
  bool cut = false;
  while (!cut && std::chrono::steady_clock::now() - began < seconds(5)) {
    header.say("X");
    header.hear("never", milliseconds(50));
    cut = header.closed();
  }
  EXPECT_TRUE(cut);
  EXPECT_EQ(silent.hear(), "");
  EXPECT_TRUE(silent.closed());
  EXPECT_EQ(body.hear(), "");
  EXPECT_TRUE(body.closed());
  EXPECT_GE(served->counters().cut, 3U);
  expect_alive();
}

TEST_F(Abuse, AClientThatDoesNotReadIsCut) {
  serve({.writing = milliseconds(500)});
  RawClient deaf(served->port());
  const std::string request = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
  std::string many;
  for (int i = 0; i < 200; ++i) many += request;
  deaf.say(many);
  for (int i = 0; i < 100 && served->counters().cut == 0; ++i) {
    std::this_thread::sleep_for(milliseconds(50));
  }
  EXPECT_EQ(served->counters().cut, 1U);
  expect_alive();
}

TEST_F(Abuse, WhatIsTooLargeIsRefused) {
  serve({});
  const std::string filler(20'000, 'x');
  RawClient headers(served->port());
  headers.say("GET / HTTP/1.1\r\nX-Filler: " + filler + "\r\n\r\n");
  EXPECT_THAT(headers.hear(), StartsWith("HTTP/1.1 431 "));
  RawClient line(served->port());
  line.say("GET /" + filler + " HTTP/1.1\r\n\r\n");
  EXPECT_THAT(line.hear(), StartsWith("HTTP/1.1 431 "));
  RawClient announced(served->port());
  announced.say("POST /api/v1/setup HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n");
  EXPECT_THAT(announced.hear(), StartsWith("HTTP/1.1 413 "));
  RawClient chunked(served->port());
  chunked.say("POST /api/v1/setup HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  for (int i = 0; i < 20; ++i) {
    if (!chunked.say(chunk)) break;
  }
  EXPECT_THAT(chunked.hear(), StartsWith("HTTP/1.1 413 "));
  expect_alive();
}

TEST_F(Abuse, ConnectionsOfOneAddressAreBounded) {
  serve({.connections_max = 100, .connections_per_address_max = 20});
  std::list<RawClient> flood;
  for (int i = 0; i < 200; ++i) flood.emplace_back(served->port());
  for (int i = 0; i < 100 && served->counters().refused < 180; ++i) {
    std::this_thread::sleep_for(milliseconds(20));
  }
  const auto counters = served->counters();
  EXPECT_EQ(counters.open, 20U);
  EXPECT_EQ(counters.refused, 180U);
  flood.clear();
  for (int i = 0; i < 100 && served->counters().open > 0; ++i) {
    std::this_thread::sleep_for(milliseconds(20));
  }
  expect_alive();
}

TEST_F(Abuse, AFloodOfBadTokensCostsLittle) {
  serve({});
  const auto peak = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const auto before = peak();
  int invalid = 0;
  int limited = 0;
  RawClient client(served->port());
  for (int i = 0; i < 5000; ++i) {
    client.say("GET /api/v1/probes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rpt_" +
               std::to_string(10'000'000 + i) + "_" + std::string(43, 'A') + "\r\n\r\n");
    const auto answer = client.hear("}");
    invalid += answer.starts_with("HTTP/1.1 401 ") ? 1 : 0;
    limited += answer.starts_with("HTTP/1.1 429 ") ? 1 : 0;
    ASSERT_EQ(invalid + limited, i + 1) << answer;
  }
  EXPECT_LE(invalid, 40) << "beyond some failures nobody looks at the token";
  EXPECT_LE(peak() - before, 20'000) << "kilobytes";
  served->on_loop([&] { EXPECT_LE(world->journal.bodies("audit").size(), 100U); });
  // From the same address a good token waits with the bad ones; it is let in soon after.
  bool alive = false;
  for (int i = 0; i < 20 && !alive; ++i) {
    RawClient good(served->port());
    good.say(good_request());
    alive = good.hear().starts_with("HTTP/1.1 200 ");
    if (!alive) std::this_thread::sleep_for(milliseconds(500));
  }
  EXPECT_TRUE(alive);
}

TEST_F(Abuse, ALoopThatIsBusyWithThemAnswersTheHealthCheck) {
  serve({.connections_per_address_max = 200});
  std::list<RawClient> flood;
  for (int i = 0; i < 100; ++i) {
    flood.emplace_back(served->port());
    flood.back().say(
        "POST /api/v1/setup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 1000000\r\n\r\n" +
        std::string(100'000, '['));
  }
  const auto began = std::chrono::steady_clock::now();
  RawClient health(served->port());
  health.say("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(health.hear(), HasSubstr("alive"));
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(2));
}

}  // namespace
}  // namespace reachproof::test
