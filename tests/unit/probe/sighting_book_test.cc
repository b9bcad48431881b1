#include "probe/sighting_book.h"

#include <gmock/gmock.h>

namespace reachproof::probe {
namespace {

using core::HostAnswer;
using core::Protocol;
using protocol::ExpectedTry;

const char* const kVantage = "10.1.0.5";
const char* const kNat = "192.0.2.1";
const char* const kHost = "10.2.0.7";

core::IpAddress ip(const char* text) {
  return *core::IpAddress::parse(text);
}

protocol::Nonce nonce_of(std::uint8_t first) {
  protocol::Nonce nonce{};
  nonce[0] = first;
  return nonce;
}

Packet syn(const char* from, core::Port source_port, std::uint16_t mss, const char* to = kHost,
           core::Port port = 443) {
  return {.kind = Packet::Kind::Syn,
          .ends = {Protocol::Tcp, ip(from), source_port, ip(to), port},
          .mss = mss};
}

/// What the host sent back to the packet.
Packet back(const Packet& packet, Packet::Kind kind) {
  Packet answer = packet;
  answer.kind = kind;
  answer.outgoing = true;
  answer.ends = packet.ends.reversed();
  return answer;
}
Packet icmp_about(const Packet& packet, std::uint8_t type, std::uint8_t code) {
  Packet answer = packet;
  answer.kind = Packet::Kind::IcmpError;
  answer.outgoing = true;
  answer.icmp_type = type;
  answer.icmp_code = code;
  return answer;
}

ExpectedTry tcp_try(std::uint64_t id, core::Port source_port, std::uint16_t mss) {
  return {.id = id,
          .port = {Protocol::Tcp, 443},
          .source = ip(kVantage),
          .source_port = source_port,
          .mss = mss};
}

class SightingBookTest : public testing::Test {
 protected:
  SightingBookTest() {
    book_.watch({{Protocol::Tcp, 443}, {Protocol::Udp, 53}});
    book_.set_local({ip(kHost), ip("fd00::7")});
  }
  Packet datagram(const char* from, core::Port source_port, const protocol::Nonce& nonce) {
    kept_.push_back(std::make_unique<protocol::Nonce>(nonce));
    return {.kind = Packet::Kind::Datagram,
            .ends = {Protocol::Udp, ip(from), source_port, ip(kHost), 53},
            .payload = *kept_.back(),
            .payload_bytes = 32};
  }
  core::Sighting of(const ExpectedTry& wanted) const {
    return book_.look_up({wanted}).at(0).sighting;
  }
  bool arrived(const ExpectedTry& wanted) const { return of(wanted).arrived; }

