#include "orchestrator/api/idempotency.h"

namespace reachproof::orchestrator::api {

void IdempotencyBook::drop(std::map<Key, Entry>::iterator entry) {
  bytes_ -= entry->second.response.body.size();
  entries_.erase(entry);
}

/// Lets go of what is too old, and of the oldest answers where there are too many.
void IdempotencyBook::make_room(Time now) {
  const auto crowded = [this] {
    return entries_.size() >= limits_.entries_max || bytes_ > limits_.bytes_max;
  };
  std::deque<std::pair<Time, Key>> under_way;
  while (!order_.empty() && (order_.front().first + limits_.life <= now || crowded())) {
    auto oldest = std::move(order_.front());
    order_.pop_front();
    const auto entry = entries_.find(oldest.second);
    if (entry == entries_.end() || entry->second.since != oldest.first) continue;
    if (entry->second.finished) {
      drop(entry);
    } else {
      under_way.push_back(std::move(oldest));
    }
  }
  order_.insert(order_.begin(), under_way.begin(), under_way.end());
  if (order_.size() <= 2 * limits_.entries_max) return;
  std::erase_if(order_, [this](const auto& entry) { return !entries_.contains(entry.second); });
}

IdempotencyBook::Known IdempotencyBook::begin(const Key& key, std::string_view body, Time now,
                                              Response& response) {
  make_room(now);
  const auto found = entries_.find(key);
  if (found != entries_.end()) {
    const auto& entry = found->second;
    if (entry.body != evidence::sha256(body)) return Known::Different;
    if (!entry.finished) return Known::UnderWay;
    if (entry.secret) return Known::ShownOnce;
    response = entry.response;
    return Known::Answered;
  }
  if (entries_.size() >= limits_.entries_max) return Known::Full;
  entries_[key] = {.body = evidence::sha256(body), .since = now};
  order_.emplace_back(now, key);
  return Known::New;
}

void IdempotencyBook::finish(const Key& key, const Response& response, bool secret) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  found->second.finished = true;
  found->second.secret = secret;
  if (secret) return;
  found->second.response = response;
  bytes_ += response.body.size();
}

void IdempotencyBook::forget(const Key& key) {
  const auto found = entries_.find(key);
  if (found != entries_.end()) drop(found);
}

}  // namespace reachproof::orchestrator::api
