#include "probe/packet.h"

#include <gmock/gmock.h>

#include <random>

#include "tests/support/frames.h"

namespace reachproof::probe {
namespace {

using namespace test;  // NOLINT: a page of frames reads like one
using core::Protocol;

const char* const kA = "10.1.0.5";
const char* const kB = "10.2.0.7";
const char* const kA6 = "fd00::5";
const char* const kB6 = "fd00::7";

std::optional<Packet> read(const Bytes& frame) {
  return parse_sll2(frame);
}

Ends ends(Protocol protocol, const char* from, core::Port source, const char* to, core::Port port) {
  return {protocol, *core::IpAddress::parse(from), source, *core::IpAddress::parse(to), port};
}

TEST(Packets, ASynIsReadWithItsMss) {
  const auto packet = read(sll2(v4(kTcp, kA, kB, tcp(40000, 443, kSyn, mss(701)))));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->kind, Packet::Kind::Syn);
  EXPECT_EQ(packet->ends, ends(Protocol::Tcp, kA, 40000, kB, 443));
  EXPECT_EQ(packet->mss, 701);
  EXPECT_FALSE(packet->outgoing);
}

TEST(Packets, FlagsMakeTheKind) {
  const auto kind = [](std::uint8_t flags) {
    return read(sll2(v4(kTcp, kB, kA, tcp(443, 40000, flags)), Direction::Out));
  };
  EXPECT_EQ(kind(kSyn)->kind, Packet::Kind::Syn);
  EXPECT_EQ(kind(kSyn | kAck)->kind, Packet::Kind::SynAck);
  EXPECT_EQ(kind(kRst)->kind, Packet::Kind::Reset);
  EXPECT_EQ(kind(kRst | kAck)->kind, Packet::Kind::Reset);
  EXPECT_EQ(kind(kRst | kSyn)->kind, Packet::Kind::Reset);
  EXPECT_TRUE(kind(kSyn)->outgoing);
  EXPECT_FALSE(kind(kAck));
  EXPECT_FALSE(kind(0));
}

TEST(Packets, TheMssIsFoundAmongOtherOptionsAndNeverBehindTheirEnd) {
  const auto mss_of = [](const Bytes& options) {
    return read(sll2(v4(kTcp, kA, kB, tcp(1, 2, kSyn, options))))->mss;
  };
  EXPECT_EQ(mss_of({}), 0);
  EXPECT_EQ(mss_of(Bytes{1, 1, 3, 3, 7, 1, 1, 1} + mss(900)), 900);
  EXPECT_EQ(mss_of(Bytes{0, 0, 0, 0} + mss(900)), 0);
  EXPECT_EQ(mss_of(Bytes{3, 0, 0, 0} + mss(900)), 0);    // a length that would not advance
  EXPECT_EQ(mss_of(Bytes{3, 255, 0, 0} + mss(900)), 0);  // a length beyond the end
  EXPECT_EQ(mss_of(Bytes{1, 1, 1, 2}), 0);               // cut off behind its kind
  EXPECT_EQ(mss_of(Bytes{1, 1, 2, 4}), 0);               // cut off behind its length
  EXPECT_EQ(mss_of(Bytes{2, 3, 9, 9}), 0);               // of the wrong length
}

TEST(Packets, ADatagramIsReadWithItsPayload) {
  const Bytes payload(32, 0xab);
  // A packet's payload lies in its frame.
  for (const auto& frame : {sll2(v4(kUdp, kA, kB, udp(40000, 53, payload))),
                            sll2(v6(kUdp, kA6, kB6, udp(40000, 53, payload)))}) {
    const auto packet = read(frame);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->kind, Packet::Kind::Datagram);
    EXPECT_EQ(packet->payload_bytes, 32);
    EXPECT_EQ(Bytes(packet->payload.begin(), packet->payload.end()), payload);
  }
}

TEST(Packets, PaddingBehindADatagramIsNotItsPayload) {
  const auto packet = read(sll2(v4(kUdp, kA, kB, udp(1, 53, {7}) + Bytes(17, 0))));
  EXPECT_EQ(packet->payload.size(), 1U);
}

TEST(Packets, ACapturedPartOfADatagramKeepsItsWholeLength) {
  auto frame = sll2(v4(kUdp, kA, kB, udp(1, 53, Bytes(500, 1))));
  frame.resize(frame.size() - 400);
  const auto packet = read(frame);
  EXPECT_EQ(packet->payload_bytes, 500);
  EXPECT_EQ(packet->payload.size(), 100U);
}

