#include <fmt/format.h>
#include <gmock/gmock.h>

#include "lab/rule.h"
#include "tests/integration/lab/lab_fixture.h"

namespace reachproof::lab {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// Two segments and a firewall with these rules between them; `right` serves a bit of everything.
std::string guarded(const std::string& rules) {
  return "segments:\n  left: [10.71.0.0/24, \"fd71::/64\"]\n  right: [10.72.0.0/24, "
         "\"fd72::/64\"]\n"
         "routers:\n  fw:\n    segments: [left, right]\n" +
         rules +
         "hosts:\n  a: { segment: left, addresses: [10.71.0.5, \"fd71::5\"] }\n"
         "  b:\n    segment: right\n    addresses: [10.72.0.5, \"fd72::5\"]\n"
         "    listeners: { tcp/80: http, tcp/81: http 403, tcp/22: banner SSH-2.0-lab, tcp/7: "
         "echo, "
         "tcp/9: close, tcp/10: reset, tcp/5432: accept, udp/7: echo, udp/514: mute, tcp/23: "
         "closed }\n"
         "  c: { segment: right, addresses: [10.72.0.6, \"fd72::6\"], listeners: { tcp/8080: http "
         "} }\n"
         "  dead: { segment: right, addresses: [10.72.0.9, \"fd72::9\"], down: true }\n";
}

class LabEnforcement : public LabTest {
 protected:
  void rules(const std::string& lines) { bring_up(guarded("    rules:\n" + lines)); }
  std::string from_a(const std::string& address, int port, int timeout_ms = 1500) {
    return inside("a", [&] { return tcp(address, port, timeout_ms); });
  }
};

TEST_F(LabEnforcement, WithoutRulesEverythingIsOpenAndPortsDoWhatTheFileSays) {
  bring_up(guarded(""));
  EXPECT_EQ(from_a("10.72.0.5", 5432), "connected");
  EXPECT_EQ(from_a("fd72::5", 5432), "connected");
  EXPECT_EQ(from_a("10.72.0.5", 23), "refused");
  EXPECT_EQ(from_a("fd72::5", 4444), "refused");
  const auto say = [&](int port, const std::string& text) {
    return inside("a", [&] { return talk("10.72.0.5", port, text); });
  };
  EXPECT_THAT(say(80, "GET / HTTP/1.1\r\nHost: b\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(say(80, "GET / HTTP/1.1\r\n\r\n"), HasSubstr("reachproof lab: b tcp/80\n<end>"));
  EXPECT_THAT(say(81, "GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 403 "));
  EXPECT_EQ(say(22, ""), "SSH-2.0-lab\r\n");
  EXPECT_EQ(say(7, "hello"), "hello");
  EXPECT_EQ(say(9, ""), "<end>");
  EXPECT_THAT(say(10, ""), HasSubstr("reset by peer"));
  EXPECT_EQ(say(5432, "hello"), "");
}

TEST_F(LabEnforcement, UdpEchoesKeepsSilentOrIsClosed) {
  bring_up(guarded(""));
  for (const std::string address : {"10.72.0.5", "fd72::5"}) {
    EXPECT_EQ(inside("a", [&] { return udp(address, 7, "hello"); }), "hello");
    EXPECT_EQ(inside("a", [&] { return udp(address, 514, "hello"); }), "silent");
  }
  EXPECT_EQ(inside("a", [] { return udp("10.72.0.5", 99, "x"); }), "icmp 3/3 from 10.72.0.5");
  EXPECT_EQ(inside("a", [] { return udp("fd72::5", 99, "x"); }), "icmp6 1/4 from fd72::5");
}

TEST_F(LabEnforcement, DropIsSilence) {
  rules("      - drop from left to b tcp/80\n");
  EXPECT_EQ(from_a("10.72.0.5", 80), "timed-out");
  EXPECT_EQ(from_a("fd72::5", 80), "timed-out");
  EXPECT_EQ(from_a("10.72.0.5", 5432), "connected");
}

TEST_F(LabEnforcement, RejectRstIsRefusalWithoutIcmp) {
  rules("      - reject rst from left to b tcp/80\n");
  EXPECT_EQ(from_a("10.72.0.5", 80), "refused");
  EXPECT_EQ(from_a("fd72::5", 80), "refused");
}

TEST_F(LabEnforcement, EveryIcmpCodeArrivesWithItsSender) {
  const std::vector<std::string> seen4{"3/0",  "3/1",  "3/3", "3/2", "3/9",
                                       "3/10", "3/13", "3/0", "3/1"};
  const std::vector<std::string> seen6{"1/0", "1/3", "1/4", "1/1", "1/1",
                                       "1/1", "1/1", "1/0", "1/3"};
  std::string lines;
  int port = 1000;
  for (const auto& code : icmp_codes()) {
    lines += fmt::format("      - reject {} from a to b tcp/{}\n", code.word, port++);
  }
  rules(lines);
  for (std::size_t i = 0; i < icmp_codes().size(); ++i) {
    const int at = 1000 + static_cast<int>(i);
    EXPECT_EQ(from_a("10.72.0.5", at), "icmp " + seen4[i] + " from 10.71.0.1")
        << icmp_codes()[i].word;
    EXPECT_EQ(from_a("fd72::5", at), "icmp6 " + seen6[i] + " from fd71::1") << icmp_codes()[i].word;
  }
}

TEST_F(LabEnforcement, IcmpErrorsAreNotRateLimited) {
  rules("      - reject admin-prohibited from left to right\n");
  const auto answered = inside("a", [] {
    int count = 0;
    for (int i = 0; i < 300; ++i) count += tcp("10.72.0.5", 2000 + i).starts_with("icmp") ? 1 : 0;
    for (int i = 0; i < 300; ++i) count += tcp("fd72::5", 2000 + i).starts_with("icmp6") ? 1 : 0;
    return std::to_string(count);
  });
  EXPECT_EQ(answered, "600");
}

TEST_F(LabEnforcement, LostRepliesLookLikeDropButTheListenerSawTheConnection) {
  rules("      - drop-replies from left to b tcp/80\n");
  EXPECT_EQ(from_a("10.72.0.5", 80), "timed-out");
  EXPECT_EQ(from_a("10.72.0.5", 5432), "connected");
  EXPECT_EQ(inside("b", [] { return tcp("10.71.0.5", 80); }), "refused");
  const auto half_open = inside("a", [] {
    return tcp("10.72.0.5", 80, 1500);  // long enough for a second SYN
  });
  EXPECT_EQ(half_open, "timed-out");
  EXPECT_THAT(inside("b", [] { return shell("cat /proc/net/tcp6"); }), HasSubstr(" 03 "))
      << "the listener's kernel holds a connection in SYN-RECV: the way there is open";
}

TEST_F(LabEnforcement, DefaultDropLetsRepliesOfAcceptedFlowsPass) {
  bring_up(guarded("    policy: drop\n    rules: [accept from a to b tcp/80]\n"));
  EXPECT_EQ(from_a("10.72.0.5", 80), "connected");
  EXPECT_EQ(from_a("10.72.0.5", 5432), "timed-out");
  EXPECT_EQ(inside("b", [] { return tcp("10.71.0.5", 80); }), "timed-out");
}

TEST_F(LabEnforcement, DnatLetsAnotherHostAnswer) {
  bring_up(guarded("    policy: drop\n    rules: [dnat from left to b tcp/80 into c port 8080]\n"));
  for (const std::string address : {"10.72.0.5", "fd72::5"}) {
    const auto heard = inside("a", [&] { return talk(address, 80, "GET / HTTP/1.1\r\n\r\n"); });
    EXPECT_THAT(heard, HasSubstr("reachproof lab: c tcp/8080"));
  }
}

TEST_F(LabEnforcement, SnatAndMasqueradeHideTheSource) {
  // The target lets in only whom it ought to see, so an open port tells who it saw.
  bring_up(
      guarded(
          "    rules: [masquerade from a to e tcp/80, snat from a to e tcp/81 as 10.72.0.77]\n") +
      "  e:\n    segment: right\n    addresses: [10.72.0.8]\n"
      "    listeners: { tcp/80: http, tcp/81: http, tcp/82: http }\n"
      "    input:\n      policy: drop\n"
      "      rules: [accept from fw tcp/80, accept from 10.72.0.77 tcp/81, accept from fw "
      "tcp/82]\n");
  EXPECT_EQ(from_a("10.72.0.8", 80), "connected");
  EXPECT_EQ(from_a("10.72.0.8", 82), "timed-out") << "not translated";
  // Replies to 10.72.0.77 need somebody to answer for it: without, the way back is lost.
  EXPECT_EQ(from_a("10.72.0.8", 81), "timed-out");
  EXPECT_THAT(inside("e", [] { return shell("ip neigh show"); }), HasSubstr("10.72.0.77"));
}

TEST_F(LabEnforcement, LossLosesAboutSoMuch) {
  rules("      - lose 30% from a to b udp/7\n");
  const auto lost = inside("a", [] {
    int silent = 0;
    for (int i = 0; i < 400; ++i) silent += udp("10.72.0.5", 7, "x", 25) == "silent" ? 1 : 0;
    return std::to_string(silent);
  });
  // 400 tries at 30%: mean 120, deviation 9.2; six deviations either way, and some for a busy
  // machine.
  EXPECT_GT(std::stoi(lost), 60);
  EXPECT_LT(std::stoi(lost), 190);
}

TEST_F(LabEnforcement, ADeadHostIsReportedByItsRouterOrNobody) {
  bring_up(guarded(""));
  EXPECT_THAT(from_a("10.72.0.9", 80, 5000), StartsWith("icmp 3/1 from 10.71.0.1"));
}

TEST_F(LabEnforcement, AHostsOwnFirewallDecidesForThatHost) {
  bring_up(guarded("") +
           "  e:\n    segment: right\n    addresses: [10.72.0.8, \"fd72::8\"]\n    listeners: { "
           "tcp/80: http, tcp/81: http }\n"
           "    input: { policy: drop, rules: [accept from a tcp/80, reject admin-prohibited from "
           "c] }\n");
  EXPECT_EQ(from_a("10.72.0.8", 80), "connected");
  EXPECT_EQ(from_a("fd72::8", 80), "connected");
  EXPECT_EQ(from_a("10.72.0.8", 81), "timed-out");
  EXPECT_EQ(inside("c", [] { return tcp("10.72.0.8", 80); }), "icmp 3/13 from 10.72.0.8");
  EXPECT_EQ(inside("e", [] { return tcp("127.0.0.1", 81); }), "connected");
}

TEST_F(LabEnforcement, RawNftWorksInAllThreeWays) {
  bring_up(guarded(
      "    rules: |\n      ct state established,related accept\n"
      "      iifname \"left\" ip daddr $b.v4 tcp dport 80 accept\n      ip daddr $right.v4 drop\n"
      "    nft: |\n      table ip extra {\n        chain c {\n"
      "          type nat hook prerouting priority dstnat;\n"
      "          tcp dport 8000 dnat to 10.72.0.5:80\n        }\n      }\n"));
  EXPECT_EQ(from_a("10.72.0.5", 80), "connected");
  EXPECT_EQ(from_a("10.72.0.6", 8000), "connected");
  EXPECT_EQ(from_a("10.72.0.5", 5432), "timed-out");
}

TEST_F(LabEnforcement, PacketsCrossSeveralRouters) {
  bring_up(
      "segments: { a-net: [10.73.0.0/24, \"fd73::/64\"], b-net: [10.74.0.0/24, \"fd74::/64\"] }\n"
      "routers:\n  r1: { segments: [a-net], transit: [r2] }\n  r2: { transit: [r3] }\n"
      "  r3: { segments: [b-net], rules: [reject host-prohibited from a-net to b-net tcp/81] }\n"
      "hosts:\n  a: { segment: a-net }\n  b: { segment: b-net, listeners: { tcp/80: http } }\n");
  EXPECT_EQ(from_a("10.74.0.10", 80), "connected");
  EXPECT_EQ(from_a("fd74::a", 80), "connected");
  EXPECT_THAT(from_a("10.74.0.10", 81), StartsWith("icmp 3/10 from 198.18.0."));
}

TEST_F(LabEnforcement, HostsResolveNamesThroughTheLabsServer) {
  bring_up(
      "segments: { net: [10.75.0.0/24, \"fd75::/64\"] }\nresolver: dns\nhosts:\n"
      "  dns: { segment: net, listeners: { udp/53: dns } }\n"
      "  web: { segment: net, hostname: web.lab.example, addresses: [10.75.0.80] }\n");
  EXPECT_THAT(inside("web", [] { return shell("getent ahostsv4 web.lab.example"); }),
              StartsWith("0 10.75.0.80"));
  EXPECT_THAT(inside("web", [] { return shell("getent ahostsv4 nobody.lab.example"); }),
              StartsWith("2 "));
}

}  // namespace
}  // namespace reachproof::lab
