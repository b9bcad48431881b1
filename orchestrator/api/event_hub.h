#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "orchestrator/api/access.h"
#include "orchestrator/api/event_stream.h"

namespace reachproof::orchestrator::api {

/// Hands the service's news to everybody who follows them, each within their segments.
///
/// Remembers the newest events, so that a listener who was cut off goes on where they were; who
/// was away too long gets a "gap" event, and asks for the state as it is. On the loop's thread.
class EventHub {
 public:
  static constexpr std::size_t kListenersMax = 64;
  static constexpr std::size_t kOfTokenMax = 8;
  static constexpr std::size_t kRememberedMax = 1024;

  /// Ids go on from `first`: after a restart they must be larger than before.
  explicit EventHub(std::uint64_t first) : next_(first) {}

  /// `data` is one line of JSON; `segments` are those that it is about, empty for all.
  void publish(std::string type, std::vector<std::string> segments, std::string data);

  /// Events of these types (all where empty), after the one with that id. Busy where there are too
  /// many listeners.
  [[nodiscard]] Result<std::shared_ptr<EventStream>> follow(const Caller& caller,
                                                            std::set<std::string> types,
                                                            std::optional<std::uint64_t> last_seen);

  /// Closes the streams of tokens that are no longer believed.
  void close_where(const std::function<bool(const std::string& token)>& unwanted);
  void close_all();
  [[nodiscard]] std::size_t listeners() const { return listeners_.size(); }

 private:
  struct News {
    Event event;
    std::vector<std::string> segments;
  };
  struct Listener {
    std::string token;
    Reach reach;
    std::set<std::string> types;
    std::shared_ptr<EventStream> stream;

    [[nodiscard]] bool wants(const News& news) const;
  };
  void forget_closed();

  std::uint64_t next_;
  std::deque<News> remembered_;
  std::vector<Listener> listeners_;
};

}  // namespace reachproof::orchestrator::api
