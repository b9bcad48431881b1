#include "orchestrator/api/event_hub.h"

#include <algorithm>

namespace reachproof::orchestrator::api {

bool EventHub::Listener::wants(const News& news) const {
  return (types.empty() || types.contains(news.event.type)) && reach.sees(news.segments);
}

void EventHub::forget_closed() {
  std::erase_if(listeners_, [](const Listener& listener) { return listener.stream->closed(); });
}

void EventHub::publish(std::string type, std::vector<std::string> segments, std::string data) {
  News news{{next_++, std::move(type), std::move(data)}, std::move(segments)};
  forget_closed();
  for (const auto& listener : listeners_) {
    if (listener.wants(news)) (void)listener.stream->send(news.event);
  }
  remembered_.push_back(std::move(news));
  if (remembered_.size() > kRememberedMax) remembered_.pop_front();
}

Result<std::shared_ptr<EventStream>> EventHub::follow(const Caller& caller,
                                                      std::set<std::string> types,
                                                      std::optional<std::uint64_t> last_seen) {
  forget_closed();
  const auto of_token = std::ranges::count(listeners_, caller.token, &Listener::token);
  if (listeners_.size() >= kListenersMax || static_cast<std::size_t>(of_token) >= kOfTokenMax) {
    return fail(ErrorCode::Busy, "too many streams are open");
  }
  Listener listener{caller.token, caller.reach, std::move(types), std::make_shared<EventStream>()};
  if (last_seen) {
    const auto oldest = remembered_.empty() ? next_ : remembered_.front().event.id;
    if (*last_seen + 1 < oldest || *last_seen >= next_) {
      (void)listener.stream->send({next_ - 1, "gap", "{}"});
    }
    for (const auto& news : remembered_) {
      if (news.event.id > *last_seen && listener.wants(news)) {
        (void)listener.stream->send(news.event);
      }
    }
  }
  listeners_.push_back(listener);
  return listener.stream;
}

void EventHub::close_where(const std::function<bool(const std::string& token)>& unwanted) {
  for (const auto& listener : listeners_) {
    if (unwanted(listener.token)) listener.stream->close();
  }
  forget_closed();
}

void EventHub::close_all() {
  close_where([](const std::string&) { return true; });
}

}  // namespace reachproof::orchestrator::api
