// Debian's Alertmanager, told of findings.
#include <fmt/core.h>

#include "host/https.h"
#include "tests/integration/notify/notify_fixture.h"

namespace reachproof::orchestrator {
namespace {

namespace json = boost::json;

class Alertmanager : public NotifyFixture {
 protected:
  void SetUp() override {
    if (std::system("command -v prometheus-alertmanager >/dev/null") != 0) {
      GTEST_SKIP() << "prometheus-alertmanager is not installed";
    }
    reachproof::testing::write_file(folder_ / "alertmanager.yml",
                                    "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n");
    run_alertmanager("first");
    start_notifier({.name = "pager",
                    .kind = ReceiverConfig::Kind::Alertmanager,
                    .target = fmt::format("http://127.0.0.1:{}/", port_),
                    .interval = std::chrono::seconds(1)});
  }

  /// Each with a folder of its own: another one has forgotten everything.
  void run_alertmanager(const std::string& folder) {
    program_ = run_program(
        {"prometheus-alertmanager", "--config.file=" + (folder_ / "alertmanager.yml").string(),
         "--storage.path=" + (folder_ / (folder + ".store")).string(),
         fmt::format("--web.listen-address=127.0.0.1:{}", port_), "--cluster.listen-address="},
        folder);
  }

  /// What fires there, by fingerprint; nothing where it does not answer.
  std::map<std::string, json::object> firing() {
    std::map<std::string, json::object> alerts;
    const auto answer =
        client_.perform({.url = fmt::format("http://127.0.0.1:{}/api/v2/alerts", port_)});
    if (!answer || answer->status != 200) return alerts;
    const auto list = json::parse(answer->body);
    for (const auto& alert : list.as_array()) {
      const auto& labels = alert.as_object().at("labels").as_object();
      alerts[std::string(labels.at("fingerprint").as_string())] = alert.as_object();
    }
    return alerts;
  }

  /// News of now: Alertmanager takes an end that is past as an end.
  static Notification now(Notification news) {
    news.event.at = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    if (!news.is_over()) news.opened = news.event.at;
    return news;
  }

  const std::string a_ = std::string(64, 'a');
  const std::string b_ = std::string(64, 'b');
  std::uint16_t port_ = free_port();
  std::size_t program_ = 0;
  host::HttpsClient client_{{.allow_plain = true}};
};

TEST_F(Alertmanager, FiresFromOpenedToClosedAndStaysFiringInBetween) {
  tell(now(opened('a')));
  tell(now(opened('b')));
  ASSERT_TRUE(until([&] { return firing().size() == 2; }));
  const auto alert = firing().at(a_);
  EXPECT_EQ(alert.at("labels").as_object().at("alertname").as_string(), "ReachproofViolation");
  EXPECT_EQ(alert.at("labels").as_object().at("src_segment").as_string(), "office");
  EXPECT_EQ(alert.at("generatorURL").as_string(), kTeller.url);

  // It would end by itself after three seconds, were it not told again.
  const auto end = alert.at("endsAt").as_string();
  std::this_thread::sleep_for(std::chrono::seconds(4));
  ASSERT_TRUE(firing().contains(a_));
  EXPECT_NE(firing().at(a_).at("endsAt").as_string(), end);
  EXPECT_EQ(firing().at(a_).at("startsAt"), alert.at("startsAt"));

  tell(now(closed('a')));
  ASSERT_TRUE(until([&] { return !firing().contains(a_); }));
  EXPECT_TRUE(firing().contains(b_));
  ASSERT_TRUE(until_owed_nothing("pager"));
  EXPECT_EQ(notifier_->status().at(0).delivered, 3U);
}

TEST_F(Alertmanager, ThatLostItsMemoryIsToldEverythingAgain) {
  tell(now(opened('a')));
  ASSERT_TRUE(until([&] { return firing().contains(a_); }));
  end_program(program_);
  tell(now(opened('b')));
  ASSERT_TRUE(until([&] { return notifier_->status().at(0).failed.contains("no-answer"); }));
  run_alertmanager("second");
  EXPECT_TRUE(until([&] { return firing().size() == 2; }));
  EXPECT_TRUE(until_owed_nothing("pager"));
}

TEST_F(Alertmanager, KeepsFiringOverARestartOfOurs) {
  tell(now(opened('a')));
  ASSERT_TRUE(until_owed_nothing("pager"));
  notifier_.reset();
  ASSERT_TRUE(until([&] { return firing().empty(); }));  // the end that it was given
  start_notifier({.name = "pager",
                  .kind = ReceiverConfig::Kind::Alertmanager,
                  .target = fmt::format("http://127.0.0.1:{}", port_),
                  .interval = std::chrono::seconds(1)});
  EXPECT_TRUE(until([&] { return firing().contains(a_); }));
}

}  // namespace
}  // namespace reachproof::orchestrator
