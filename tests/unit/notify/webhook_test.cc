#include "orchestrator/notify/webhook.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "tests/support/news.h"

namespace reachproof::orchestrator {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
namespace json = boost::json;

TEST(Webhook, SignsAsStandardWebhooksDo) {
  // The example of the Standard Webhooks specification and its libraries.
  const auto secrets = *read_webhook_secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
  EXPECT_THAT(
      webhook_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", R"({"test": 2432232314})", secrets,
                      core::WallTime(std::chrono::seconds(1614265330))),
      ElementsAre("webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp: 1614265330",
                  "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
}

TEST(Webhook, SignsWithEverySecretWhileOneIsExchangedForAnother) {
  const auto secrets = *read_webhook_secrets(
      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\r\n\nwhsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
  ASSERT_THAT(secrets, SizeIs(2));
  const auto signature = webhook_headers("m", "{}", secrets, kNewsTime)[2];
  EXPECT_EQ(std::ranges::count(signature, ' '), 2);
  EXPECT_THAT(signature, testing::MatchesRegex("webhook-signature: v1,.{44} v1,.{44}"));
}

TEST(Webhook, RefusesWeakSecretsAndNeverRepeatsThem) {
  for (const auto* text : {"", "\n", "hunter2", "whsec_", "whsec_c2hvcnQ=", "whsec_???",
                           "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}) {
    const auto secrets = read_webhook_secrets(text);
    ASSERT_FALSE(secrets) << text;
    EXPECT_THAT(secrets.error().message, Not(HasSubstr("hunter2")));
    EXPECT_THAT(secrets.error().message, Not(HasSubstr("c2hvcnQ")));
  }
}

TEST(Webhook, IsOneCloudEventOrABatchOfThem) {
  const Message one{.id = "m", .notifications = {opened('a')}};
  EXPECT_EQ(webhook_content_type(false), "application/cloudevents+json");
  const auto event = json::parse(webhook_body(one, kTeller, false)).as_object();
  EXPECT_EQ(event.at("specversion").as_string(), "1.0");
  EXPECT_EQ(event.at("id").as_string(), opened('a').id());
  EXPECT_EQ(event.at("source").as_string(), kTeller.source);
  EXPECT_EQ(event.at("type").as_string(), "io.reachproof.finding.opened.v1");
  EXPECT_EQ(event.at("subject").as_string(), std::string(64, 'a'));
  EXPECT_EQ(event.at("time").as_string(), "2026-11-30T01:15:00.000Z");
  EXPECT_EQ(event.at("datacontenttype").as_string(), "application/json");
  const auto& data = event.at("data").as_object();
  EXPECT_EQ(data.at("rule").as_string(), "X01");
  EXPECT_EQ(data.at("protocol").as_string(), "tcp");
  EXPECT_EQ(data.at("port").as_string(), "22");
  EXPECT_EQ(data.at("expectation").as_string(), "deny");

  const Message two{.id = "m", .notifications = {opened('a'), opened('b')}};
  EXPECT_EQ(webhook_content_type(true), "application/cloudevents-batch+json");
  EXPECT_THAT(json::parse(webhook_body(two, kTeller, true)).as_array(), SizeIs(2));
  EXPECT_EQ(webhook_body(two, kTeller, true), webhook_body(two, kTeller, true));
}

}  // namespace
}  // namespace reachproof::orchestrator
