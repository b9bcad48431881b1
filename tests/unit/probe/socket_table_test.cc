#include "probe/socket_table.h"

#include <gmock/gmock.h>

#include <bit>

namespace reachproof::probe {
namespace {

using core::Protocol;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kTcp =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 "
    "1\n"
    "   1: 0100007F:1F91 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 2 "
    "1\n"
    "   2: 0100007F:1F92 0100007F:9C40 06 00000000:00000000 00:00000000 00000000     0        0 3 "
    "1\n"
    "   3: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4 "
    "1\n";
constexpr const char* kTcp6 =
    "  sl  local_address                         remote_address                        st\n"
    "   0: 00000000000000000000000001000000:01BB 00000000000000000000000000000000:0000 0A 0\n";
constexpr const char* kUdp =
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "  345: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 "
    "2\n"
    "  346: 0100007F:8000 0100007F:0035 01 00000000:00000000 00:00000000 00000000     0        0 2 "
    "2\n";

ServedSocket at(Protocol protocol, core::Port port, const char* address) {
  return {{protocol, port}, *core::IpAddress::parse(address)};
}

// The kernel writes addresses in the byte order of the machine; these were written on a little one.
TEST(SocketTable, HoldsListenersAndBoundSocketsAlone) {
  if (std::endian::native != std::endian::little) GTEST_SKIP() << "the texts are little-endian";
  EXPECT_THAT(sockets_in_table(kTcp, Protocol::Tcp),
              ElementsAre(at(Protocol::Tcp, 22, "0.0.0.0"), at(Protocol::Tcp, 8080, "127.0.0.1")));
  EXPECT_THAT(sockets_in_table(kTcp6, Protocol::Tcp), ElementsAre(at(Protocol::Tcp, 443, "::1")));
  EXPECT_THAT(sockets_in_table(kUdp, Protocol::Udp),
              ElementsAre(at(Protocol::Udp, 53, "127.0.0.1")));
}

TEST(SocketTable, OfTheOtherProtocolMeansSomethingElse) {
  EXPECT_THAT(sockets_in_table(kUdp, Protocol::Tcp), IsEmpty());
  EXPECT_THAT(sockets_in_table(kTcp, Protocol::Udp), IsEmpty());
}

TEST(SocketTable, ThatIsDamagedHoldsNothing) {
  for (const auto* text :
       {"", "\n", "heading\n", "heading\n   0:\n", "heading\n 0: x:1 y 0A\n",
        "heading\n 0: 0100007F: 0:0 0A\n", "heading\n 0: 0100007F:FFFFF 0:0 0A\n",
        "heading\n 0: 0100007F:0000 0:0 0A\n", "heading\n 0: 0100007F:zz 0:0 0A\n",
        "heading\n 0: 010000:0050 0:0 0A\n", "heading\n 0: 0100007G:0050 0:0 0A\n"}) {
    EXPECT_THAT(sockets_in_table(text, Protocol::Tcp), IsEmpty()) << text;
  }
}

TEST(ServedAt, AServiceOnLoopbackServesNobodyElse) {
  const std::set<ServedSocket> sockets{at(Protocol::Tcp, 5432, "127.0.0.1")};
  const auto served = [&](const char* address, core::ProtocolPort port = {Protocol::Tcp, 5432}) {
    return served_at(sockets, port, *core::IpAddress::parse(address));
  };
  EXPECT_EQ(served("127.0.0.1"), Served::Yes);
  EXPECT_EQ(served("10.0.0.1"), Served::No);
  EXPECT_EQ(served("127.0.0.1", {Protocol::Udp, 5432}), Served::No);
  EXPECT_EQ(served("127.0.0.1", {Protocol::Tcp, 5433}), Served::No);
}

TEST(ServedAt, AWildcardServesItsFamilyAndOfIpv6PerhapsTheOther) {
  const auto v4 = *core::IpAddress::parse("10.0.0.1");
  const auto v6 = *core::IpAddress::parse("fd00::1");
  const core::ProtocolPort web{Protocol::Tcp, 80};
  EXPECT_EQ(served_at({at(Protocol::Tcp, 80, "0.0.0.0")}, web, v4), Served::Yes);
  EXPECT_EQ(served_at({at(Protocol::Tcp, 80, "0.0.0.0")}, web, v6), Served::No);
  EXPECT_EQ(served_at({at(Protocol::Tcp, 80, "::")}, web, v6), Served::Yes);
  EXPECT_EQ(served_at({at(Protocol::Tcp, 80, "::")}, web, v4), Served::Perhaps);
  EXPECT_EQ(served_at({at(Protocol::Tcp, 80, "::"), at(Protocol::Tcp, 80, "10.0.0.1")}, web, v4),
            Served::Yes);
}

}  // namespace
}  // namespace reachproof::probe
