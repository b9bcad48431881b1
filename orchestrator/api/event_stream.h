#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace reachproof::orchestrator::api {

/// One server-sent event (WHATWG HTML section 9.2).
struct Event {
  std::uint64_t id = 0;
  std::string type;  ///< lower-case words and hyphens
  std::string data;  ///< one line of JSON
};

/// The events on their way to one listener: whoever has news sends, the server takes.
///
/// Bounded: a listener that does not keep up is cut off and comes back with Last-Event-ID, rather
/// than make the service remember for it. On the loop's thread.
class EventStream {
 public:
  explicit EventStream(std::size_t bytes_max = 256U << 10U) : bytes_max_(bytes_max) {}

  /// False where the stream is closed, or closes now because the listener fell behind.
  bool send(const Event& event);
  /// A comment that keeps proxies and the connection alive.
  void beat();
  /// What was sent before is still delivered.
  void close();
  [[nodiscard]] bool closed() const { return closed_; }

  /// The server's side: told when there is something to take, or the stream was closed.
  void when_ready(std::function<void()> ready) { ready_ = std::move(ready); }
  /// Everything that waits, as it goes on the wire.
  [[nodiscard]] std::string take();

 private:
  bool put(std::string_view text);

  std::size_t bytes_max_;
  std::string waiting_;
  bool closed_ = false;
  std::function<void()> ready_;
};

}  // namespace reachproof::orchestrator::api
