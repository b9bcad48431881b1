#include "orchestrator/notify/receiver.h"

#include <algorithm>
#include <utility>

#include "host/wall_clock.h"

namespace reachproof::orchestrator {
namespace {

using std::chrono::milliseconds;

DeliveryQueue::Time monotonic_now() {
  return std::chrono::duration_cast<milliseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
}

using host::wall_now;

}  // namespace

Receiver::Receiver(Setup setup)
    : setup_(std::move(setup)), queue_(setup_.messages_max), random_(std::random_device{}()) {
  status_.name = setup_.name;
  for (const auto& news : setup_.known) setup_.sender->learn(news);
  thread_ = std::thread([this] { run(); });
}

Receiver::~Receiver() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Receiver::tell(std::vector<Notification> news) {
  const std::lock_guard lock(mutex_);
  status_.waiting += news.size();
  std::ranges::move(news, std::back_inserter(inbox_));
  changed_.notify_all();
}

ReceiverStatus Receiver::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void Receiver::run() {
  while (!stopping_) {
    const auto now = monotonic_now();
    take_inbox(now);
    give_up_old(now);
    tell_again_if_due(now);
    const auto* waiting = queue_.next(now);
    if (waiting != nullptr) {
      try_message(waiting->message, waiting->failures);
    } else {
      wait_for_work();
    }
  }
}

void Receiver::take_inbox(Time now) {
  std::vector<Notification> news;
  {
    const std::lock_guard lock(mutex_);
    news = std::exchange(inbox_, {});
  }
  std::size_t known = news.size();  // those that wait already, and need not be sent twice
  for (const auto& one : news) setup_.sender->learn(one);
  for (auto& message : messages_of(news, setup_.sender->grouping())) {
    if (queue_.holds(message.id)) continue;
    known -= message.notifications.size();
    const auto dropped = queue_.push(std::move(message), now);
    if (dropped) settle(*dropped, DeliveryEvent::What::GivenUp, dropped->failures, "queue-full");
  }
  const std::lock_guard lock(mutex_);
  status_.waiting -= known;
}

void Receiver::give_up_old(Time now) {
  for (const auto& old : queue_.remove_accepted_until(now - kDeliveryAgeMax)) {
    settle(old, DeliveryEvent::What::GivenUp, old.failures, "too-old");
  }
}

void Receiver::try_message(Message message, int failures_before) {
  const auto answer = setup_.sender->send(message, wall_now(), [this] { return bool(stopping_); });
  if (stopping_ && fate_of(answer) == DeliveryFate::Again) return;
  note_answer(answer);
  const int attempts = failures_before + 1;
  switch (fate_of(answer)) {
    case DeliveryFate::Delivered:
      settle(queue_.remove(message.id), DeliveryEvent::What::Delivered, attempts, "");
      return;
    case DeliveryFate::Refused:
      settle(queue_.remove(message.id), DeliveryEvent::What::GivenUp, attempts, reason_of(answer));
      return;
    case DeliveryFate::Again:
      const auto pause =
          pause_after(attempts, answer.retry_after, static_cast<std::uint32_t>(random_()));
      queue_.again(message.id, monotonic_now() + pause, pauses_receiver(answer));
      return;
  }
}

void Receiver::tell_again_if_due(Time now) {
  const auto interval = setup_.sender->interval();
  if (!interval || now < again_at_) return;
  const auto answer = setup_.sender->tell_again(wall_now(), [this] { return bool(stopping_); });
  const bool failed = fate_of(answer) != DeliveryFate::Delivered;
  if (stopping_ && failed) return;
  again_failures_ = failed ? again_failures_ + 1 : 0;
  if (failed) note_answer(answer);
  const Time pause =
      failed ? std::min<Time>(*interval, pause_after(again_failures_, answer.retry_after,
                                                     static_cast<std::uint32_t>(random_())))
             : Time(*interval);
  again_at_ = monotonic_now() + pause;
}

void Receiver::wait_for_work() {
  std::optional<Time> until = queue_.next_at();
  if (setup_.sender->interval()) until = until ? std::min(*until, again_at_) : again_at_;
  constexpr Time kLongest = std::chrono::minutes(1);
  const auto pause = until ? std::clamp(*until - monotonic_now(), Time(0), kLongest) : kLongest;
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, pause, [this] { return stopping_ || !inbox_.empty(); });
}

void Receiver::settle(const DeliveryQueue::Waiting& waiting, DeliveryEvent::What what, int attempts,
                      const std::string& why) {
  DeliveryEvent event{.what = what,
                      .receiver = setup_.name,
                      .news = {},
                      .attempts = attempts,
                      .why = why,
                      .at = wall_now()};
  for (const auto& news : waiting.message.notifications) event.news.push_back(news.id());
  {
    const std::lock_guard lock(mutex_);
    status_.waiting -= event.news.size();
    (what == DeliveryEvent::What::Delivered ? status_.delivered : status_.given_up) +=
        event.news.size();
  }
  setup_.on_delivery(std::move(event));
}

void Receiver::note_answer(const DeliveryAnswer& answer) {
  const std::lock_guard lock(mutex_);
  if (fate_of(answer) == DeliveryFate::Delivered) {
    status_.last_error.clear();
    return;
  }
  const auto reason = reason_of(answer);
  status_.last_error = answer.error.empty() ? reason : answer.error;
  if (status_.failed.size() < kReasonsMax || status_.failed.contains(reason)) {
    ++status_.failed[reason];
  }
}

}  // namespace reachproof::orchestrator
