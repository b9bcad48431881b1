#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "scenarios/document.h"

namespace reachproof::orchestrator {

/// Somebody who is told of findings, as the service's configuration says. docs/operations/fleet.md.
struct ReceiverConfig {
  enum class Kind { Alertmanager, Webhook, OcsfFile };
  std::string name;  ///< in the delivery log and in metrics
  Kind kind = Kind::Webhook;
  std::string target;   ///< URL, or path of the file
  std::string secrets;  ///< path of the webhook's secrets
  std::string ca;       ///< path of the only authorities to believe, PEM; empty: the system's
  bool batch = false;   ///< a webhook that takes several events in one request
  /// A webhook that may stand at an address which is not public, and need not speak TLS.
  bool allow_private = false;
  std::chrono::seconds interval{60};          ///< after which an Alertmanager is told again
  std::chrono::milliseconds timeout{15'000};  ///< of one request
};

inline constexpr std::size_t kReceiversMax = 16;

/// Reads the list under `notify`; null where there is none. Relative paths are relative to
/// `folder`. The files themselves are read when the receivers are made.
[[nodiscard]] std::vector<ReceiverConfig> read_receivers(const scenarios::Node* list,
                                                         const std::string& folder,
                                                         scenarios::Problems& problems);

}  // namespace reachproof::orchestrator
