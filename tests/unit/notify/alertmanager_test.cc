#include "orchestrator/notify/alertmanager.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "tests/support/news.h"

namespace reachproof::orchestrator {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;
namespace json = boost::json;

json::array alerts(const std::string& body) {
  return json::parse(body).as_array();
}
std::string text_of(const json::value& alert, std::string_view key) {
  return std::string(alert.as_object().at(key).as_string());
}

TEST(AlertBook, TellsAnAlertWithItsLabelsAndAnEndThreeIntervalsAway) {
  AlertBook book(seconds(60));
  book.take(opened('a'));
  const auto bodies = book.all(kTeller, kNewsTime + seconds(10));
  ASSERT_THAT(bodies, SizeIs(1));
  EXPECT_EQ(json::serialize(alerts(bodies[0])[0].as_object().at("labels")),
            R"({"alertname":"ReachproofViolation","severity":"high","scenario":"shop",)"
            R"("rule":"X01","src_segment":"office","dst_segment":"data","protocol":"tcp",)"
            R"("port":"22","expectation":"deny","fingerprint":")" +
                std::string(64, 'a') + "\"}");
  const auto alert = alerts(bodies[0])[0];
  EXPECT_EQ(text_of(alert, "startsAt"), "2026-11-30T01:15:00.000Z");
  EXPECT_EQ(text_of(alert, "endsAt"), "2026-11-30T01:18:10.000Z");
  EXPECT_EQ(text_of(alert, "generatorURL"), kTeller.url);
}

TEST(AlertBook, LeavesOutWhatHasNoValue) {
  auto outage = opened('a');
  outage.event.subject = {.fingerprint = "o", .kind = core::FindingKind::CannotTest};
  AlertBook book(seconds(60));
  book.take(outage);
  const auto alert = alerts(book.all({}, kNewsTime)[0])[0].as_object();
  EXPECT_EQ(json::serialize(alert.at("labels")),
            R"({"alertname":"ReachproofCannotTest","severity":"medium","fingerprint":"o"})");
  EXPECT_FALSE(alert.contains("generatorURL"));
}

TEST(AlertBook, KeepsTheLabelsOfAnAlertThatIsOverAndForgetsItAfterFiveMinutes) {
  AlertBook book(seconds(60));
  book.take(opened('a'));
  auto end = closed('a');
  end.event.subject.severity = core::Severity::Low;  // the rule changed meanwhile
  book.take(end);
  const auto alert = alerts(book.all(kTeller, end.event.at + seconds(30))[0])[0].as_object();
  EXPECT_EQ(alert.at("labels").as_object().at("severity").as_string(), "high");
  EXPECT_EQ(text_of(alert, "endsAt"), "2026-11-30T02:15:00.000Z");
  book.forget_old(end.event.at + minutes(5));
  EXPECT_EQ(book.size(), 1U);
  book.forget_old(end.event.at + minutes(5) + seconds(1));
  EXPECT_EQ(book.size(), 0U);
  EXPECT_THAT(book.all(kTeller, end.event.at), IsEmpty());
}

TEST(AlertBook, FiresAgainWhenAFindingReopens) {
  AlertBook book(seconds(60));
  book.take(opened('a'));
  book.take(closed('a'));
  auto again = news_of('a', core::FindingEvent::What::Reopened, "r-3");
  again.opened = again.event.at = kNewsTime + minutes(61);
  book.take(again);
  book.forget_old(kNewsTime + minutes(600));
  const auto alert = alerts(book.all(kTeller, again.opened)[0])[0];
  EXPECT_EQ(text_of(alert, "startsAt"), "2026-11-30T02:16:00.000Z");
  EXPECT_EQ(text_of(alert, "endsAt"), "2026-11-30T02:19:00.000Z");
}

TEST(AlertBook, CutsManyAlertsIntoSeveralBodies) {
  AlertBook book(seconds(60));
  for (int i = 0; i < 450; ++i) {
    auto news = opened('a');
    news.event.subject.fingerprint = std::to_string(i);
    book.take(news);
  }
  std::vector<std::size_t> sizes;
  for (const auto& body : book.all(kTeller, kNewsTime)) sizes.push_back(alerts(body).size());
  EXPECT_THAT(sizes, testing::ElementsAre(200, 200, 50));
}

TEST(AlertBook, TellsTheFindingsOfOneMessageAlone) {
  AlertBook book(seconds(60));
  book.take(opened('a'));
  book.take(opened('b'));
  const Message message{.id = "m", .notifications = {opened('b')}};
  const auto told = alerts(book.of(message, kTeller, kNewsTime));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].as_object().at("labels").as_object().at("fingerprint").as_string(),
            std::string(64, 'b'));
}

}  // namespace
}  // namespace reachproof::orchestrator
