#include "orchestrator/notify/notification.h"

#include <gmock/gmock.h>

#include "orchestrator/notify/public_address.h"
#include "tests/support/news.h"

namespace reachproof::orchestrator {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

TEST(Notification, HasAnIdThatIsTheSameForTheSameNewsAndNoOther) {
  EXPECT_EQ(opened('a').id(), "aaaaaaaaaaaaaaaa-r-1-opened");
  EXPECT_NE(opened('a').id(), opened('b').id());
  EXPECT_NE(opened('a').id(), opened('a', "r-3").id());
  EXPECT_NE(opened('a').id(), closed('a', "r-1").id());
}

TEST(Notification, IsToldInAFewWordsAndInSentences) {
  EXPECT_EQ(summary(opened('a')), "violation opened: office to data, tcp/22 (rule X01)");
  EXPECT_EQ(description(opened('a')),
            "Something that the scenario forbids can be reached. The worst check of it was open. "
            "Scenario shop, run r-1, finding aaaaaaaaaaaaaaaa.");
  EXPECT_THAT(description(closed('a')), HasSubstr("A run proved that it is blocked again."));
  auto gone = closed('a');
  gone.event.why = "nothing of the plan is like it any more";
  EXPECT_THAT(description(gone), HasSubstr("It is over: nothing of the plan"));
}

TEST(Messages, HoldOnePieceOfNewsOrThoseOfARuleOrThoseOfARun) {
  const std::vector news{opened('a'), opened('b', "r-1", "X02"), opened('c'), opened('d', "r-2")};
  EXPECT_THAT(messages_of(news, Grouping::Single), SizeIs(4));
  const auto by_rule = messages_of(news, Grouping::ByRule);
  ASSERT_THAT(by_rule, SizeIs(3));
  EXPECT_THAT(by_rule[0].notifications, SizeIs(2));
  EXPECT_THAT(messages_of(news, Grouping::ByRun), SizeIs(2));
}

TEST(Messages, OfThousandFindingsOfOneRuleAreFive) {
  std::vector<Notification> news;
  for (int i = 0; i < 1000; ++i) {
    news.push_back(opened('a'));
    news.back().event.subject.fingerprint = std::to_string(i);
  }
  const auto messages = messages_of(news, Grouping::ByRule);
  ASSERT_THAT(messages, SizeIs(5));
  for (const auto& message : messages) EXPECT_THAT(message.notifications, SizeIs(200));
  EXPECT_NE(messages[0].id, messages[1].id);
  EXPECT_EQ(messages[0].id, messages_of(news, Grouping::ByRule)[0].id);
}

TEST(PublicAddress, IsOneOfTheInternetAlone) {
  for (const auto* text : {"8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "192.0.1.1",
                           "2606:4700::1", "::ffff:8.8.8.8"}) {
    EXPECT_TRUE(is_public_address(*core::IpAddress::parse(text))) << text;
  }
  for (const auto* text : {"127.0.0.1",
                           "10.1.2.3",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.168.1.1",
                           "169.254.169.254",
                           "100.64.0.1",
                           "0.0.0.0",
                           "224.0.0.1",
                           "255.255.255.255",
                           "198.18.0.1",
                           "192.0.2.1",
                           "::1",
                           "::",
                           "fe80::1",
                           "fd00::1",
                           "fc00::1",
                           "ff02::1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.0.0.1",
                           "64:ff9b::a00:1",
                           "2002:a00:1::",
                           "2001:db8::1",
                           "2001::1",
                           "fec0::1"}) {
    EXPECT_FALSE(is_public_address(*core::IpAddress::parse(text))) << text;
  }
}

}  // namespace
}  // namespace reachproof::orchestrator
