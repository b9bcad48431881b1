// Every dialogue against a hostile server, without a network: whatever comes, in whatever pieces,
// it ends or asks for more, never trusts a length, and says nothing that is not printable.
#include "probe/dialogue/dialogue.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <random>

#include "probe/dialogue/conversation.h"
#include "probe/dialogue/dialogue_run.h"

namespace reachproof::probe {
namespace {

using State = core::Exchange::State;

std::vector<core::Ask> all_asks() {
  std::vector<core::Ask> asks{
      {.layer = core::Layer::Dns, .name = "db.example"},
      {.layer = core::Layer::Dns, .name = "db.example", .type = core::DnsType::Aaaa}};
  for (const auto& service : core::known_services()) {
    core::Ask ask{.layer = core::Layer::Service, .service = std::string(service.name)};
    asks.push_back(ask);
    ask.exercise = true;
    if (service.exercises) asks.push_back(ask);
  }
  return asks;
}

std::mt19937 seeded() {
  const char* given = std::getenv("REACHPROOF_SEED");
  const auto seed = given == nullptr ? std::random_device{}()
                                     : static_cast<unsigned>(std::strtoul(given, nullptr, 10));
  ::testing::Test::RecordProperty("REACHPROOF_SEED", std::to_string(seed));
  return std::mt19937(seed);
}

/// Feeds the bytes in pieces; the exchange, once it is over or the peer has closed.
core::Exchange told(const core::Ask& ask, std::string_view bytes, std::size_t piece) {
  DialogueRun run(dialogue_for(ask, false));
  run.begin();
  for (std::size_t at = 0; at < bytes.size() && !run.over(); at += piece) {
    run.feed(bytes.substr(at, piece));
  }
  run.closed();
  EXPECT_TRUE(run.over());
  for (const char c : run.exchange().says) EXPECT_TRUE(c >= 0x20 && c < 0x7f);
  EXPECT_LE(run.exchange().says.size(), 300U);
  return run.exchange();
}

TEST(Dialogue, EveryKnownServiceCanBeAskedOverWhatItSaysAndOverNothingElse) {
  for (const auto& ask : all_asks()) {
    if (ask.layer != core::Layer::Service) continue;
    const auto& service = *core::service_named(ask.service);
    EXPECT_EQ(can_ask(ask, core::Protocol::Tcp), service.over_tcp) << ask.service;
    EXPECT_EQ(can_ask(ask, core::Protocol::Udp), service.over_udp) << ask.service;
    const bool http = http_service(ask.service) != nullptr;
    EXPECT_EQ(dialogue_for(ask, !service.over_tcp) != nullptr, !http) << ask.service;
    if (service.over_udp) {
      EXPECT_NE(dialogue_for(ask, true), nullptr) << ask.service;
    }
  }
}

TEST(Dialogue, NoiseIsNeverAnAnswerNorARefusal) {
  auto random = seeded();
  for (const auto& ask : all_asks()) {
    if (dialogue_for(ask, false) == nullptr) continue;
    for (int round = 0; round < 300; ++round) {
      std::string noise(std::uniform_int_distribution<std::size_t>(1, 600)(random), '\0');
      for (auto& c : noise) c = static_cast<char>(std::uniform_int_distribution<>(0, 255)(random));
      // A letter that a one-byte answer could be is not noise where it comes alone.
      if (noise.size() < 3) noise += "\x01\x01";
      const auto exchange = told(ask, noise, 1 + noise.size() / 3);
      EXPECT_TRUE(exchange.state == State::Garbled || exchange.state == State::Closed)
          << core::label_of(ask) << ": " << core::word(exchange.state) << " " << exchange.says;
    }
  }
}

TEST(Dialogue, AnEchoOfWhatWeSentIsNotTheService) {
  for (const auto& ask : all_asks()) {
    auto dialogue = dialogue_for(ask, false);
    if (dialogue == nullptr) continue;
    const auto opening = dialogue->opening();
    if (opening.empty()) continue;
    DialogueRun run(std::move(dialogue));
    run.feed(opening);
    run.closed();
    EXPECT_NE(run.exchange().state, State::Answered) << core::label_of(ask);
    EXPECT_NE(run.exchange().state, State::Refused) << core::label_of(ask);
  }
}

TEST(Dialogue, LengthsThatLieAreNotFollowed) {
  const std::string huge("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12);
  for (const auto& ask : all_asks()) {
    if (dialogue_for(ask, false) == nullptr) continue;
    for (const auto* head :
         {"\x30\x84", "\x03\x00", "\x02\x00", "\xfeSMB", "E", "R", "\x04", "\x16"}) {
      std::string bytes = std::string(head, 2) + huge;
      bytes += std::string(70'000, 'x');
      const auto exchange = told(ask, bytes, 1000);
      EXPECT_NE(exchange.state, State::Answered) << core::label_of(ask);
      EXPECT_NE(exchange.state, State::Refused) << core::label_of(ask);
    }
  }
}

/// Byte-exact answers from the protocols' specifications, where Debian has no server that gives
/// them; each is recognised whole, in single bytes, and not before its end.
struct Recorded {
  const char* what;
  core::Ask ask;
  std::string bytes;
  State expected;
};

core::Ask service(const std::string& name, bool exercise = false) {
  return {.layer = core::Layer::Service, .service = name, .exercise = exercise};
}

std::string text(const char* bytes, std::size_t size) {
  return {bytes, size};
}

class RecordedAnswer : public ::testing::TestWithParam<Recorded> {};

TEST_P(RecordedAnswer, IsRecognisedInPiecesAndNotBeforeItsEnd) {
  const auto& [what, ask, bytes, expected] = GetParam();
  EXPECT_EQ(told(ask, bytes, bytes.size()).state, expected) << told(ask, bytes, 9999).says;
  EXPECT_EQ(told(ask, bytes, 1).state, expected);
  const auto cut = told(ask, std::string_view(bytes).substr(0, bytes.size() - 1), 5);
  EXPECT_TRUE(cut.state == State::Garbled || cut.state == State::Closed) << cut.says;
}

INSTANTIATE_TEST_SUITE_P(
    Specifications, RecordedAnswer,
    ::testing::Values(
        // MS-TDS 2.2.6.5: PRELOGIN response of version 15.0.2000, encryption off.
        Recorded{"mssql", service("mssql"),
                 text("\x04\x01\x00\x1a\x00\x00\x01\x00\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff"
                      "\x0f\x00\x07\xd0\x00\x00\x00",
                      26),
                 State::Answered},
        // MySQL: error packet 1130 before any handshake.
        Recorded{"mysql_refuses", service("mysql"),
                 text("\x0f\x00\x00\x00\xff\x6a\x04Host denied", 18) + "x", State::Refused},
        // MS-RDPBCGR 2.2.1.2: connection confirm, CredSSP chosen; and a failure, NLA demanded.
        Recorded{
            "rdp", service("rdp"),
            text("\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x00\x08\x00\x02\x00\x00\x00",
                 19),
            State::Answered},
        Recorded{
            "rdp_failure", service("rdp"),
            text("\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x03\x00\x08\x00\x05\x00\x00\x00",
                 19),
            State::Answered},
        // RFC 6143 7.1.1.
        Recorded{"vnc", service("vnc"), "RFB 003.008\n", State::Answered},
        Recorded{"smtp", service("smtp"), "220 mail.example ESMTP\r\n", State::Answered},
        Recorded{"smtp_refuses", service("smtp"), "554 no service here\r\n", State::Refused},
        // MLLP: an acknowledgment, and a negative one.
        Recorded{"hl7", service("hl7", true),
                 "\x0bMSH|^~\\&|LAB|H|||20261127||ACK|1|P|2.3\rMSA|AA|1\r\x1c\r", State::Answered},
        Recorded{"hl7_reject", service("hl7", true),
                 "\x0bMSH|^~\\&|LAB|H|||20261127||ACK|1|P|2.3\rMSA|AR|1\r\x1c\r", State::Answered},
        // PS3.8 9.3.4: A-ASSOCIATE-RJ, permanent, by the service user, calling AE not recognised.
        Recorded{"dicom_rejects", service("dicom"),
                 text("\x03\x00\x00\x00\x00\x04\x00\x01\x01\x03", 10), State::Refused}),
    [](const auto& tested) { return std::string(tested.param.what); });

}  // namespace
}  // namespace reachproof::probe