  SightingBook book_;
  std::vector<std::unique_ptr<protocol::Nonce>> kept_;
};

TEST_F(SightingBookTest, NothingNotedIsNothingSeen) {
  EXPECT_FALSE(arrived(tcp_try(1, 40000, 700)));
  EXPECT_TRUE(book_.look_up({}).empty());
}

TEST_F(SightingBookTest, ATryIsRecognisedByItsEndsAndAnsweredInOrder) {
  book_.note(syn(kVantage, 40000, 700));
  const auto seen = book_.look_up({tcp_try(7, 40001, 701), tcp_try(8, 40000, 700)});
  EXPECT_EQ(seen.at(0).id, 7U);
  EXPECT_FALSE(seen.at(0).sighting.arrived);
  EXPECT_EQ(seen.at(1).id, 8U);
  EXPECT_TRUE(seen.at(1).sighting.arrived);
  EXPECT_EQ(seen.at(1).sighting.seen_source, ip(kVantage));
  EXPECT_EQ(seen.at(1).sighting.seen_source_port, 40000);
}

TEST_F(SightingBookTest, TheHostsAnswerIsKept) {
  const auto answered = [&](core::Port source_port, auto answer) {
    const auto packet = syn(kVantage, source_port, 700);
    book_.note(packet);
    book_.note(answer(packet));
    return of(tcp_try(1, source_port, 700)).answer;
  };
  using Kind = Packet::Kind;
  EXPECT_EQ(answered(1, [](auto p) { return back(p, Kind::SynAck); }), HostAnswer::Accepted);
  EXPECT_EQ(answered(2, [](auto p) { return back(p, Kind::Reset); }), HostAnswer::Reset);
  EXPECT_EQ(answered(3, [](auto p) { return icmp_about(p, 3, 3); }), HostAnswer::PortUnreachable);
  EXPECT_EQ(answered(4, [](auto p) { return icmp_about(p, 3, 13); }), HostAnswer::OtherIcmp);
  EXPECT_EQ(answered(5, [](auto p) { return p; }), HostAnswer::Nothing);
}

TEST_F(SightingBookTest, HavingAcceptedOutweighsALaterReset) {
  const auto packet = syn(kVantage, 40000, 700);
  book_.note(packet);
  book_.note(back(packet, Packet::Kind::SynAck));
  book_.note(back(packet, Packet::Kind::Reset));
  EXPECT_EQ(of(tcp_try(1, 40000, 700)).answer, HostAnswer::Accepted);
}

TEST_F(SightingBookTest, AnAnswerThatTheHostDidNotSendIsNotItsAnswer) {
  const auto packet = syn(kVantage, 40000, 700);
  book_.note(packet);
  auto incoming = back(packet, Packet::Kind::Reset);
  incoming.outgoing = false;
  book_.note(incoming);
  auto icmp = icmp_about(packet, 3, 3);
  icmp.outgoing = false;
  book_.note(icmp);
  EXPECT_EQ(of(tcp_try(1, 40000, 700)).answer, HostAnswer::Nothing);
}

TEST_F(SightingBookTest, BetweenTwoAddressesOfOneHostAnAnswerIsSeenComingInOnly) {
  const auto packet = syn(kHost, 40000, 700);
  book_.note(packet);
  auto answer = back(packet, Packet::Kind::SynAck);
  answer.outgoing = false;
  book_.note(answer);
  auto asked = tcp_try(1, 40000, 700);
  asked.source = *core::IpAddress::parse(kHost);
  EXPECT_EQ(of(asked).answer, HostAnswer::Accepted);
}

TEST_F(SightingBookTest, ARetransmissionIsTheSameTry) {
  book_.note(syn(kVantage, 40000, 700));
  book_.note(back(syn(kVantage, 40000, 700), Packet::Kind::SynAck));
  book_.note(syn(kVantage, 40000, 700));
  EXPECT_EQ(of(tcp_try(1, 40000, 700)).answer, HostAnswer::Accepted);
}

TEST_F(SightingBookTest, WhatTheHostSendsForwardsOrDoesNotWatchHasNotArrived) {
  auto outgoing = syn(kVantage, 40000, 700);
  outgoing.outgoing = true;
  book_.note(outgoing);
  book_.note(syn(kVantage, 40000, 700, "10.9.9.9"));
  book_.note(syn(kVantage, 40000, 700, kHost, 444));
  EXPECT_FALSE(arrived(tcp_try(1, 40000, 700)));
}

TEST_F(SightingBookTest, APortOfOneProtocolIsNotThatOfTheOther) {
  book_.note(syn(kVantage, 40000, 700, kHost, 53));
  EXPECT_FALSE(arrived(
      {.id = 1, .port = {Protocol::Udp, 53}, .source = ip(kVantage), .source_port = 40000}));
}

TEST_F(SightingBookTest, BehindANatThatKeepsThePortATryIsRecognised) {
  book_.note(syn(kNat, 40000, 700));
  const auto seen = of(tcp_try(1, 40000, 700));
  EXPECT_TRUE(seen.arrived);
  EXPECT_EQ(seen.seen_source, ip(kNat));
}

TEST_F(SightingBookTest, BehindANatThatRewritesThePortTheMarkRecognisesIt) {
  book_.note(syn(kNat, 61234, 733));
  EXPECT_TRUE(arrived(tcp_try(1, 40000, 733)));
  EXPECT_FALSE(arrived(tcp_try(1, 40000, 734)));
}

TEST_F(SightingBookTest, AClampedMarkIsRecognisedByItsPort) {
  book_.note(syn(kNat, 40000, 650));
  EXPECT_TRUE(arrived(tcp_try(1, 40000, 733)));
  EXPECT_FALSE(arrived(tcp_try(1, 40001, 733)));
}

TEST_F(SightingBookTest, OrdinaryClientsAreNotTakenForATry) {
  book_.note(syn("10.7.7.7", 40000, 1460));
  book_.note(syn("10.7.7.8", 40000, 1400));
  EXPECT_FALSE(arrived(tcp_try(1, 40000, 733)));
}

TEST_F(SightingBookTest, ADatagramIsRecognisedByItsNonceWhateverTheNatMadeOfIt) {
  const auto packet = datagram(kNat, 61234, nonce_of(9));
  book_.note(packet);
  book_.note(back(packet, Packet::Kind::Datagram));
  ExpectedTry wanted{.id = 1,
                     .port = {Protocol::Udp, 53},
                     .source = ip(kVantage),
                     .source_port = 40000,
                     .nonce = nonce_of(9)};
  EXPECT_TRUE(arrived(wanted));
  EXPECT_EQ(of(wanted).answer, HostAnswer::Accepted);
  wanted.nonce = nonce_of(8);
  EXPECT_FALSE(arrived(wanted));
  wanted.nonce.reset();
  EXPECT_FALSE(arrived(wanted));
}

TEST_F(SightingBookTest, DatagramsOfAnotherLengthAreTheServicesOwnTraffic) {
  auto packet = datagram(kVantage, 40000, nonce_of(9));
  packet.payload_bytes = 48;
  book_.note(packet);
  EXPECT_FALSE(arrived(
      {.id = 1, .port = {Protocol::Udp, 53}, .source = ip(kVantage), .source_port = 40000}));
}

TEST_F(SightingBookTest, OneArrivalIsNotTheArrivalOfTwoTriesBehindANat) {
  book_.note(syn(kNat, 61234, 733));
  const auto seen = book_.look_up({tcp_try(1, 40000, 733), tcp_try(2, 40001, 733)});
  EXPECT_NE(seen.at(0).sighting.arrived, seen.at(1).sighting.arrived);
}

TEST_F(SightingBookTest, WhatIsExactlyOneTryIsNotTakenByAnEarlierOneOfTheSameMark) {
  book_.note(syn(kVantage, 40001, 733));
  const auto seen = book_.look_up({tcp_try(1, 40000, 733), tcp_try(2, 40001, 733)});
  EXPECT_FALSE(seen.at(0).sighting.arrived);
  EXPECT_TRUE(seen.at(1).sighting.arrived);
}

// A kernel gives one source port to two destinations: here two addresses of the same host.
TEST_F(SightingBookTest, OneArrivalIsNotTheArrivalOfTwoTriesFromTheSamePort) {
  book_.set_local({ip(kHost), ip("10.2.0.8")});
  book_.note(syn(kVantage, 40000, 700, kHost));
  const auto one = book_.look_up({tcp_try(1, 40000, 700), tcp_try(2, 40000, 700)});
  EXPECT_NE(one.at(0).sighting.arrived, one.at(1).sighting.arrived);
  book_.note(syn(kVantage, 40000, 700, "10.2.0.8"));
  const auto both = book_.look_up({tcp_try(1, 40000, 700), tcp_try(2, 40000, 700)});
  EXPECT_TRUE(both.at(0).sighting.arrived && both.at(1).sighting.arrived);
}

TEST_F(SightingBookTest, ATryThatNeverLeftHasNotArrived) {
  book_.note(syn(kVantage, 0, 733));
  EXPECT_FALSE(arrived(tcp_try(1, 0, 733)));
}

TEST(SightingBook, OverflowsOnceWhatMayBeATryFindsNoRoom) {
  SightingBook book(2);
  book.watch({{Protocol::Tcp, 443}});
  book.set_local({ip(kHost)});
  book.note(syn(kVantage, 1, 700));
  book.note(syn(kVantage, 2, 1460));
  book.note(syn(kVantage, 3, 1460));  // an ordinary client: no try is lost with it
  book.note(syn(kVantage, 1, 700));   // a retransmission
  EXPECT_FALSE(book.overflowed());
  book.note(syn(kVantage, 4, 701));
  EXPECT_TRUE(book.overflowed());
}

}  // namespace
}  // namespace reachproof::probe
