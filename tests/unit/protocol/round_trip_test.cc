#include <gmock/gmock.h>

#include "core/hex.h"
#include "protocol/keyed_answer.h"
#include "tests/support/messages.h"

namespace reachproof::protocol {
namespace {

TEST(RoundTrip, EveryMessageIsReadAsItWasWritten) {
  const auto messages = test::full_messages();
  ASSERT_EQ(messages.size(), std::variant_size_v<Message>);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    ASSERT_EQ(messages[i].index(), i);
    const auto line = encode(messages[i]);
    const auto read = decode(line);
    ASSERT_TRUE(read.has_value()) << line << ": " << read.error().message;
    EXPECT_EQ(read->index(), i);
    EXPECT_EQ(encode(*read), line);
  }
}

TEST(RoundTrip, EveryMessageIsOneLine) {
  for (const auto& message : test::full_messages()) {
    EXPECT_EQ(encode(message).find('\n'), std::string::npos);
  }
  EXPECT_EQ(encode(Stop{.reason = "two\nlines"}).find('\n'), std::string::npos);
}

TEST(RoundTrip, ValuesSurviveFieldByField) {
  const auto order = std::get<AttemptOrder>(*decode(encode(test::full_messages()[3])));
  EXPECT_EQ(order.id, 9U);
  EXPECT_EQ(order.protocol, core::Protocol::Udp);
  EXPECT_EQ(order.address.text(), "10.0.0.2");
  EXPECT_EQ(order.port, 53);
  EXPECT_EQ(order.timeout.count(), 250);
  EXPECT_EQ(order.nonce, test::nonce(2));
  EXPECT_EQ(order.mss, 700);
  EXPECT_EQ(order.hostname, "db.example");
  const auto outcome = std::get<OutcomeReport>(*decode(encode(test::full_messages()[4])));
  EXPECT_EQ(outcome.outcome, core::Outcome::Unreachable);
  EXPECT_EQ(outcome.icmp, (core::IcmpError{3, 13, test::ip("10.0.0.254")}));
  EXPECT_EQ(outcome.error_number, 113);
  EXPECT_EQ(outcome.source_port, 40000);
  EXPECT_EQ(outcome.started.monotonic_us, 123456789);
  EXPECT_EQ(core::text(outcome.started.wall), "2026-11-30T01:02:03.456Z");
  EXPECT_EQ(outcome.answer, (std::vector<std::uint8_t>{1, 2, 3}));
  EXPECT_TRUE(outcome.answered);
  EXPECT_EQ(outcome.first_hop_ms, 17);
  const auto disarm = std::get<Disarm>(*decode(encode(test::full_messages()[5])));
  EXPECT_FALSE(disarm.last);
  EXPECT_EQ(disarm.tries.at(0).nonce, test::nonce(2));
  const auto seen = std::get<SightingReport>(*decode(encode(test::full_messages()[6])));
  EXPECT_TRUE(seen.tries.at(0).sighting.arrived);
  EXPECT_EQ(seen.tries.at(0).sighting.answer, core::HostAnswer::Reset);
}

TEST(RoundTrip, WhatIsOptionalMayBeLeftOut) {
  const auto order =
      AttemptOrder{.id = 1, .address = test::ip("::1"), .port = 1, .timeout = kTimeoutMax};
  const auto read = std::get<AttemptOrder>(*decode(encode(order)));
  EXPECT_FALSE(read.nonce);
  EXPECT_EQ(read.hostname, "");
  EXPECT_EQ(read.protocol, core::Protocol::Tcp);
  EXPECT_FALSE(std::get<OutcomeReport>(*decode(encode(OutcomeReport{}))).icmp);
}

TEST(RoundTrip, TheLargestMessagesFitIntoALine) {
  for (const auto& message : test::largest_messages()) {
    const auto line = encode(message);
    EXPECT_LE(line.size(), kLineBytesMax);
    const auto read = decode(line);
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(encode(*read), line);
  }
}

TEST(RoundTrip, TextsTooLongAreCutAndWhatIsNoTextIsReplaced) {
  const auto stop = [](std::string reason) {
    return std::get<Stop>(*decode(encode(Stop{.reason = std::move(reason)}))).reason;
  };
  EXPECT_EQ(stop(std::string(kTextBytesMax + 5, 'x')).size(), kTextBytesMax);
  EXPECT_EQ(stop("a\x01\xff\x1b[0m"),
            "a??"
            "?[0m");
}

TEST(Words, LeadBothWays) {
  for (int i = 0; i <= static_cast<int>(Listener::Unknown); ++i) {
    EXPECT_EQ(listener_of(word(static_cast<Listener>(i))), static_cast<Listener>(i));
  }
  for (int i = 0; i <= static_cast<int>(Refused::Why::Stopped); ++i) {
    EXPECT_EQ(refused_why_of(word(static_cast<Refused::Why>(i))), static_cast<Refused::Why>(i));
  }
  for (const auto what : {Done::What::Watch, Done::What::Stopped}) {
    EXPECT_EQ(done_what_of(word(what)), what);
  }
}

// The value is that of: head -c 32 /dev/zero | openssl dgst -sha256 -mac HMAC -macopt hexkey:00..00
TEST(KeyedAnswer, IsHmacSha256OfTheNonce) {
  EXPECT_EQ(core::hex(keyed_answer({}, {})),
            "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a");
  EXPECT_NE(keyed_answer(test::nonce(1), {}), keyed_answer({}, test::nonce(1)));
  EXPECT_NE(keyed_answer(test::nonce(1), test::nonce(2)), test::nonce(2));
}

TEST(RandomNonce, IsFresh) {
  EXPECT_NE(random_nonce(), random_nonce());
}

}  // namespace
}  // namespace reachproof::protocol
