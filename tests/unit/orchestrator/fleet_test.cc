// The fleet's book, its sessions, its certificates and its plane, without a network beyond
// loopback.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <thread>

#include "core/hex.h"
#include "host/compress.h"
#include "host/https.h"
#include "orchestrator/fleet/authority.h"
#include "orchestrator/fleet/plane_http.h"
#include "orchestrator/fleet/probe_plane.h"
#include "orchestrator/fleet/registry.h"
#include "orchestrator/fleet/session_stream.h"
#include "orchestrator/schedule/time_zone.h"
#include "protocol/certificate.h"
#include "tests/support/program.h"

namespace reachproof::orchestrator {
namespace {

using ::testing::HasSubstr;

core::WallTime noon() {
  return *core::parse_wall_time("2026-11-26T12:00:00Z");
}

// ---- the book ----

class Book : public ::testing::Test {
 protected:
  void keep(const Registry::Decision& decision) {
    for (const auto& record : decision.records) {
      ASSERT_TRUE(registry_.apply(record.kind, record.body));
      records_.push_back(record);
    }
  }
  std::string token(bool automatic = false, int uses = 1, const std::string& name = "") {
    const std::string random(40, static_cast<char>('a' + records_.size()));
    auto made = Registry::new_token(
        {.segment = "app", .name = name, .uses = uses, .automatic = automatic, .by = "me"}, random,
        noon());
    keep({{made.record}, std::nullopt});
    return made.secret;
  }
  static JoinFacts facts(const std::string& key, const std::string& secret) {
    return {.key = key,
            .key_der = "der-" + key,
            .secret = secret,
            .host = "host-" + key,
            .address = "10.0.0.9"};
  }
  std::string refusal(const Registry::Decision& decision) {
    return decision.refused ? decision.refused->message : "";
  }
  Registry registry_;
  std::vector<evidence::Record> records_;
};

TEST_F(Book, AJoinIsPendingUntilApprovedAndThenNeedsNoToken) {
  keep(registry_.join(facts("k1", token()), noon()));
  EXPECT_EQ(registry_.probe("k1")->state, ProbeState::Pending);
  keep(registry_.set_state("host-k1", ProbeState::Active, "me", "", noon()));
  EXPECT_EQ(registry_.probe("k1")->state, ProbeState::Active);
  EXPECT_FALSE(registry_.join(facts("k1", ""), noon() + std::chrono::hours(99)).refused);
}

TEST_F(Book, ALostAnswerCanBeJoinedAgainWithTheSameKeyAndTokenButNoOtherKeyCan) {
  const auto secret = token(true);
  keep(registry_.join(facts("k1", secret), noon()));
  const auto again = registry_.join(facts("k1", secret), noon());
  EXPECT_FALSE(again.refused);
  EXPECT_TRUE(again.records.empty());
  EXPECT_THAT(refusal(registry_.join(facts("k2", secret), noon())),
              HasSubstr("used up: by k1 on host-k1 from 10.0.0.9"));
}

TEST_F(Book, TokensThatAreWrongExpiredOrRevokedAreRefused) {
  const auto secret = token();
  EXPECT_THAT(refusal(registry_.join(facts("k", secret + "x"), noon())), HasSubstr("not known"));
  EXPECT_THAT(refusal(registry_.join(facts("k", ""), noon())), HasSubstr("not known"));
  EXPECT_THAT(refusal(registry_.join(facts("k", secret), noon() + std::chrono::minutes(15))),
              HasSubstr("expired"));
  keep(registry_.revoke_token(secret.substr(0, secret.find('.')), "me", noon()));
  EXPECT_THAT(refusal(registry_.join(facts("k", secret), noon())), HasSubstr("revoked"));
}

TEST_F(Book, ABanIsForGoodAndFreesTheName) {
  keep(registry_.join(facts("k1", token(true, 1, "web")), noon()));
  EXPECT_THAT(refusal(registry_.join(facts("k2", token(true, 1, "web")), noon())),
              HasSubstr("named web already"));
  keep(registry_.set_state("web", ProbeState::Banned, "me", "stolen", noon()));
  EXPECT_THAT(refusal(registry_.join(facts("k1", ""), noon())), HasSubstr("banned: stolen"));
  EXPECT_THAT(refusal(registry_.set_state("k1", ProbeState::Active, "me", "", noon())),
              HasSubstr("for good"));
  EXPECT_FALSE(registry_.join(facts("k2", token(true, 1, "web")), noon()).refused);
}

TEST_F(Book, IsTheFoldOfItsRecords) {
  keep(registry_.join(facts("k1", token(true, 3)), noon()));
  keep(registry_.join(facts("k2", token()), noon()));
  keep(registry_.set_state("k1", ProbeState::Drained, "me", "tired", noon()));
  Registry again;
  for (const auto& record : records_) ASSERT_TRUE(again.apply(record.kind, record.body));
  ASSERT_EQ(again.probes().size(), registry_.probes().size());
  for (const auto& [id, probe] : registry_.probes()) {
    EXPECT_EQ(again.probe(id)->state, probe.state);
    EXPECT_EQ(again.probe(id)->key_der, probe.key_der);
    EXPECT_EQ(again.probe(id)->why, probe.why);
  }
  for (const auto& [id, entry] : registry_.tokens()) {
    EXPECT_EQ(again.tokens().at(id).uses_left, entry.uses_left);
  }
  for (const auto& record : records_)
    EXPECT_EQ(record.body.find("aaaaaaaa"), std::string::npos) << "a secret is kept";
}

// ---- sessions ----

std::string outcome_line(std::uint64_t id) {
  return protocol::encode(protocol::OutcomeReport{.id = id, .outcome = core::Outcome::Refused}) +
         "\n";
}

TEST(SessionStream, HandsOnWhatComesEvenInPieces) {
  SessionStream stream(false);
  const auto line = outcome_line(4);
  ASSERT_TRUE(stream.feed(line.substr(0, 10)));
  EXPECT_TRUE(stream.take_ready().empty());
  ASSERT_TRUE(stream.feed(line.substr(10)));
  EXPECT_EQ(stream.take_ready().size(), 1U);
  EXPECT_FALSE(stream.feed("nonsense\n"));
}

TEST(SessionStream, ParksWhatAResumedRunHasNotAskedForYet) {
  SessionStream stream(true);
  ASSERT_TRUE(stream.feed(outcome_line(7)));
  EXPECT_TRUE(stream.take_ready().empty());
  EXPECT_TRUE(stream.knows(7));
  EXPECT_FALSE(stream.asked(protocol::AttemptOrder{.id = 8})) << "the probe must be asked";
  EXPECT_TRUE(stream.asked(protocol::AttemptOrder{.id = 7}));
  EXPECT_EQ(stream.take_ready().size(), 1U);
  ASSERT_TRUE(stream.feed(outcome_line(8)));
  EXPECT_EQ(stream.take_ready().size(), 1U) << "asked before it came";
}

// ---- zones ----

TEST(TimeZones, ComeFromTheMachine) {
  const auto zone = zone_rules("Europe/Berlin", noon());
  ASSERT_TRUE(zone) << zone.error().message;
  EXPECT_EQ(zone->offset_at(noon()), std::chrono::hours(1));
  EXPECT_EQ(zone->offset_at(*core::parse_wall_time("2027-07-01T00:00:00Z")), std::chrono::hours(2));
  EXPECT_THAT(zone_rules("Europe/Nowhere", noon()).error().message, HasSubstr("Europe/Nowhere"));
}

// ---- compression ----

TEST(Compression, ComesBackAndIsBounded) {
  const std::string text(100'000, 'x');
  const auto frame = host::compress(text);
  EXPECT_LT(frame.size(), 1000U);
  EXPECT_EQ(host::decompress(frame, text.size()).value(), text);
  EXPECT_FALSE(host::decompress(frame, text.size() - 1)) << "a bomb";
  EXPECT_FALSE(host::decompress(frame.substr(0, frame.size() - 3), text.size()));
  EXPECT_FALSE(host::decompress(frame + "x", text.size()));
  EXPECT_FALSE(host::decompress("no frame", 100));
}

// ---- the plane ----

class PlaneTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto now =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    now_ = now;
    auto authority = Authority::open((folder_ / "authority").string(), now);
    ASSERT_TRUE(authority) << authority.error().message;
    authority_.emplace(std::move(*authority));
    auto issued = authority_->issue_server({"127.0.0.1"}, now);
    ASSERT_TRUE(issued);
    options_.certificate_pem = issued->certificate;
    options_.key_pem = issued->key;
    options_.authority_pem = authority_->certificate();
    key_.emplace(*protocol::KeyPair::generate(protocol::KeyPair::Kind::P256));
  }
  void start() {
    auto plane = ProbePlane::start(options_, [this](PlaneRequest request, const PlaneReply& reply) {
      reply({.status = 200,
             .body = request.path + " " + (request.certified ? "certified" : "own") + " " +
                     (request.key == key_->public_key().fingerprint() ? "key" : "?") + " " +
                     std::to_string(request.body.size())});
    });
    ASSERT_TRUE(plane) << plane.error().message;
    plane_ = std::move(*plane);
  }
  host::HttpsOptions client(bool certified) const {
    host::HttpsOptions options;
    options.tls13_only = true;
    options.ca_pem = authority_->certificate();
    options.key_pem = key_->pem();
    options.certificate_pem =
        certified
            ? *authority_->issue_probe(key_->public_key(), "test", now_, std::chrono::hours(1))
            : *protocol::issue_certificate({.common_name = "x",
                                            .from = now_ - std::chrono::hours(1),
                                            .until = now_ + std::chrono::hours(1)},
                                           key_->public_key(), *key_, "");
    return options;
  }
  Result<host::HttpsResponse> post(host::HttpsOptions options, const std::string& path,
                                   std::string body, std::vector<std::string> headers = {}) const {
    host::HttpsClient http(std::move(options));
    return http.perform({.method = "POST",
                         .url = "https://127.0.0.1:" + std::to_string(plane_->port()) + path,
                         .headers = std::move(headers),
                         .body = std::move(body),
                         .timeout = std::chrono::seconds(10)});
  }
  int connected() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(plane_->port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    return fd;
  }