TEST(Packets, ADatagramThatLiesAboutItsLengthIsNothing) {
  auto lies = udp(1, 53, {});
  lies[5] = 7;
  EXPECT_FALSE(read(sll2(v4(kUdp, kA, kB, lies))));
}

TEST(Packets, AnIcmpErrorNamesThePacketThatItQuotes) {
  const auto packet = read(sll2(
      v4(kIcmp, kB, kA, icmp(3, 13, v4(kTcp, kA, kB, tcp(40000, 443, kSyn)))), Direction::Out));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->kind, Packet::Kind::IcmpError);
  EXPECT_EQ(packet->ends, ends(Protocol::Tcp, kA, 40000, kB, 443));
  EXPECT_EQ(packet->icmp_type, 3);
  EXPECT_EQ(packet->icmp_code, 13);
  const auto six =
      read(sll2(v6(kIcmpV6, kB6, kA6, icmp(1, 4, v6(kUdp, kA6, kB6, udp(5, 53, {}))))));
  ASSERT_TRUE(six);
  EXPECT_EQ(six->ends, ends(Protocol::Udp, kA6, 5, kB6, 53));
}

TEST(Packets, AnIcmpErrorMayQuoteNoMoreThanTheFirstEightBytes) {
  auto quoted = v4(kTcp, kA, kB, tcp(40000, 443, kSyn));
  quoted.resize(28);
  EXPECT_TRUE(read(sll2(v4(kIcmp, kB, kA, icmp(3, 3, quoted)))));
  quoted.resize(22);  // not even both ports
  EXPECT_FALSE(read(sll2(v4(kIcmp, kB, kA, icmp(3, 3, quoted)))));
}

TEST(Packets, OtherIcmpIsNothing) {
  const auto quoted = v4(kTcp, kA, kB, tcp(40000, 443, kSyn));
  for (const std::uint8_t type : Bytes{4, 5, 9, 11, 12}) {
    EXPECT_FALSE(read(sll2(v4(kIcmp, kB, kA, icmp(type, 0, quoted))))) << int{type};
  }
  EXPECT_FALSE(read(sll2(v4(kIcmp, kB, kA, icmp(3, 3, v4(kIcmp, kA, kB, Bytes(20, 0)))))));
}

TEST(Packets, AnEchoRequestIsADatagramAndItsReplyThatsReverse) {
  Bytes body(32, 7);
  auto request = icmp(8, 0, body);
  auto reply = icmp(0, 0, body);
  for (auto* message : {&request, &reply}) {
    (*message)[4] = 0x12;  // the identifier
    (*message)[5] = 0x34;
  }
  const auto asked = read(sll2(v4(kIcmp, kA, kB, request)));
  const auto answered = read(sll2(v4(kIcmp, kB, kA, reply)));
  ASSERT_TRUE(asked && answered);
  EXPECT_EQ(asked->kind, Packet::Kind::Datagram);
  EXPECT_EQ(asked->ends.protocol, core::Protocol::Icmp);
  EXPECT_EQ(asked->ends.source_port, 0x1234);
  EXPECT_EQ(asked->ends.destination_port, 0);
  EXPECT_EQ(asked->payload_bytes, 32);
  EXPECT_EQ(answered->ends.reversed(), asked->ends);
  // An error that quotes the request is about that request; one that quotes a reply is not ours.
  const auto error = read(sll2(v4(kIcmp, kB, kA, icmp(3, 13, v4(kIcmp, kA, kB, request)))));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, Packet::Kind::IcmpError);
  EXPECT_EQ(error->ends, asked->ends);
}

TEST(Packets, OptionsOfIpv4ArePassedOver) {
  const auto packet = read(sll2(v4(kTcp, kA, kB, tcp(40000, 443, kSyn), 0, Bytes(8, 1))));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->ends.destination_port, 443);
}

