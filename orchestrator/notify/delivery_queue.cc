#include "orchestrator/notify/delivery_queue.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "core/check.h"

namespace reachproof::orchestrator {
namespace {

using Waiting = DeliveryQueue::Waiting;

/// Walks the messages that no older one holds back, until `stop` says so.
template <class Stop>
const Waiting* first_free(const std::deque<Waiting>& waiting, const Stop& stop) {
  std::set<std::string_view> spoken_of;
  for (const auto& one : waiting) {
    std::set<std::string_view> findings;
    for (const auto& news : one.message.notifications) {
      findings.insert(news.event.subject.fingerprint);
    }
    const bool held_back = std::ranges::any_of(
        findings, [&](const auto& finding) { return spoken_of.contains(finding); });
    spoken_of.merge(findings);  // also where it is held back: nothing passes it
    if (!held_back && stop(one)) return &one;
  }
  return nullptr;
}

}  // namespace

std::deque<Waiting>::iterator DeliveryQueue::find(const std::string& id) {
  return std::ranges::find_if(waiting_, [&](const auto& one) { return one.message.id == id; });
}

bool DeliveryQueue::holds(const std::string& id) const {
  return std::ranges::any_of(waiting_, [&](const auto& one) { return one.message.id == id; });
}

std::optional<Waiting> DeliveryQueue::push(Message message, Time now) {
  CHECK(!holds(message.id));
  std::optional<Waiting> dropped;
  if (waiting_.size() >= messages_max_) {
    dropped = std::move(waiting_.front());
    waiting_.pop_front();
  }
  waiting_.push_back({.message = std::move(message), .accepted = now, .not_before = now});
  return dropped;
}

const Waiting* DeliveryQueue::next(Time now) const {
  if (now < paused_until_) return nullptr;
  return first_free(waiting_, [&](const Waiting& one) { return one.not_before <= now; });
}

std::optional<DeliveryQueue::Time> DeliveryQueue::next_at() const {
  std::optional<Time> at;
  first_free(waiting_, [&](const Waiting& one) {
    at = at ? std::min(*at, one.not_before) : one.not_before;
    return false;
  });
  return at ? std::optional(std::max(*at, paused_until_)) : std::nullopt;
}

Waiting DeliveryQueue::remove(const std::string& id) {
  const auto it = find(id);
  CHECK(it != waiting_.end());
  auto removed = std::move(*it);
  waiting_.erase(it);
  return removed;
}

void DeliveryQueue::again(const std::string& id, Time not_before, bool pause_all) {
  const auto it = find(id);
  CHECK(it != waiting_.end());
  ++it->failures;
  it->not_before = not_before;
  if (pause_all) paused_until_ = std::max(paused_until_, not_before);
}

std::vector<Waiting> DeliveryQueue::remove_accepted_until(Time time) {
  std::vector<Waiting> removed;
  while (!waiting_.empty() && waiting_.front().accepted <= time) {
    removed.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return removed;
}

}  // namespace reachproof::orchestrator
