// A webhook with a real receiver that fails in every way before it takes what it is told.
#include <fmt/core.h>

#include "tests/integration/notify/notify_fixture.h"

namespace reachproof::orchestrator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace json = boost::json;

constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* kNewSecret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

class Webhook : public NotifyFixture {
 protected:
  void SetUp() override {
    reachproof::testing::write_file(folder_ / "secrets", std::string(kSecret) + "\n");
  }

  void run_receiver(const std::vector<std::string>& answers, const char* secret = kSecret) {
    std::vector<std::string> command{
        "python3", REACHPROOF_SOURCE_DIR "/tests/integration/notify/webhook_receiver.py",
        std::to_string(port_), secret};
    command.insert(command.end(), answers.begin(), answers.end());
    receiver_ = run_program(command, "receiver");
    ASSERT_TRUE(until_listening(port_));
  }

  ReceiverConfig config() {
    return {.name = "hook",
            .kind = ReceiverConfig::Kind::Webhook,
            .target = fmt::format("http://127.0.0.1:{}/hook?token=hush", port_),
            .secrets = (folder_ / "secrets").string(),
            .allow_private = true,
            .timeout = std::chrono::seconds(3)};
  }

  /// Everything that the receiver saw.
  std::vector<json::object> seen() {
    std::vector<json::object> all;
    std::istringstream lines(reachproof::testing::file_text(folder_ / "receiver" / "program.out"));
    for (std::string line; std::getline(lines, line);) all.push_back(json::parse(line).as_object());
    return all;
  }
  std::vector<std::string> seen_words(const char* key) {
    std::vector<std::string> words;
    for (const auto& one : seen()) words.emplace_back(one.at(key).as_string());
    return words;
  }

  std::uint16_t port_ = free_port();
  std::size_t receiver_ = 0;
};

TEST_F(Webhook, IsDeliveredThroughEveryFailureInOrderAndUnderOneId) {
  run_receiver({"401", "429:Retry-After=2", "hang", "307:Location=/elsewhere"});
  start_notifier(config());
  const auto begin = std::chrono::steady_clock::now();
  tell(opened('a'));
  tell(closed('a'));
  ASSERT_TRUE(until_owed_nothing("hook"));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
  const auto first = opened('a').id();
  EXPECT_THAT(seen_words("id"), ElementsAre(first, first, first, first, first, closed('a').id()));
  EXPECT_THAT(seen_words("path"), ::testing::Each("/hook?token=hush"));  // no redirect followed
  for (const auto& one : seen()) EXPECT_TRUE(one.at("signed").as_bool());
  EXPECT_EQ(seen()[0].at("body"), seen()[4].at("body"));
  EXPECT_EQ(seen()[0].at("type").as_string(), "application/cloudevents+json");
  const auto status = notifier_->status().at(0);
  EXPECT_EQ(status.delivered, 2U);
  EXPECT_EQ(status.failed.at("http-429"), 1U);
  EXPECT_EQ(status.failed.at("no-answer"), 1U);
}

TEST_F(Webhook, IsToldOfARunInOneRequestForEachRule) {
  run_receiver({});
  auto batched = config();
  batched.batch = true;
  start_notifier(batched);
  std::vector<Notification> news;
  for (const char finding : {'a', 'b', 'c', 'd'}) {
    news.push_back(opened(finding, "r-1", finding == 'd' ? "X02" : "X01"));
    book_.take(news.back().event);
  }
  notifier_->tell(news);
  ASSERT_TRUE(until_owed_nothing("hook"));
  ASSERT_EQ(seen().size(), 2U);
  EXPECT_EQ(seen()[0].at("body").as_array().size(), 3U);
  EXPECT_TRUE(seen()[0].at("signed").as_bool());
}

TEST_F(Webhook, TakesASecretThatIsNewWhileTheOldOneStillSigns) {
  reachproof::testing::write_file(folder_ / "secrets",
                                  fmt::format("{}\n{}\n", kSecret, kNewSecret));
  run_receiver({}, kNewSecret);
  start_notifier(config());
  tell(opened('a'));
  ASSERT_TRUE(until_owed_nothing("hook"));
  EXPECT_TRUE(seen().at(0).at("signed").as_bool());
}

TEST_F(Webhook, IsToldAfterARestartWhatItMissedWhileItWasAway) {
  start_notifier(config());  // nobody listens yet
  tell(opened('a'));
  tell(opened('b'));
  ASSERT_TRUE(until([&] { return notifier_->status().at(0).failed.contains("no-answer"); }));
  EXPECT_THAT(notifier_->status().at(0).last_error, ::testing::Not(HasSubstr("hush")));
  notifier_.reset();
  tell(closed('a'));
  run_receiver({});
  start_notifier(config());
  ASSERT_TRUE(until_owed_nothing("hook"));
  EXPECT_THAT(seen_words("id"), ElementsAre(opened('a').id(), opened('b').id(), closed('a').id()));
  start_notifier(config());
  EXPECT_EQ(notifier_->status().at(0).waiting, 0U);
}

TEST_F(Webhook, IsNotReachedAtAPrivateAddressUnlessThatIsAllowed) {
  run_receiver({});
  for (const auto* host : {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"}) {
    auto inside = config();
    inside.allow_private = false;
    inside.target = fmt::format("https://{}:{}/hook", host, port_);
    inside.name = host;
    start_notifier(inside);
    tell(opened('a', std::string("r-") + host));
    ASSERT_TRUE(until([&] { return !notifier_->status().at(0).last_error.empty(); })) << host;
    EXPECT_THAT(notifier_->status().at(0).last_error, HasSubstr("not allowed")) << host;
  }
  EXPECT_TRUE(seen().empty());
}

TEST_F(Webhook, SaysWhichSecretsAreMissingBeforeAnythingIsSent) {
  auto wrong = config();
  wrong.secrets = (folder_ / "none").string();
  EXPECT_THAT(Notifier::start({.receivers = {wrong}, .who = kTeller}, {}).error().message,
              HasSubstr("receiver hook"));
  reachproof::testing::write_file(folder_ / "secrets", "letmein\n");
  const auto weak = Notifier::start({.receivers = {config()}, .who = kTeller}, {});
  EXPECT_THAT(weak.error().message, HasSubstr("secrets: a webhook secret is"));
  EXPECT_THAT(weak.error().message, ::testing::Not(HasSubstr("letmein")));
}

}  // namespace
}  // namespace reachproof::orchestrator
