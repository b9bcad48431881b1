#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/address.h"
#include "core/flow.h"
#include "core/layer.h"

namespace reachproof::probe {

/// Where a question goes: a socket that is connected, and what it is called.
struct Peer {
  int fd = -1;
  core::IpAddress address;
  core::Port port = 0;
  std::string hostname;  ///< may be empty
};

/// Asks a question over a TCP connection that stands, without ever blocking. The socket stays its
/// caller's, who watches it, tells of events and of the deadline, and closes it.
class Conversation {
 public:
  enum class Want : std::uint8_t { Read, Write, Both, Over };
  virtual ~Conversation() = default;

  virtual Want begin() = 0;
  /// The socket is ready, or time has passed where ticks() says so.
  virtual Want proceed() = 0;
  /// The deadline of this stage is over: concludes.
  virtual void expire() = 0;
  /// Must be asked to proceed() every few milliseconds, whatever the socket says.
  [[nodiscard]] virtual bool ticks() const { return false; }

  /// How long its stages last, where the try's own timeout does not say so.
  [[nodiscard]] virtual std::optional<std::chrono::microseconds> lasts() const {
    return std::nullopt;
  }

  /// True once after a stage ended: the next has the same time again.
  [[nodiscard]] bool takes_new_stage() { return std::exchange(new_stage_, false); }
  [[nodiscard]] core::Exchange exchange() const { return exchange_; }

 protected:
  void next_stage() { new_stage_ = true; }
  core::Exchange exchange_;

 private:
  bool new_stage_ = false;
};

/// Null where this probe does not know how to ask that.
[[nodiscard]] std::unique_ptr<Conversation> conversation_for(const core::Ask& ask,
                                                             const Peer& peer);

[[nodiscard]] bool can_ask(const core::Ask& ask, core::Protocol protocol);

// ---- the kinds ----
std::unique_ptr<Conversation> make_plain(const core::Ask& ask, const Peer& peer);
std::unique_ptr<Conversation> make_tls(const core::Ask& ask, const Peer& peer);
std::unique_ptr<Conversation> make_http(const core::Ask& ask, const Peer& peer);
std::unique_ptr<Conversation> make_keepalive(const core::Ask& ask, const Peer& peer);

}  // namespace reachproof::probe