TEST(Packets, OfFragmentsTheFirstAloneIsRead) {
  const auto payload = udp(1, 53, Bytes(32, 1));
  EXPECT_TRUE(read(sll2(v4(kUdp, kA, kB, payload, 0x2000))));   // first, more to follow
  EXPECT_TRUE(read(sll2(v4(kUdp, kA, kB, payload, 0x4000))));   // do not fragment
  EXPECT_FALSE(read(sll2(v4(kUdp, kA, kB, payload, 0x2001))));  // a later one
  EXPECT_FALSE(read(sll2(v4(kUdp, kA, kB, payload, 0x1fff))));
  const auto six = [&](unsigned offset) {
    return read(sll2(v6(44, kA6, kB6, Bytes{kUdp, 0} + u16(offset) + Bytes(4, 0) + payload)));
  };
  EXPECT_TRUE(six(0x0001));
  EXPECT_FALSE(six(0x0008));
}

TEST(Packets, ExtensionHeadersOfIpv6ArePassedOver) {
  const auto hop_by_hop = [](std::uint8_t next, std::uint8_t extra) {
    return Bytes{next, extra} + Bytes(6 + extra * 8U, 0);
  };
  const auto syn = tcp(40000, 443, kSyn, mss(800));
  const auto packet = read(
      sll2(v6(0, kA6, kB6, hop_by_hop(43, 0) + hop_by_hop(60, 2) + hop_by_hop(kTcp, 1) + syn)));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->ends, ends(Protocol::Tcp, kA6, 40000, kB6, 443));
  EXPECT_EQ(packet->mss, 800);
}

TEST(Packets, AnEndlessChainOfExtensionHeadersIsGivenUp) {
  Bytes chain;
  for (int i = 0; i < 100; ++i) chain = chain + Bytes{0, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_FALSE(read(sll2(v6(0, kA6, kB6, chain + tcp(1, 2, kSyn)))));
}

TEST(Packets, OtherProtocolsAreNothing) {
  for (const std::uint8_t protocol : Bytes{2, 47, 50, 132}) {
    EXPECT_FALSE(read(sll2(v4(protocol, kA, kB, tcp(1, 2, kSyn)))));
  }
  EXPECT_FALSE(read(sll2(Bytes(46, 0))));                // ARP begins with zeros
  EXPECT_FALSE(read(sll2(Bytes{0x55} + Bytes(60, 0))));  // no version of IP
  EXPECT_FALSE(read(sll2(Bytes{0x44} + Bytes(60, 0))));  // a header shorter than a header
}

std::vector<Bytes> whole_frames() {
  const auto syn = tcp(40000, 443, kSyn, Bytes{1, 1, 1, 1} + mss(701));
  return {sll2(v4(kTcp, kA, kB, syn)),
          sll2(v6(kTcp, kA6, kB6, syn)),
          sll2(v4(kUdp, kA, kB, udp(1, 53, Bytes(32, 1)))),
          sll2(v6(0, kA6, kB6,
                  Bytes{44, 1} + Bytes(14, 0) + Bytes{kUdp, 0} + Bytes(6, 0) +
                      udp(1, 53, Bytes(32, 1)))),
          sll2(v4(kIcmp, kB, kA, icmp(3, 3, v4(kTcp, kA, kB, syn)))),
          sll2(v6(kIcmpV6, kB6, kA6, icmp(1, 4, v6(kUdp, kA6, kB6, udp(5, 53, {1})))))};
}

// Each cut frame is a buffer of its own, so that a sanitizer sees a read beyond its end.
TEST(Packets, CutAtAnyLengthAreReadWithoutReadingBeyond) {
  for (const auto& frame : whole_frames()) {
    const auto whole = read(frame);
    ASSERT_TRUE(whole);
    for (std::size_t size = 0; size < frame.size(); ++size) {
      const Bytes cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
      const auto packet = read(cut);
      EXPECT_TRUE(!packet || packet->ends == whole->ends) << size;
    }
  }
}

TEST(Packets, DamagedInAnyWayAreReadWithoutReadingBeyond) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto frames = whole_frames();
  for (int i = 0; i < 50'000; ++i) {
    auto frame = frames[random() % frames.size()];
    for (auto n = 1 + random() % 4; n > 0; --n) {
      frame[20 + random() % (frame.size() - 20)] = static_cast<std::uint8_t>(random());
    }
    frame.resize(frame.size() - random() % 10);
    frame.shrink_to_fit();
    const auto packet = read(frame);
    ASSERT_TRUE(!packet || packet->payload.size() <= packet->payload_bytes);
  }
}

}  // namespace
}  // namespace reachproof::probe
