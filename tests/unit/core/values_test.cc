// Addresses, blocks, ports, rates, durations, hexadecimal and the words of enums.
#include <gmock/gmock.h>

#include "core/address.h"
#include "core/flow.h"
#include "core/hex.h"
#include "core/observation.h"
#include "core/rate.h"
#include "core/verdict.h"

namespace reachproof::core {
namespace {

using std::chrono::milliseconds;

IpAddress ip(const char* text) {
  return *IpAddress::parse(text);
}
Cidr cidr(const char* text) {
  return *Cidr::parse(text);
}

TEST(IpAddress, IsWrittenAsItIsRead) {
  for (const auto* text : {"0.0.0.0", "10.9.0.5", "255.255.255.255", "::", "::1", "fd00:30::5",
                           "2001:db8::ff00:42:8329"}) {
    EXPECT_EQ(ip(text).text(), text);
  }
  EXPECT_EQ(ip("FD00:0030:0:0::0005"), ip("fd00:30::5"));
}

TEST(IpAddress, RefusesWhatIsNotExactlyAnAddress) {
  for (const auto* text :
       {"", "10.0.0", "10.0.0.256", "10.0.0.1 ", " 10.0.0.1", "10.0.0.1/32", "010.0.0.1",
        "0x0a.0.0.1", "1", "[::1]", "fe80::1%eth0", ":::", "1::2::3", "12345::", "host"}) {
    EXPECT_EQ(IpAddress::parse(text), std::nullopt) << text;
  }
  EXPECT_EQ(IpAddress::parse(std::string_view("10.0.0.1\0", 9)), std::nullopt);
}

TEST(IpAddress, OfTwoFamiliesAreNeverEqual) {
  EXPECT_NE(ip("0.0.0.0"), ip("::"));
  EXPECT_EQ(ip("::").family(), Family::V6);
  EXPECT_EQ(ip("0.0.0.0").size(), 4U);
}

TEST(IpAddress, ThatIsMappedIntoIpv6StandsForTheIpv4One) {
  EXPECT_EQ(ip("::ffff:10.0.0.1").unmapped(), ip("10.0.0.1"));
  EXPECT_EQ(ip("::10.0.0.1").unmapped(), ip("::10.0.0.1"));
  EXPECT_EQ(ip("fd00::1").unmapped(), ip("fd00::1"));
  EXPECT_EQ(ip("10.0.0.1").unmapped(), ip("10.0.0.1"));
}

TEST(Cidr, RefusesHostBitsAndImpossiblePrefixes) {
  for (const auto* text :
       {"10.0.0.1/24", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0", "/8", "::1/64",
        "::/129", "10.0.0.0/8/8", "10.0.0.0/8 ", "10.0.0.0/+8", "128.0.0.0/0"}) {
    EXPECT_EQ(Cidr::parse(text), std::nullopt) << text;
  }
}

TEST(Cidr, IsWrittenAsItIsRead) {
  for (const auto* text : {"0.0.0.0/0", "10.0.0.0/8", "10.9.0.5/32", "::/0", "fd00::/9"}) {
    EXPECT_EQ(cidr(text).text(), text);
  }
}

TEST(Cidr, ContainsExactlyItsAddresses) {
  EXPECT_TRUE(cidr("10.9.0.0/23").contains(ip("10.9.1.255")));
  EXPECT_FALSE(cidr("10.9.0.0/23").contains(ip("10.9.2.0")));
  EXPECT_FALSE(cidr("10.9.0.0/23").contains(ip("10.8.255.255")));
  EXPECT_TRUE(cidr("0.0.0.0/0").contains(ip("255.255.255.255")));
  EXPECT_FALSE(cidr("0.0.0.0/0").contains(ip("::1")));
  EXPECT_FALSE(cidr("::/0").contains(ip("10.0.0.1")));
  EXPECT_TRUE(cidr("fe80::/10").contains(ip("febf::1")));
  EXPECT_FALSE(cidr("fe80::/10").contains(ip("fec0::1")));
}

TEST(Cidr, OverlapsExactlyWhereOneContainsTheOther) {
  EXPECT_TRUE(cidr("10.0.0.0/8").overlaps(cidr("10.255.0.0/16")));
  EXPECT_TRUE(cidr("10.255.0.0/16").overlaps(cidr("10.0.0.0/8")));
  EXPECT_FALSE(cidr("10.0.0.0/9").overlaps(cidr("10.128.0.0/9")));
  EXPECT_FALSE(cidr("0.0.0.0/0").overlaps(cidr("::/0")));
}

TEST(PortRange, IsWrittenAsItIsRead) {
  for (const auto* text : {"tcp/1", "udp/53", "tcp/443", "tcp/5985-5986", "udp/1-65535"}) {
    ASSERT_TRUE(PortRange::parse(text)) << text;
    EXPECT_EQ(PortRange::parse(text)->text(), text);
  }
  EXPECT_EQ(PortRange::parse("tcp/80-80")->text(), "tcp/80");
  EXPECT_EQ(PortRange::parse("tcp/1-65535")->size(), 65535U);
}

TEST(PortRange, APingHasNoPort) {
  const auto echo = PortRange::parse("icmp/echo");
  ASSERT_TRUE(echo);
  EXPECT_EQ(echo->text(), "icmp/echo");
  EXPECT_EQ(echo->size(), 1U);
  EXPECT_EQ((ProtocolPort{Protocol::Icmp, 0}.text()), "icmp/echo");
  for (const auto* text : {"icmp/8", "icmp/0", "icmp", "tcp/echo", "icmp/echo-9"}) {
    EXPECT_EQ(PortRange::parse(text), std::nullopt) << text;
  }
}

TEST(PortRange, RefusesPortsThatDoNotExist) {
  for (const auto* text :
       {"",        "tcp",     "tcp/",   "tcp/0",     "tcp/65536",
        "tcp/0-5", "tcp/5-4", "tcp/5-", "tcp/-5",    "tcp/1-2-3",
        "TCP/80",  "sctp/80", "icmp",   "tcp/ 80",   "tcp/80 ",
        "tcp/080", "tcp/+80", "80",     "tcp/80,81", "tcp/99999999999999999999"}) {
    EXPECT_EQ(PortRange::parse(text), std::nullopt) << text;
  }
}

TEST(PortRange, OfAnotherProtocolNeitherContainsNorOverlaps) {
  const auto web = *PortRange::parse("tcp/80-90");
  EXPECT_TRUE(web.contains(Protocol::Tcp, 80));
  EXPECT_TRUE(web.contains(Protocol::Tcp, 90));
  EXPECT_FALSE(web.contains(Protocol::Tcp, 91));
  EXPECT_FALSE(web.contains(Protocol::Udp, 85));
  EXPECT_TRUE(web.overlaps(*PortRange::parse("tcp/90-100")));
  EXPECT_FALSE(web.overlaps(*PortRange::parse("tcp/91-100")));
  EXPECT_FALSE(web.overlaps(*PortRange::parse("udp/80-90")));
}

TEST(Rate, ReadsEventsInAPeriod) {
  EXPECT_EQ(Rate::parse("50/s"), (Rate{50, std::chrono::seconds(1)}));
  EXPECT_EQ(Rate::parse("30/m"), (Rate{30, std::chrono::seconds(60)}));
  EXPECT_EQ(Rate::parse("2/h"), (Rate{2, std::chrono::seconds(3600)}));
  for (const auto* text : {"", "50", "/s", "0/s", "-1/s", "50/d", "50 /s", "1.5/s", "50/s ",
                           "1000001/s", "50/S", "+1/s"}) {
    EXPECT_EQ(Rate::parse(text), std::nullopt) << text;
  }
}

TEST(Rate, ItsPauseNeverLetsMoreThroughThanItSays) {
  for (const std::uint32_t count : {1U, 3U, 7U, 50U, 60U, 999U, 1000000U}) {
    for (const int seconds : {1, 60, 3600}) {
      const Rate rate{count, std::chrono::seconds(seconds)};
      // Events at 0, i, 2i, ...: the one after the last permitted must not fall into the period.
      EXPECT_GE(rate.interval() * count, std::chrono::seconds(seconds)) << count << "/" << seconds;
    }
  }
}

TEST(Duration, ReadsOneNumberWithItsUnit) {
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("3s"), milliseconds(3000));
  EXPECT_EQ(parse_duration("10m"), milliseconds(600000));
  EXPECT_EQ(parse_duration("3h"), std::chrono::hours(3));
  EXPECT_EQ(parse_duration("7d"), std::chrono::hours(168));
  for (const auto* text : {"", "3", "s", "0s", "-3s", "3 s", "3s ", "3.5s", "1h30m", "3S", "3us",
                           "99999999999999999999s", "0ms"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Duration, TheLongestDoesNotOverflow) {
  EXPECT_EQ(parse_duration("1000000000d"), std::chrono::hours(24000000000));
}

TEST(Hex, IsLowerCaseAndWhole) {
  EXPECT_EQ(hex(std::vector<std::uint8_t>{0, 0x7f, 0xff}), "007fff");
  EXPECT_EQ(from_hex("007fff"), (std::vector<std::uint8_t>{0, 0x7f, 0xff}));
  EXPECT_EQ(from_hex(""), std::vector<std::uint8_t>{});
  for (const auto* text : {"0", "0g", "0F", "0x", " 0"}) EXPECT_EQ(from_hex(text), std::nullopt);
}

/// Each value of 0..last has a word of its own, which leads back to it.
template <class Enum, class Of>
void expect_words(Enum last, Of of) {
  std::set<std::string_view> words;
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const auto value = static_cast<Enum>(i);
    EXPECT_NE(word(value), "?") << i;
    EXPECT_EQ(of(word(value)), value) << i;
    EXPECT_TRUE(words.insert(word(value)).second) << word(value);
  }
  EXPECT_FALSE(of("?"));
  EXPECT_FALSE(of(""));
}

TEST(Words, LeadBothWays) {
  expect_words(Outcome::NotRun, outcome_of);
  expect_words(NonceAnswer::Returned, nonce_answer_of);
  expect_words(HostAnswer::OtherIcmp, host_answer_of);
  expect_words(WitnessState::Lost, witness_state_of);
  expect_words(PortState::NotListening, port_state_of);
  expect_words(SourceProof::Reached, source_proof_of);
  expect_words(Expectation::Permit, expectation_of);
  expect_words(Reachability::Inconclusive, reachability_of);
  expect_words(Proof::Proved, proof_of);
  expect_words(CheckResult::Excepted, check_result_of);
  expect_words(Reason::NoAttempts, reason_of);
  expect_words(Protocol::Udp, protocol_of);
}

TEST(Words, EveryReasonHasASentence) {
  for (int i = 0; i <= static_cast<int>(Reason::NoAttempts); ++i) {
    EXPECT_GT(sentence(static_cast<Reason>(i)).size(), 5U) << i;
  }
}

TEST(Summary, TellsAnAttemptInAPersonsWords) {
  Attempt attempt{.outcome = Outcome::Unreachable};
  attempt.icmp = IcmpError{3, 13, ip("10.0.0.1")};
  EXPECT_EQ(summary(attempt), "unreachable 3/13 from 10.0.0.1");
  Attempt back{.outcome = Outcome::Connected, .nonce = NonceAnswer::Returned};
  EXPECT_EQ(summary(back), "connected, nonce back");
  EXPECT_EQ(summary({.outcome = Outcome::NotRun, .detail = "stopped"}), "not-run (stopped)");
}

}  // namespace
}  // namespace reachproof::core
