// Keys, certificates, envelopes, grants and the fleet's messages.
#include <gtest/gtest.h>

#include "core/base64.h"
#include "protocol/certificate.h"
#include "protocol/dsse.h"
#include "protocol/fleet.h"
#include "protocol/grant.h"

namespace reachproof::protocol {
namespace {

KeyPair key(KeyPair::Kind kind = KeyPair::Kind::P256) {
  return *KeyPair::generate(kind);
}

core::WallTime noon() {
  return *core::parse_wall_time("2026-11-26T12:00:00Z");
}

TEST(Keys, BothKindsSignAndAreReadAgain) {
  for (const auto kind : {KeyPair::Kind::P256, KeyPair::Kind::Ed25519}) {
    const auto pair = key(kind);
    const auto again = KeyPair::from_pem(pair.pem());
    ASSERT_TRUE(again);
    const auto signature = again->sign("words");
    EXPECT_TRUE(pair.public_key().verify("words", signature));
    EXPECT_FALSE(pair.public_key().verify("word", signature));
    EXPECT_FALSE(key(kind).public_key().verify("words", signature));
    EXPECT_EQ(PublicKey::from_pem(pair.public_key().pem())->fingerprint(),
              PublicKey::from_der(pair.public_key().der())->fingerprint());
  }
  EXPECT_FALSE(KeyPair::from_pem("nonsense"));
}

TEST(Certificates, OfAProbeHaveItsSpiffeIdAndKey) {
  const auto authority = key();
  const CertificateOrder ca{.common_name = "CA",
                            .authority = true,
                            .from = noon(),
                            .until = noon() + std::chrono::hours(9)};
  const auto root = issue_certificate(ca, authority.public_key(), authority, "");
  ASSERT_TRUE(root);
  const auto probe = key();
  const CertificateOrder order{.common_name = "probe",
                               .uri = "spiffe://example.org/probe/1",
                               .from = noon(),
                               .until = noon() + std::chrono::hours(1)};
  const auto pem = issue_certificate(order, probe.public_key(), authority, *root);
  ASSERT_TRUE(pem);
  const auto facts = read_certificate(*pem);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->uri, "spiffe://example.org/probe/1");
  EXPECT_EQ(facts->until, noon() + std::chrono::hours(1));
  EXPECT_EQ(facts->key_fingerprint, probe.public_key().fingerprint());
}

TEST(Certificates, ARequestProvesItsKey) {
  const auto pair = key();
  const auto request = certificate_request(pair, "probe");
  ASSERT_TRUE(request);
  EXPECT_EQ(key_of_request(*request)->fingerprint(), pair.public_key().fingerprint());
  auto broken = *request;
  broken[broken.size() / 2] = broken[broken.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(key_of_request(broken));
}

TEST(Dsse, ThePreAuthenticationEncodingIsThatOfTheSpecification) {
  EXPECT_EQ(pre_authentication_encoding("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

TEST(Dsse, OpensForATrustedKeyAndForNoOther) {
  const auto mine = key(KeyPair::Kind::Ed25519);
  const auto other = key(KeyPair::Kind::Ed25519);
  const auto envelope = sign_envelope("t", "payload", {mine});
  EXPECT_EQ(open_envelope(envelope, "t", {mine.public_key()}).value(), "payload");
  EXPECT_FALSE(open_envelope(envelope, "other", {mine.public_key()}));
  EXPECT_FALSE(open_envelope(envelope, "t", {other.public_key()}));
  EXPECT_FALSE(open_envelope(envelope, "t", {mine.public_key(), other.public_key()}, 2));
  // One key that signed twice is still one.
  const auto twice = sign_envelope("t", "payload", {mine, mine});
  EXPECT_FALSE(open_envelope(twice, "t", {mine.public_key(), other.public_key()}, 2));
}

TEST(Dsse, AChangedPayloadIsRefused) {
  const auto mine = key();
  auto envelope = sign_envelope("t", "payload", {mine});
  const auto at = envelope.find(core::base64(core::bytes_of("payload")));
  ASSERT_NE(at, std::string::npos);
  envelope.replace(at, 12, core::base64(core::bytes_of("pAyload")));
  EXPECT_FALSE(open_envelope(envelope, "t", {mine.public_key()}));
}

TEST(Grants, SurviveTheirEncodingAndKnowTheirTime) {
  Grant grant{
      .audience = "probe", .version = 7, .from = noon(), .until = noon() + std::chrono::hours(2)};
  grant.hours = core::HoursWindow::parse("11:00-13:00");
  grant.targets[*core::IpAddress::parse("10.0.0.1")].insert({core::Protocol::Tcp, 22});
  grant.watched.insert({core::Protocol::Udp, 53});
  grant.attempts_max = 5;
  grant.asks.insert(core::canonical({.layer = core::Layer::Http, .headers = {"Accept: a/b"}}));
  const auto again = decode_grant(encode(grant));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->targets, grant.targets);
  EXPECT_EQ(again->watched, grant.watched);
  EXPECT_EQ(again->asks, grant.asks);
  EXPECT_FALSE(again->objection_at(noon()));
  EXPECT_TRUE(again->objection_at(noon() - std::chrono::seconds(1)));
  EXPECT_TRUE(again->objection_at(noon() + std::chrono::minutes(61)));
  EXPECT_TRUE(again->objection_at(noon() + std::chrono::hours(2)));
}

TEST(FleetMessages, SurviveTheirEncoding) {
  ExchangeRequest request{.instance = "abc", .sequence = 3, .wait_ms = 150, .log_size = 9};
  request.offset = ClockOffset{.ms = -12, .error_ms = 3};
  request.sessions.push_back({.session = "r-1", .orders_got = 4, .last_batch = 2, .ended = true});
  request.batches.push_back({.session = "r-1", .sequence = 2, .lines = "{}\n", .signature = "sig"});
  const auto got = decode_exchange_request(encode(request));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->offset->ms, -12);
  EXPECT_EQ(got->sessions[0].last_batch, 2U);
  EXPECT_EQ(got->batches[0].lines, "{}\n");
  ExchangeAnswer answer{.received = noon(), .now = noon()};
  answer.heartbeat.time = noon();
  answer.orders.push_back({.session = "r-1", .number = 1, .line = "x"});
  answer.stop = StopOrder{.id = "1", .reason = "drill", .time = noon()};
  const auto back = decode_exchange_answer(encode(answer));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->orders[0].line, "x");
  EXPECT_EQ(back->stop->reason, "drill");
}

TEST(FleetMessages, ThatAreNotWhatTheyShouldBeAreRefused) {
  const auto sound = encode(ExchangeRequest{.instance = "abc"});
  EXPECT_TRUE(decode_exchange_request(sound));
  EXPECT_FALSE(decode_exchange_request("[]"));
  EXPECT_FALSE(decode_exchange_request("{}"));
  EXPECT_FALSE(decode_exchange_request(sound.substr(0, sound.size() - 1) + ",\"more\":1}"));
  ExchangeRequest crowded{.instance = "abc"};
  crowded.sessions.resize(kSessionsMax + 1);
  EXPECT_FALSE(decode_exchange_request(encode(crowded)));
  EXPECT_FALSE(decode_join_token("rpj_"));
  EXPECT_FALSE(decode_join_token("abc"));
  const JoinToken token{.url = "https://x", .ca_pin = std::string(64, 'a'), .secret = "i.s"};
  EXPECT_EQ(decode_join_token(encode(token))->secret, "i.s");
}

TEST(FleetMessages, ASignatureIsOfOneBatchAtOnePlace) {
  const auto pair = key();
  Batch batch{.session = "r-1", .sequence = 1, .lines = "a\n"};
  batch.signature = sign_base64(pair, batch_text(batch));
  EXPECT_TRUE(verify_base64(pair.public_key(), batch_text(batch), batch.signature));
  for (auto change : {&Batch::session, &Batch::lines}) {
    auto other = batch;
    other.*change += "b";
    EXPECT_FALSE(verify_base64(pair.public_key(), batch_text(other), batch.signature));
  }
  auto moved = batch;
  moved.sequence = 2;
  EXPECT_FALSE(verify_base64(pair.public_key(), batch_text(moved), batch.signature));
}

}  // namespace
}  // namespace reachproof::protocol
