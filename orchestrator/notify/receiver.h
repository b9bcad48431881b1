#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "orchestrator/notify/delivery_book.h"
#include "orchestrator/notify/delivery_queue.h"
#include "orchestrator/notify/sender.h"

namespace reachproof::orchestrator {

/// How a receiver fares, for metrics and `reachproof status`.
struct ReceiverStatus {
  std::string name;
  std::size_t waiting = 0;                      ///< pieces of news that it was not told yet
  std::uint64_t delivered = 0;                  ///< pieces of news
  std::uint64_t given_up = 0;                   ///< pieces of news
  std::map<std::string, std::uint64_t> failed;  ///< attempts by reason; at most kReasonsMax
  std::string last_error;                       ///< empty once an attempt succeeded
};
inline constexpr std::size_t kReasonsMax = 20;

/// One receiver with the thread that tells it, so that one that hangs keeps nobody else waiting.
///
/// At least once, in order for each finding, again after a pause that grows. What is settled is
/// said through `on_delivery`, on this receiver's thread. Ending it takes a fraction of a second;
/// what waits then is not settled, and the log knows it.
class Receiver {
 public:
  struct Setup {
    std::string name;
    std::unique_ptr<Sender> sender;
    std::vector<Notification> known;  ///< findings that are open, which it was told of before
    std::function<void(DeliveryEvent)> on_delivery;
    std::size_t messages_max = DeliveryBook::kPendingMax;
  };

  explicit Receiver(Setup setup);
  ~Receiver();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  /// Takes news and returns at once. From any thread.
  void tell(std::vector<Notification> news);
  [[nodiscard]] ReceiverStatus status() const;

 private:
  using Time = DeliveryQueue::Time;

  void run();
  void take_inbox(Time now);
  void give_up_old(Time now);
  void try_message(Message message, int failures_before);
  void tell_again_if_due(Time now);
  void wait_for_work();
  void settle(const DeliveryQueue::Waiting& waiting, DeliveryEvent::What what, int attempts,
              const std::string& why);
  void note_answer(const DeliveryAnswer& answer);

  Setup setup_;
  DeliveryQueue queue_;  ///< the thread's own, as are the three below
  std::mt19937 random_;
  Time again_at_{0};
  int again_failures_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Notification> inbox_;
  ReceiverStatus status_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;  ///< last: everything else is there when it begins
};

}  // namespace reachproof::orchestrator