  testing::TemporaryFolder folder_;
  core::WallTime now_{};
  std::optional<Authority> authority_;
  std::optional<protocol::KeyPair> key_;
  ProbePlane::Options options_;
  std::unique_ptr<ProbePlane> plane_;
};

TEST_F(PlaneTest, TellsACertificateOfOursFromOneThatAProbeMadeItself) {
  start();
  EXPECT_EQ(post(client(true), "/a", "12")->body, "/a certified key 2");
  EXPECT_EQ(post(client(false), "/a", "12")->body, "/a own key 2");
}

TEST_F(PlaneTest, WantsAClientCertificateAndTls13) {
  start();
  auto bare = client(true);
  bare.certificate_pem.clear();
  bare.key_pem.clear();
  EXPECT_FALSE(post(bare, "/a", "x"));
  EXPECT_FALSE(post(client(true), "/a", "x", {}).value().body.empty());
  EXPECT_GE(plane_->counters().handshakes_failed, 1U);
}

TEST_F(PlaneTest, APinnedAuthorityIsBelievedAndAnotherIsNot) {
  start();
  auto pinned = client(false);
  pinned.ca_pem.clear();
  const auto bytes = *core::from_hex(authority_->pin());
  pinned.ca_pin.emplace();
  std::copy(bytes.begin(), bytes.end(), pinned.ca_pin->begin());
  EXPECT_TRUE(post(pinned, "/a", "x"));
  pinned.ca_pin->front() ^= 1U;
  EXPECT_FALSE(post(pinned, "/a", "x"));
}

TEST_F(PlaneTest, BoundsWhatItReads) {
  options_.body_bytes_max = 1000;
  start();
  EXPECT_EQ(post(client(true), "/a", std::string(1001, 'x'))->status, 413);
  EXPECT_EQ(post(client(true), "/a", "x", {"X-Long: " + std::string(20'000, 'y')})->status, 431);
  EXPECT_EQ(post(client(true), "/" + std::string(500, 'z'), "x")->status, 404);
  EXPECT_EQ(post(client(true), "/a", "junk", {"Content-Encoding: zstd"})->status, 400);
  const auto bomb = host::compress(std::string(8U << 20U, 'x'));
  ASSERT_LT(bomb.size(), 1000U);
  EXPECT_EQ(post(client(true), "/a", bomb, {"Content-Encoding: zstd"})->status, 400);
  EXPECT_EQ(post(client(true), "/a", host::compress("fine"), {"Content-Encoding: zstd"})->body,
            "/a certified key 4");
}

TEST_F(PlaneTest, AskedTooOftenItSaysSo) {
  options_.requests_per_second = 5;
  start();
  host::HttpsClient http(client(true));
  int refused = 0;
  for (int i = 0; i < 12; ++i) {
    const auto answer =
        http.perform({.method = "POST",
                      .url = "https://127.0.0.1:" + std::to_string(plane_->port()) + "/a",
                      .body = "x"});
    refused += answer && answer->status == 429 ? 1 : 0;
  }
  EXPECT_GE(refused, 1);
}

TEST_F(PlaneTest, CutsOffSlowClientsAndHasRoomForOthersMeanwhile) {
  options_.handshake_max = std::chrono::seconds(1);
  options_.unproven_per_address_max = 20;
  start();
  std::vector<int> idle;
  for (int i = 0; i < 40; ++i) idle.push_back(connected());
  for (int i = 0; i < 40 && plane_->counters().cut_off < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_GE(plane_->counters().cut_off, 20U);
  EXPECT_GE(plane_->counters().refused, 20U);
  EXPECT_TRUE(post(client(true), "/a", "x"));
  for (const int fd : idle) ::close(fd);
}

TEST_F(PlaneTest, EndsTheConnectionsOfAKeyAtOnce) {
  start();
  host::HttpsClient http(client(true));
  const host::HttpsRequest request{
      .method = "POST",
      .url = "https://127.0.0.1:" + std::to_string(plane_->port()) + "/a",
      .body = "x"};
  ASSERT_TRUE(http.perform(request));
  EXPECT_EQ(plane_->counters().connections, 1U);
  plane_->close_key(key_->public_key().fingerprint());
  for (int i = 0; i < 50 && plane_->counters().connections > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(plane_->counters().connections, 0U);
}

TEST(AuthorityFolder, WithAPartMissingIsNotMadeAnew) {
  const testing::TemporaryFolder folder;
  const auto path = (folder / "a").string();
  const auto pin = Authority::open(path, noon())->pin();
  EXPECT_EQ(Authority::open(path, noon())->pin(), pin);
  std::filesystem::remove(folder / "a" / "ca.key");
  EXPECT_THAT(Authority::open(path, noon()).error().message, HasSubstr("restore"));
}

}  // namespace
}  // namespace reachproof::orchestrator
