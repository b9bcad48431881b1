#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <string>

#include "evidence/merkle.h"
#include "orchestrator/api/http_message.h"

namespace reachproof::orchestrator::api {

/// Remembers what POSTs with an Idempotency-Key were answered, so that a caller who lost the
/// answer can ask again without doing it again. Pure; bounded in number, bytes and time.
class IdempotencyBook {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Limits {
    std::chrono::hours life{24};
    std::size_t entries_max = 10'000;
    std::size_t bytes_max = 16U << 20U;
  };
  struct Key {
    std::string caller;  ///< token id: two callers may choose the same key
    std::string call;    ///< method and path
    std::string key;
    auto operator<=>(const Key&) const = default;
  };
  enum class Known {
    New,        ///< do it, then finish() or forget()
    UnderWay,   ///< the first one has no answer yet
    Different,  ///< the key was used for another body
    Answered,   ///< `response` is the answer
    ShownOnce,  ///< it was done, and its answer was shown once
    Full,       ///< too many are under way
  };

  IdempotencyBook() : IdempotencyBook(Limits{}) {}
  explicit IdempotencyBook(Limits limits) : limits_(limits) {}

  [[nodiscard]] Known begin(const Key& key, std::string_view body, Time now, Response& response);
  /// Keeps the answer; of one that holds a secret only that it was given.
  void finish(const Key& key, const Response& response, bool secret);
  /// Nothing was done: the key is free again.
  void forget(const Key& key);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    evidence::Hash body{};
    Time since;
    bool finished = false;
    bool secret = false;
    Response response;
  };
  void drop(std::map<Key, Entry>::iterator entry);
  void make_room(Time now);

  Limits limits_;
  std::map<Key, Entry> entries_;
  std::deque<std::pair<Time, Key>> order_;  ///< oldest first; may name what is gone
  std::size_t bytes_ = 0;
};

}  // namespace reachproof::orchestrator::api
