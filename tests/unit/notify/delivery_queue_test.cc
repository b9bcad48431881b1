#include "orchestrator/notify/delivery_queue.h"

#include <gmock/gmock.h>

#include <map>
#include <random>

#include "tests/support/news.h"

namespace reachproof::orchestrator {
namespace {

using Time = DeliveryQueue::Time;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

Message message(const std::string& id, const std::string& findings) {
  Message made{.id = id, .notifications = {}};
  for (const char finding : findings) made.notifications.push_back(opened(finding));
  return made;
}

/// The id of the message to send now, or "".
std::string next(const DeliveryQueue& queue, Time now) {
  const auto* waiting = queue.next(now);
  return waiting == nullptr ? "" : waiting->message.id;
}

TEST(DeliveryQueue, SendsInTheOrderInWhichNewsCame) {
  DeliveryQueue queue(10);
  queue.push(message("1", "a"), seconds(0));
  queue.push(message("2", "b"), seconds(0));
  EXPECT_EQ(next(queue, seconds(0)), "1");
  queue.remove("1");
  EXPECT_EQ(next(queue, seconds(0)), "2");
  queue.remove("2");
  EXPECT_EQ(next(queue, seconds(0)), "");
  EXPECT_EQ(queue.next_at(), std::nullopt);
}

TEST(DeliveryQueue, LetsOthersPassAMessageThatWaitsButNoneOfItsFindings) {
  DeliveryQueue queue(10);
  queue.push(message("1", "a"), seconds(0));
  queue.push(message("2", "ab"), seconds(0));
  queue.push(message("3", "b"), seconds(0));  // behind 2, which is behind 1
  queue.push(message("4", "c"), seconds(0));
  queue.again("1", seconds(8), false);
  EXPECT_EQ(next(queue, seconds(1)), "4");
  queue.remove("4");
  EXPECT_EQ(next(queue, seconds(1)), "");
  EXPECT_EQ(queue.next_at(), seconds(8));
  EXPECT_EQ(next(queue, seconds(8)), "1");
  queue.remove("1");
  EXPECT_EQ(next(queue, seconds(8)), "2");
}

TEST(DeliveryQueue, SpeaksOfOneFindingTwiceInOneMessage) {
  DeliveryQueue queue(10);
  queue.push(message("1", "aa"), seconds(0));
  EXPECT_EQ(next(queue, seconds(0)), "1");
}

TEST(DeliveryQueue, LeavesAReceiverAloneThatIsDown) {
  DeliveryQueue queue(10);
  queue.push(message("1", "a"), seconds(0));
  queue.push(message("2", "b"), seconds(0));
  queue.again("1", seconds(30), true);
  EXPECT_EQ(next(queue, seconds(29)), "");
  EXPECT_EQ(queue.next_at(), seconds(30));
  EXPECT_EQ(next(queue, seconds(30)), "1");
}

TEST(DeliveryQueue, IsBoundedAndSaysWhatWentForIt) {
  DeliveryQueue queue(2);
  EXPECT_FALSE(queue.push(message("1", "a"), seconds(0)));
  EXPECT_FALSE(queue.push(message("2", "b"), seconds(0)));
  const auto dropped = queue.push(message("3", "c"), seconds(0));
  ASSERT_TRUE(dropped);
  EXPECT_EQ(dropped->message.id, "1");
  EXPECT_EQ(queue.size(), 2U);
}

TEST(DeliveryQueue, KnowsWhatItHolds) {
  DeliveryQueue queue(2);
  queue.push(message("1", "a"), seconds(0));
  EXPECT_TRUE(queue.holds("1"));
  EXPECT_FALSE(queue.holds("2"));
  queue.remove("1");
  EXPECT_FALSE(queue.holds("1"));
}

TEST(DeliveryQueue, GivesUpWhatIsTooOld) {
  DeliveryQueue queue(10);
  queue.push(message("1", "a"), seconds(0));
  queue.push(message("2", "a"), seconds(10));
  std::vector<std::string> gone;
  for (const auto& waiting : queue.remove_accepted_until(seconds(9))) {
    gone.push_back(waiting.message.id);
  }
  EXPECT_THAT(gone, ElementsAre("1"));
  EXPECT_THAT(queue.remove_accepted_until(seconds(9)), IsEmpty());
  EXPECT_EQ(next(queue, seconds(10)), "2");
}

TEST(DeliveryQueue, KeepsTheOrderOfEachFindingWhateverFails) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  DeliveryQueue queue(1000);
  std::map<char, std::vector<int>> sent;
  Time now{0};
  int pushed = 0;
  int delivered = 0;
  while (pushed < 500 || queue.size() > 0) {
    if (pushed < 500 && random() % 2 == 0) {
      std::string findings;
      for (unsigned i = 0; i <= random() % 3; ++i)
        findings += static_cast<char>('a' + random() % 5);
      queue.push(message(std::to_string(pushed++), findings), now);
    }
    const auto* waiting = queue.next(now);
    if (waiting == nullptr) {
      now += Time(100);
      continue;
    }
    const auto id = waiting->message.id;
    if (random() % 3 == 0) {
      queue.again(id, now + Time(random() % 1000), random() % 4 == 0);
      continue;
    }
    for (const auto& news : waiting->message.notifications) {
      sent[news.event.subject.fingerprint[0]].push_back(std::stoi(id));
    }
    queue.remove(id);
    ++delivered;
  }
  EXPECT_EQ(delivered, 500);
  for (const auto& [finding, ids] : sent) EXPECT_TRUE(std::ranges::is_sorted(ids)) << finding;
}

}  // namespace
}  // namespace reachproof::orchestrator
