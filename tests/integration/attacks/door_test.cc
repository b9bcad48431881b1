#include <fmt/core.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/support/open_fleet.h"
#include "tests/support/raw_tls.h"

/// What knocks at the probe plane's door without being a probe: other protocols, requests of two
/// meanings, clients that never come to the end.
namespace reachproof::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class Door : public ::testing::Test {
 protected:
  static orchestrator::ProbePlane::Options impatient() {
    orchestrator::ProbePlane::Options options;
    options.handshake_max = options.request_max = seconds(2);
    options.unproven_per_address_max = 32;
    return options;
  }
  RawTls::Options as(const std::string& name) {
    return {.certificate_pem = fleet.who(name).certificate, .key_pem = fleet.who(name).key.pem()};
  }
  void expect_good_is_served() { EXPECT_TRUE(good.say({})) << good.status(); }
  orchestrator::ProbePlane::Counters counters() { return fleet.fleet().plane_counters(); }
  template <class Condition>
  static bool until(Condition condition, seconds at_most = seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + at_most;
    while (!condition() && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(milliseconds(20));
    }
    return condition();
  }
  static std::ptrdiff_t descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  }

  OpenFleet fleet{{}, impatient()};
  ProbeVoice good{fleet, fleet.who("good")};
};

TEST_F(Door, IsClosedToOlderTls) {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION}) {
    auto options = as("evil");
    options.version_max = version;
    EXPECT_FALSE(RawTls(fleet.port(), options).connected());
  }
  EXPECT_TRUE(until([this] { return counters().handshakes_failed >= 3; }));
  expect_good_is_served();
}

TEST_F(Door, AnswersNothingInPlainText) {
  RawClient plain(fleet.port());
  plain.say("POST /probe/v1/exchange HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_THAT(plain.hear(), Not(HasSubstr("HTTP/1")));
  EXPECT_TRUE(plain.closed());
  EXPECT_EQ(counters().requests, 0U);
  expect_good_is_served();
}

TEST_F(Door, TakesNoRequestThatCouldBeReadInTwoWays) {
  const std::string post = "POST /probe/v1/exchange HTTP/1.1\r\nHost: x\r\n";
  const std::string inner = "POST /smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
  const std::vector<std::string> shapes{
      post + "Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}" + inner,
      post + "Content-Length: 2, 40\r\n\r\n{}" + inner,
      post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
      post + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n" + inner,
      post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + inner,
      post + "Transfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\n{}" + inner,
      post + "Content-Length: +2\r\n\r\n{}" + inner,
      post + "Content-Length: -1\r\n\r\n{}" + inner,
      post + "Content-Length: 99999999999999999999\r\n\r\n{}",
      post + "Content-Length : 2\r\n\r\n{}" + inner,
      post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}",
      post + "Content-Length: 2\r\n\r\n{}" + inner,
      post + "Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\n{}" + inner,
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET /probe/v1/exchange HTTP/1.1\r\nHost: x\r\n\r\n",
      "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n",
      std::string("POST /a\0b HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 41),
      "no HTTP at all\r\n\r\n",
  };
  const auto before = counters().requests;
  for (const auto& shape : shapes) {
    RawTls client(fleet.port(), as("evil"));
    ASSERT_TRUE(client.connected());
    client.say(shape);
    const auto answer = client.hear();
    EXPECT_TRUE(client.closed()) << shape;
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 4")) << shape;
    EXPECT_EQ(answer.find("HTTP/1.1", 8), std::string::npos) << "two answers to " << shape;
  }
  EXPECT_EQ(counters().requests, before) << "one of them reached the link";
  EXPECT_EQ(fleet.recorded("plane-refusal", "smuggled"), 0U);
  expect_good_is_served();
}

TEST_F(Door, HeadersAndBodiesEndSomewhere) {
  RawTls headers(fleet.port(), as("evil"));
  headers.say("POST /probe/v1/exchange HTTP/1.1\r\n");
  for (int i = 0; i < 2000; ++i) {
    if (!headers.say(fmt::format("X-{}: {}\r\n", i, std::string(64, 'y')))) break;
  }
  EXPECT_THAT(headers.hear(), ::testing::AnyOf(IsEmpty(), StartsWith("HTTP/1.1 431")));
  EXPECT_TRUE(headers.closed());

  RawTls chunks(fleet.port(), as("evil"));
  chunks.say("POST /probe/v1/exchange HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 300; ++i) {
    if (!chunks.say("4000\r\n" + std::string(16384, ' ') + "\r\n")) break;
  }
  EXPECT_THAT(chunks.hear(), ::testing::AnyOf(IsEmpty(), StartsWith("HTTP/1.1 413")));
  EXPECT_TRUE(chunks.closed());
  expect_good_is_served();
}

TEST_F(Door, SlowAndSilentClientsAreCutOffWhileAProbeWorks) {
  expect_good_is_served();
  const auto before = descriptors();
  std::vector<std::unique_ptr<RawTls>> slow;
  for (int i = 0; i < 6; ++i) slow.push_back(std::make_unique<RawTls>(fleet.port(), as("evil")));
  std::vector<RawClient> silent;
  for (int i = 0; i < 100; ++i) silent.emplace_back(fleet.port());
  // Ours and the plane's end of each; those beyond its bounds are closed at once.
  EXPECT_TRUE(until([&] { return counters().refused >= 60; }));
  EXPECT_LE(counters().connections, 45U);
  EXPECT_LE(descriptors(), before + 106 + 45);
  // Who comes from another address is let in meanwhile.
  RawClient neighbour(fleet.port(), "127.0.0.9");
  EXPECT_TRUE(neighbour.connected());
  EXPECT_TRUE(until([&] { return counters().refused >= 60 && counters().connections >= 39; }));
  const std::string request =
      "POST /probe/v1/exchange HTTP/1.1\r\nContent-Length: 500000\r\n\r\n" + std::string(500, ' ');
  for (std::size_t at = 0; at < request.size() && counters().cut_off < 38; ++at) {
    for (auto& one : slow) one->say(request.substr(at, 1));
    if (at % 20 == 0) expect_good_is_served();
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_GE(counters().cut_off, 38U) << "silent and slow ones together";
  EXPECT_TRUE(until([&] { return counters().connections <= 2; }));
  expect_good_is_served();
}

TEST_F(Door, OneProbeTakesNoMoreThanItsShareOfConnections) {
  std::vector<std::unique_ptr<RawTls>> many;
  for (int i = 0; i < 60; ++i) {
    many.push_back(std::make_unique<RawTls>(fleet.port(), as("evil")));
    ASSERT_TRUE(many.back()->connected());
  }
  EXPECT_TRUE(until([&] { return counters().connections <= 8; }));
  // The newest of them still works: a probe that lost its connection is not locked out.
  many.back()->say("POST /probe/v1/exchange HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_THAT(many.back()->hear(), StartsWith("HTTP/1.1 400"));
  expect_good_is_served();
}

}  // namespace
}  // namespace reachproof::test
