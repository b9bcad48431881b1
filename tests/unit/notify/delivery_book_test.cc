#include "orchestrator/notify/delivery_book.h"

#include <gmock/gmock.h>

#include "tests/support/news.h"

namespace reachproof::orchestrator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using What = DeliveryEvent::What;

DeliveryEvent event(What what, std::vector<std::string> news = {}) {
  return {
      .what = what, .receiver = "hook", .news = std::move(news), .attempts = 1, .at = kNewsTime};
}

std::vector<std::string> ids(const std::vector<Notification>& news) {
  std::vector<std::string> all;
  for (const auto& one : news) all.push_back(one.id());
  return all;
}

TEST(DeliveryRecord, IsReadAsItWasWritten) {
  const auto record = record_of_delivery({.what = What::GivenUp,
                                          .receiver = "hook",
                                          .news = {"a", "b"},
                                          .attempts = 3,
                                          .why = "http-422",
                                          .at = kNewsTime});
  EXPECT_EQ(record.body,
            R"({"attempts":3,"event":"given-up","kind":"delivery","news":["a","b"],)"
            R"("receiver":"hook","time":"2026-11-30T01:15:00.000Z","why":"http-422"})");
  EXPECT_EQ(record_of_delivery(*delivery_event(record.body)).body, record.body);
  for (const auto* wrong :
       {"", "[]", "{}", R"({"attempts":1,"event":"lost","news":[],"time":""})",
        R"({"attempts":1,"event":"added","news":[1],"time":"2026-11-30T01:15:00Z"})"}) {
    EXPECT_FALSE(delivery_event(wrong)) << wrong;
  }
}

TEST(DeliveryBook, KeepsForAReceiverWhatCameAfterItAndIsNotSettled) {
  DeliveryBook book;
  book.take(opened('a').event);  // before the receiver was there
  EXPECT_FALSE(book.knows("hook"));
  book.take(event(What::Added));
  EXPECT_TRUE(book.knows("hook"));
  book.take(opened('b').event);
  book.take(opened('c').event);
  book.take(closed('b').event);
  book.take(event(What::Delivered, {opened('b').id()}));
  EXPECT_THAT(ids(book.pending("hook")), ElementsAre(opened('c').id(), closed('b').id()));
  book.take(event(What::GivenUp, {opened('c').id(), closed('b').id()}));
  EXPECT_THAT(book.pending("hook"), IsEmpty());
  EXPECT_THAT(book.pending("other"), IsEmpty());
}

TEST(DeliveryBook, TellsNewsOfAFindingSinceWhenItIsOpen) {
  DeliveryBook book;
  book.take(event(What::Added));
  book.take(opened('a').event);
  book.take(closed('a').event);
  ASSERT_EQ(book.pending("hook").size(), 2U);
  EXPECT_EQ(book.pending("hook")[1].opened, kNewsTime);
}

TEST(DeliveryBook, KnowsWhatIsOpen) {
  DeliveryBook book;
  book.take(opened('a').event);
  book.take(opened('b').event);
  book.take(closed('a').event);
  auto quiet = opened('c').event;
  quiet.what = core::FindingEvent::What::Suspected;
  book.take(quiet);
  auto recovering = opened('b', "r-9").event;
  recovering.what = core::FindingEvent::What::Recovering;
  book.take(recovering);
  const auto open = book.open();
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].event.subject.fingerprint, std::string(64, 'b'));
  EXPECT_EQ(open[0].event.what, core::FindingEvent::What::Opened);
  EXPECT_EQ(open[0].opened, kNewsTime);
}

TEST(DeliveryBook, IsBounded) {
  DeliveryBook book;
  book.take(event(What::Added));
  for (std::size_t i = 0; i <= DeliveryBook::kPendingMax; ++i) {
    book.take(opened('a', "r-" + std::to_string(i)).event);
  }
  const auto pending = book.pending("hook");
  EXPECT_EQ(pending.size(), DeliveryBook::kPendingMax);
  EXPECT_EQ(pending.front().event.run, "r-1");
}

}  // namespace
}  // namespace reachproof::orchestrator
