#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "core/error.h"
#include "orchestrator/notify/notification.h"
#include "orchestrator/notify/receiver_config.h"
#include "orchestrator/notify/retry.h"

namespace reachproof::orchestrator {

/// How one kind of receiver is told. Blocks; the thread of its receiver owns it.
class Sender {
 public:
  using Cancelled = std::function<bool()>;

  virtual ~Sender() = default;
  [[nodiscard]] virtual Grouping grouping() const = 0;
  /// Hears of news before their message is sent, in their order.
  virtual void learn(const Notification&) {}
  [[nodiscard]] virtual DeliveryAnswer send(const Message& message, core::WallTime now,
                                            const Cancelled& cancelled) = 0;
  /// How often everything is told again; nothing where once is enough.
  [[nodiscard]] virtual std::optional<std::chrono::seconds> interval() const { return {}; }
  [[nodiscard]] virtual DeliveryAnswer tell_again(core::WallTime, const Cancelled&) {
    return {.taken = true};
  }
};

/// Reads what the receiver needs (secrets, authorities). The error says which file is wrong, never
/// what is in it.
[[nodiscard]] Result<std::unique_ptr<Sender>> make_sender(const ReceiverConfig& config,
                                                          const NotifyIdentity& who);

/// Appends the lines of messages to a file and waits for the disk. Where the file was moved away,
/// as for rotation, a new one is made; what could be written of a message only in part is taken
/// back.
[[nodiscard]] std::unique_ptr<Sender> make_ocsf_sender(const std::string& path,
                                                       const NotifyIdentity& who);

}  // namespace reachproof::orchestrator
