#include <fmt/core.h>
#include <gmock/gmock.h>

#include "protocol/certificate.h"
#include "tests/support/open_fleet.h"

/// Who is no probe of ours, or not any more; and what no probe would say.
namespace reachproof::test {
namespace {

using ::testing::HasSubstr;

class Strangers : public ::testing::Test {
 protected:
  void expect_good_is_served() {
    const auto answer = good.say({});
    EXPECT_TRUE(answer) << good.status();
  }
  int status_of(const ProbePerson& as, std::string body,
                std::vector<std::string> headers = {}) const {
    const auto response =
        fleet.post(as, protocol::kExchangePath, std::move(body), std::move(headers));
    return response ? response->status : 0;
  }
  static std::string request() {
    protocol::ExchangeRequest request{.instance = std::string(32, 'a'), .sequence = 1};
    request.now = {host::wall_now(), 1};
    return protocol::encode(request);
  }
  static std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const auto at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what << " in " << text;
    if (at != std::string::npos) text.replace(at, what.size(), with);
    return text;
  }
  static std::string repeated(const std::string& item, int times) {
    std::string list = item;
    for (int i = 1; i < times; ++i) list += "," + item;
    return list;
  }
  std::string join(const ProbePerson& as, const std::string& token) const {
    return protocol::encode(
        protocol::JoinRequest{.token = token,
                              .request = *protocol::certificate_request(as.key, "host"),
                              .host = "host",
                              .software = "test"});
  }
  OpenFleet fleet;
  ProbeVoice good{fleet, fleet.who("good")};
};

TEST_F(Strangers, OnlyCertificatesOfOursThatAreInForceAreBelieved) {
  const auto& one = fleet.who("good");
  // Signed by itself, with the right key and the right name.
  auto own =
      ProbePerson{"own", *KeyPair::from_pem(one.key.pem()),
                  *protocol::issue_certificate({.common_name = one.id(),
                                                .from = host::wall_now() - std::chrono::hours(1),
                                                .until = host::wall_now() + std::chrono::hours(1)},
                                               one.key.public_key(), one.key, "")};
  EXPECT_EQ(status_of(own, request()), 401);
  // By another authority.
  const testing::TemporaryFolder elsewhere;
  const auto other = *orchestrator::Authority::open((elsewhere / "ca").string(), host::wall_now());
  auto foreign = ProbePerson{"foreign", *KeyPair::from_pem(one.key.pem()),
                             *other.issue_probe(one.key.public_key(), "reachproof.local",
                                                host::wall_now(), std::chrono::hours(1))};
  EXPECT_THAT(status_of(foreign, request()), ::testing::AnyOf(0, 401));
  // Ours, and over.
  auto expired = ProbePerson{"expired", *KeyPair::from_pem(one.key.pem()),
                             *fleet.authority().issue_probe(
                                 one.key.public_key(), "reachproof.local",
                                 host::wall_now() - std::chrono::hours(3), std::chrono::hours(1))};
  EXPECT_THAT(status_of(expired, request()), ::testing::AnyOf(0, 401));
  // Of our authority, and for another trust domain.
  auto elsewhere_of =
      ProbePerson{"elsewhere", *KeyPair::from_pem(one.key.pem()),
                  *fleet.authority().issue_probe(one.key.public_key(), "elsewhere.example",
                                                 host::wall_now(), std::chrono::hours(1))};
  EXPECT_EQ(status_of(elsewhere_of, request()), 401);
  // Ours, of somebody who never joined.
  EXPECT_EQ(status_of(fleet.person("nobody"), request()), 403);
  EXPECT_EQ(status_of(fleet.who("banned"), request()), 403);
  EXPECT_EQ(status_of(fleet.who("waiting"), request()), 403);
  EXPECT_GE(fleet.recorded("plane-refusal", "\"reason\":\"certificate\""), 1U);
  EXPECT_EQ(fleet.recorded("plane-refusal", "\"reason\":\"banned\""), 1U);
  EXPECT_EQ(fleet.recorded("plane-refusal", "\"reason\":\"pending\""), 1U);
  EXPECT_EQ(fleet.recorded("plane-refusal", "\"reason\":\"unknown-probe\""), 1U);
  expect_good_is_served();
}

TEST_F(Strangers, WhatNoProbeWouldSayIsRefusedBeforeAnythingComesOfIt) {
  const auto& evil = fleet.who("evil");
  const auto sound = request();
  const std::vector<std::string> bodies{
      "",
      "null",
      "[]",
      "{}",
      std::string(100'000, '['),
      std::string(100'000, '{'),
      "\xff\xfe",
      sound.substr(0, sound.size() / 2),
      sound + sound,
      sound.substr(0, sound.size() - 1) + ",\"more\":1}",
      sound.substr(0, sound.size() - 1) + ",\"version\":1}",
      sound.substr(0, sound.size() - 1) + ",\"v\":1}",
      replaced(sound, "\"seq\":1", "\"seq\":99999999999999999999"),
      replaced(sound, "\"seq\":1", "\"seq\":-1"),
      replaced(sound, "\"wait_ms\":0", "\"wait_ms\":86400000"),
      replaced(sound, "\"sessions\":[]", "\"sessions\":[" + repeated("{}", 100'000) + "]"),
      replaced(sound, "\"batches\":[]", "\"batches\":[" + repeated("[]", 100'000) + "]"),
  };
  for (const auto& body : bodies) {
    EXPECT_EQ(status_of(evil, body), 400) << body.substr(0, 60);
  }
  EXPECT_EQ(status_of(evil, std::string(3U << 20U, ' ')), 413);
  const auto bomb = host::compress(std::string(64U << 20U, ' '));
  EXPECT_EQ(status_of(evil, bomb, {"Content-Encoding: zstd"}), 400);
  EXPECT_EQ(status_of(evil, "junk", {"Content-Encoding: zstd"}), 400);
  EXPECT_EQ(fleet.post(evil, "/probe/v1/elsewhere", "{}")->status, 404);
  EXPECT_EQ(fleet.post(evil, "/../etc/passwd", "{}")->status, 404);
  EXPECT_LE(fleet.records("plane-refusal").size(), 21U);
  expect_good_is_served();
}

TEST_F(Strangers, AFloodOfGuessedTokensIsABoundedNumberOfRecords) {
  const auto stranger = fleet.person("stranger");
  for (int i = 0; i < 300; ++i) {
    const auto response = fleet.post(stranger, protocol::kJoinPath,
                                     join(stranger, fmt::format("{:012x}.{:043}", i, i)));
    ASSERT_TRUE(response) << response.error().message;
    ASSERT_THAT(response->status, ::testing::AnyOf(403, 429));
  }
  EXPECT_LE(fleet.records("plane-refusal").size(), 21U);
  EXPECT_GE(fleet.records("plane-refusal").size(), 10U);
  EXPECT_TRUE(fleet.records("probe").empty());
  expect_good_is_served();
}

TEST_F(Strangers, AStolenJoinTokenLetsNobodyElseIn) {
  std::string secret;
  fleet.on_loop([&] {
    fleet.fleet().create_token({.segment = "test", .name = "host-1", .automatic = true},
                               [&](Result<orchestrator::Fleet::NewJoinToken> made) {
                                 secret = protocol::decode_join_token(made->text)->secret;
                               });
  });
  const auto first = fleet.person("first");
  const auto thief = fleet.person("thief");
  EXPECT_EQ(fleet.post(first, protocol::kJoinPath, join(first, secret))->status, 200);
  const auto refused = fleet.post(thief, protocol::kJoinPath, join(thief, secret));
  EXPECT_EQ(refused->status, 403);
  EXPECT_THAT(refused->body, HasSubstr("used up"));
  // Who used it is in the book, who tried it again is in the records.
  EXPECT_EQ(fleet.recorded("probe", first.id()), 1U);
  EXPECT_EQ(fleet.recorded("plane-refusal", thief.id()), 1U);
  // A request for another key than the one that the connection proved.
  EXPECT_EQ(fleet.post(thief, protocol::kJoinPath, join(first, secret))->status, 400);
  // The lost answer of the first one is told again, to its key alone.
  EXPECT_EQ(fleet.post(first, protocol::kJoinPath, join(first, secret))->status, 200);
  expect_good_is_served();
}

}  // namespace
}  // namespace reachproof::test
