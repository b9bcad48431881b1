#include "lab/rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reachproof::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string complaint(std::string_view text) {
  const auto rule = parse_rule(text);
  return rule ? "" : rule.error().message;
}

TEST(LabRule, SaysWhoMayReachWhatOnWhichPorts) {
  const auto rule = parse_rule("accept from app, ops to db-1 tcp/5432, udp/8000-8010");
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->action, Rule::Action::Accept);
  EXPECT_THAT(rule->from, ElementsAre("app", "ops"));
  EXPECT_THAT(rule->to, ElementsAre("db-1"));
  ASSERT_EQ(rule->ports.size(), 2U);
  EXPECT_EQ(rule->ports[1].text(), "udp/8000-8010");
}

TEST(LabRule, WithoutNamesAndPortsHoldsForEverything) {
  const auto rule = parse_rule("drop from any");
  ASSERT_TRUE(rule);
  EXPECT_THAT(rule->from, IsEmpty());
  EXPECT_THAT(rule->ports, IsEmpty());
}

TEST(LabRule, TellsASubnetFromAPort) {
  const auto rule = parse_rule("drop from 10.0.0.0/8 to fd00::1 tcp/22");
  ASSERT_TRUE(rule);
  EXPECT_THAT(rule->from, ElementsAre("10.0.0.0/8"));
  EXPECT_EQ(rule->ports.size(), 1U);
}

TEST(LabRule, KnowsEveryWayToReject) {
  EXPECT_EQ(parse_rule("reject rst from a to b")->action, Rule::Action::RejectReset);
  for (const auto& code : icmp_codes()) {
    const auto rule = parse_rule("reject " + std::string(code.word) + " from a to b tcp/1");
    ASSERT_TRUE(rule) << code.word;
    EXPECT_EQ(rule->icmp, code.word);
  }
  EXPECT_EQ(parse_rule("reject from a to b")->icmp, "port-unreachable");
}

TEST(LabRule, SendsToAnotherHostAndPort) {
  const auto rule = parse_rule("dnat from a to b tcp/80 into decoy port 8080");
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->into, "decoy");
  EXPECT_EQ(rule->into_port, 8080);
}

TEST(LabRule, LosesAShareOfThePackets) {
  EXPECT_EQ(parse_rule("lose 30% from a to b")->loss_percent, 30);
  EXPECT_THAT(complaint("lose 0% from a"), HasSubstr("from 1% to 100%"));
  EXPECT_THAT(complaint("lose from a"), HasSubstr("from 1% to 100%"));
}

TEST(LabRule, ThatIsWrongSaysWhatWasMeant) {
  EXPECT_THAT(complaint("acept from a to b"), HasSubstr("did you mean `accept`?"));
  EXPECT_THAT(complaint("reject admin-prohibitd from a"),
              HasSubstr("did you mean `admin-prohibited`?"));
  EXPECT_THAT(complaint("accept from to b"), HasSubstr("`from` names nobody"));
  EXPECT_THAT(complaint("accept a b"), HasSubstr("not understood here"));
  EXPECT_THAT(complaint("reject rst from a udp/53"), HasSubstr("TCP only"));
  EXPECT_THAT(complaint("dnat from a to b tcp/80"), HasSubstr("into HOST"));
  EXPECT_THAT(complaint("snat from a to b"), HasSubstr("as ADDRESS"));
  EXPECT_THAT(complaint(""), HasSubstr("empty"));
}

}  // namespace
}  // namespace reachproof::lab
