#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/notify/notification.h"

namespace reachproof::orchestrator {

/// Messages that wait for one receiver, and which may go next. Pure; times are of a monotonic
/// clock.
///
/// News of one finding go in their order: while a message waits to be tried again, none behind it
/// that speaks of one of its findings may go; others pass it. Bounded: where it is full the oldest
/// message goes, and the caller says so.
class DeliveryQueue {
 public:
  using Time = std::chrono::milliseconds;

  struct Waiting {
    Message message;
    Time accepted{0};
    Time not_before{0};
    int failures = 0;
  };

  explicit DeliveryQueue(std::size_t messages_max) : messages_max_(messages_max) {}

  /// Whether a message of that id waits.
  [[nodiscard]] bool holds(const std::string& id) const;
  /// Adds one that does not wait yet; gives back what had to go for it.
  std::optional<Waiting> push(Message message, Time now);
  /// The message to send now, or nothing.
  [[nodiscard]] const Waiting* next(Time now) const;
  /// When to ask again; nothing where the queue is empty.
  [[nodiscard]] std::optional<Time> next_at() const;
  /// Delivered, or given up.
  Waiting remove(const std::string& id);
  /// It failed and is tried again later; the whole receiver is left alone until then too where
  /// `pause_all`.
  void again(const std::string& id, Time not_before, bool pause_all);
  /// Removes those accepted at or before that time.
  std::vector<Waiting> remove_accepted_until(Time time);

  [[nodiscard]] std::size_t size() const { return waiting_.size(); }

 private:
  std::deque<Waiting>::iterator find(const std::string& id);

  std::size_t messages_max_;
  std::deque<Waiting> waiting_;  ///< in the order in which they came
  Time paused_until_{0};
};

}  // namespace reachproof::orchestrator
