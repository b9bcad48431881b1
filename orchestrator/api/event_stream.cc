#include "orchestrator/api/event_stream.h"

#include <fmt/core.h>

#include <utility>

#include "core/check.h"

namespace reachproof::orchestrator::api {

bool EventStream::put(std::string_view text) {
  if (closed_) return false;
  if (waiting_.size() + text.size() > bytes_max_) {
    close();
    return false;
  }
  waiting_ += text;
  if (ready_) ready_();
  return true;
}

bool EventStream::send(const Event& event) {
  // A line break would let the data speak as the protocol.
  CHECK(event.data.find_first_of("\r\n") == std::string::npos);
  CHECK(event.type.find_first_of("\r\n") == std::string::npos);
  return put(fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.id, event.type, event.data));
}

void EventStream::beat() {
  (void)put(": still here\n\n");
}

void EventStream::close() {
  if (closed_) return;
  closed_ = true;
  if (ready_) ready_();
}

std::string EventStream::take() {
  return std::exchange(waiting_, {});
}

}  // namespace reachproof::orchestrator::api
