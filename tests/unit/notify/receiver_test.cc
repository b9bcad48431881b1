// The thread of one receiver, with a sender that answers as it is told.
#include "orchestrator/notify/receiver.h"

#include <gmock/gmock.h>

#include "tests/support/news.h"

namespace reachproof::orchestrator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using What = DeliveryEvent::What;

/// What the test and the sender's thread both look at.
struct Stage {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<DeliveryAnswer> answers;  ///< of the next attempts; then 200
  std::vector<std::string> sent;        ///< ids of messages, one for each attempt
  std::vector<std::string> learnt;
  std::vector<DeliveryEvent> events;
  int told_again = 0;
  std::optional<seconds> interval;
  bool hang = false;
};

class StagedSender final : public Sender {
 public:
  explicit StagedSender(Stage& stage) : stage_(stage) {}
  Grouping grouping() const override { return Grouping::Single; }
  std::optional<seconds> interval() const override { return stage_.interval; }

  void learn(const Notification& news) override {
    const std::lock_guard lock(stage_.mutex);
    stage_.learnt.push_back(news.id());
  }

  DeliveryAnswer send(const Message& message, core::WallTime, const Cancelled& cancelled) override {
    while (hangs() && !cancelled()) std::this_thread::sleep_for(milliseconds(5));
    const std::lock_guard lock(stage_.mutex);
    stage_.sent.push_back(message.id);
    stage_.changed.notify_all();
    if (stage_.hang) return {.error = "given up"};
    if (stage_.answers.empty()) return {.status = 200};
    const auto answer = stage_.answers.front();
    stage_.answers.erase(stage_.answers.begin());
    return answer;
  }

  DeliveryAnswer tell_again(core::WallTime, const Cancelled&) override {
    const std::lock_guard lock(stage_.mutex);
    ++stage_.told_again;
    stage_.changed.notify_all();
    return {.taken = true};
  }

 private:
  bool hangs() {
    const std::lock_guard lock(stage_.mutex);
    return stage_.hang;
  }
  Stage& stage_;
};

class ReceiverThread : public testing::Test {
 protected:
  void start(std::vector<Notification> known = {}, std::size_t messages_max = 100) {
    receiver_ =
        std::make_unique<Receiver>(Receiver::Setup{.name = "hook",
                                                   .sender = std::make_unique<StagedSender>(stage_),
                                                   .known = std::move(known),
                                                   .on_delivery =
                                                       [this](DeliveryEvent event) {
                                                         const std::lock_guard lock(stage_.mutex);
                                                         stage_.events.push_back(std::move(event));
                                                         stage_.changed.notify_all();
                                                       },
                                                   .messages_max = messages_max});
  }

  template <class Condition>
  bool until(const Condition& condition) {
    std::unique_lock lock(stage_.mutex);
    return stage_.changed.wait_for(lock, seconds(20), condition);
  }
  bool until_settled(std::size_t events) {
    return until([&] { return stage_.events.size() >= events; });
  }

  Stage stage_;
  std::unique_ptr<Receiver> receiver_;
};

TEST_F(ReceiverThread, DeliversAndSaysSo) {
  start();
  receiver_->tell({opened('a'), opened('b')});
  ASSERT_TRUE(until_settled(2));
  EXPECT_THAT(stage_.sent, ElementsAre(opened('a').id(), opened('b').id()));
  EXPECT_EQ(stage_.events[0].what, What::Delivered);
  EXPECT_THAT(stage_.events[0].news, ElementsAre(opened('a').id()));
  EXPECT_EQ(stage_.events[0].attempts, 1);
  EXPECT_EQ(receiver_->status().delivered, 2U);
  EXPECT_EQ(receiver_->status().waiting, 0U);
}

TEST_F(ReceiverThread, TriesAgainInOrderAndCountsWhatFailed) {
  stage_.answers = {{.status = 503}, {.error = "refused"}};
  start();
  receiver_->tell({opened('a'), closed('a')});
  ASSERT_TRUE(until_settled(2));
  const auto first = opened('a').id();
  EXPECT_THAT(stage_.sent, ElementsAre(first, first, first, closed('a').id()));
  EXPECT_EQ(stage_.events[0].attempts, 3);
  const auto status = receiver_->status();
  EXPECT_EQ(status.failed.at("http-503"), 1U);
  EXPECT_EQ(status.failed.at("no-answer"), 1U);
  EXPECT_EQ(status.last_error, "");
}

TEST_F(ReceiverThread, LetsOtherFindingsPassOneThatFails) {
  stage_.answers = {{.status = 500}};
  start();
  receiver_->tell({opened('a'), opened('b')});
  ASSERT_TRUE(until_settled(2));
  EXPECT_THAT(stage_.sent, ElementsAre(opened('a').id(), opened('b').id(), opened('a').id()));
}

TEST_F(ReceiverThread, GivesUpAMessageThatIsRefused) {
  stage_.answers = {{.status = 422}};
  start();
  receiver_->tell({opened('a')});
  ASSERT_TRUE(until_settled(1));
  EXPECT_EQ(stage_.events[0].what, What::GivenUp);
  EXPECT_EQ(stage_.events[0].why, "http-422");
  EXPECT_EQ(receiver_->status().given_up, 1U);
}

TEST_F(ReceiverThread, DropsTheOldestWhereTooMuchWaits) {
  start({}, 2);
  {
    const std::lock_guard lock(stage_.mutex);
    stage_.hang = true;
  }
  receiver_->tell({opened('a'), opened('b'), opened('c')});
  ASSERT_TRUE(until_settled(1));
  EXPECT_EQ(stage_.events[0].what, What::GivenUp);
  EXPECT_EQ(stage_.events[0].why, "queue-full");
  EXPECT_THAT(stage_.events[0].news, ElementsAre(opened('a').id()));
  EXPECT_EQ(receiver_->status().waiting, 2U);
}

TEST_F(ReceiverThread, TakesTheSameNewsOnceWhileTheyWait) {
  start();
  {
    const std::lock_guard lock(stage_.mutex);
    stage_.hang = true;
  }
  receiver_->tell({opened('a'), opened('a'), opened('b')});
  ASSERT_TRUE(until([&] { return stage_.learnt.size() == 3; }));
  {
    const std::lock_guard lock(stage_.mutex);
    stage_.hang = false;
  }
  ASSERT_TRUE(until_settled(2));
  EXPECT_EQ(receiver_->status().waiting, 0U);
  EXPECT_THAT(stage_.sent, ElementsAre(opened('a').id(), opened('b').id()));
}

TEST_F(ReceiverThread, IsToldAgainAtItsIntervalAndKnowsWhatWasOpenBefore) {
  stage_.interval = seconds(1);
  start({opened('a')});
  ASSERT_TRUE(until([&] { return stage_.told_again >= 2; }));
  EXPECT_THAT(stage_.learnt, ElementsAre(opened('a').id()));
  EXPECT_THAT(stage_.sent, IsEmpty());
}

TEST_F(ReceiverThread, EndsAtOnceAndSettlesNothingThatWaits) {
  stage_.hang = true;
  start();
  receiver_->tell({opened('a')});
  const auto begin = std::chrono::steady_clock::now();
  receiver_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(2));
  EXPECT_THAT(stage_.events, IsEmpty());
}

}  // namespace
}  // namespace reachproof::orchestrator
