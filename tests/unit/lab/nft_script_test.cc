#include "lab/nft_script.h"

#include <gmock/gmock.h>

#include "tests/unit/lab/lab_text.h"

namespace reachproof::lab {
namespace {

using testing::HasSubstr;
using testing::Not;

NftScript script_of(const std::string& rules) {
  const auto lab = lab_of(two_segments(rules));
  return nft_script(lab, lab.routers[0].firewall);
}

std::string rule_text(const std::string& rule) {
  return script_of("    rules:\n      - " + rule + "\n").text;
}

TEST(NftScript, IsEmptyWithoutAFirewall) {
  EXPECT_TRUE(script_of("").empty());
}

TEST(NftScript, SpeaksOfFlowsSoThatRepliesPass) {
  const auto text = script_of("    policy: drop\n").text;
  EXPECT_THAT(text, HasSubstr("type filter hook forward priority filter; policy drop;"));
  EXPECT_THAT(text, HasSubstr("ct state established,related accept"));
}

TEST(NftScript, HoldsInBothFamilies) {
  const auto text = rule_text("drop from left to b tcp/22, tcp/80-90, udp/53");
  EXPECT_THAT(text,
              HasSubstr("ip saddr 10.1.0.0/24 ip daddr 10.2.0.10 tcp dport { 22, 80-90 } drop"));
  EXPECT_THAT(text, HasSubstr("ip6 saddr fd00:1::/64 ip6 daddr fd00:2::a udp dport 53 drop"));
}

TEST(NftScript, RejectsInTheWordsOfEachFamily) {
  EXPECT_THAT(rule_text("reject rst from a to b"),
              HasSubstr("meta l4proto tcp reject with tcp reset"));
  const auto text = rule_text("reject host-unreachable from any to any");
  EXPECT_THAT(text, HasSubstr("meta nfproto ipv4 reject with icmp host-unreachable"));
  EXPECT_THAT(text, HasSubstr("meta nfproto ipv6 reject with icmpv6 addr-unreachable"));
}

TEST(NftScript, MarksFlowsWhoseRepliesAreLost) {
  const auto text = rule_text("drop-replies from a to b tcp/80");
  EXPECT_THAT(text, HasSubstr("tcp dport 80 ct mark set 0x1057 accept"));
  EXPECT_THAT(text, HasSubstr("ct direction reply ct mark 0x1057 drop"));
}

TEST(NftScript, LosesPacketsBeforeEverythingElse) {
  const auto text = rule_text("lose 30% from a to b");
  EXPECT_THAT(text, HasSubstr("type filter hook forward priority -20"));
  EXPECT_THAT(text, HasSubstr("numgen random mod 100 < 30 drop"));
}

TEST(NftScript, TranslatesAndLetsTheTranslatedFlowPass) {
  const auto text = rule_text("dnat from a to b tcp/80 into c port 8080");
  EXPECT_THAT(text, HasSubstr("tcp dport 80 dnat ip to 10.2.0.11:8080"));
  EXPECT_THAT(text, HasSubstr("dnat ip6 to [fd00:2::b]:8080"));
  EXPECT_THAT(text, HasSubstr("ct status dnat ip daddr 10.2.0.11 accept"));
  EXPECT_THAT(rule_text("masquerade from left to right"),
              HasSubstr("ip daddr 10.2.0.0/24 masquerade"));
  EXPECT_THAT(rule_text("snat from a to b as 10.2.0.99"), HasSubstr("snat ip to 10.2.0.99"));
}

TEST(NftScript, LeavesOutBlocksInsideOthers) {
  EXPECT_THAT(rule_text("drop from left, a to b"), Not(HasSubstr("10.1.0.10")));
}

TEST(NftScript, LeavesARawChainAsItIs) {
  const auto text = script_of("    rules: |\n      ip ttl 1 drop\n").text;
  EXPECT_THAT(text, HasSubstr("ip ttl 1 drop"));
  EXPECT_THAT(text, Not(HasSubstr("ct state")));
}

TEST(NftScript, KnowsTheLineOfTheFileBehindEachOfItsOwn) {
  const auto script = script_of(
      "    rules:\n      - accept from a to b\n      - nft: bogus words\n"
      "    nft: |\n      table inet mine {\n        nonsense\n      }\n");
  const auto line_of = [&](const std::string& piece) {
    const auto at = script.text.find(piece);
    return std::count(script.text.begin(), script.text.begin() + static_cast<long>(at), '\n') + 1;
  };
  const auto complain = [&](const std::string& piece) {
    return located("/dev/stdin:" + std::to_string(line_of(piece)) + ":5-9: Error: syntax error\n",
                   script);
  };
  EXPECT_EQ(complain("bogus"), "lab.yaml:11: error: nft: syntax error");
  EXPECT_EQ(complain("nonsense"), "lab.yaml:14: error: nft: syntax error");
}

TEST(NftScript, CountsTheRulesThatWereReadBack) {
  EXPECT_EQ(
      rules_listed("table inet lab { # handle 1\n\tchain forward { # handle 1\n"
                   "\t\tip saddr { 1.1.1.1, 2.2.2.2 } drop # handle 4\n\t}\n}\n"
                   "table inet other { # handle 2\n\tchain x { # handle 1\n\t\tdrop # handle 2\n"),
      1U);
}

}  // namespace
}  // namespace reachproof::lab
