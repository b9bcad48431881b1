#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/calendar.h"
#include "core/error.h"
#include "protocol/grant.h"
#include "protocol/key_pair.h"
#include "protocol/message.h"

namespace reachproof::probe {

/// Holds every order of a session against the grant under which it was opened. Pure.
///
/// Without a grant everything passes: this probe was given no policy key, and its scope file alone
/// limits it. With one, nothing passes that the grant does not name, however it is asked for.
class SessionGuard {
 public:
  SessionGuard() = default;
  explicit SessionGuard(protocol::Grant grant) : grant_(std::move(grant)) {}

  struct Objection {
    std::uint64_t id = 0;
    protocol::Refused::Why why = protocol::Refused::Why::Signature;
    std::string detail;
  };
  /// Why the order must not be carried out; nothing where it may, and then it is counted.
  [[nodiscard]] std::optional<Objection> objection(const protocol::Message& order,
                                                   core::WallTime now);

 private:
  [[nodiscard]] std::optional<Objection> to_attempt(const protocol::AttemptOrder& order,
                                                    core::WallTime now);
  [[nodiscard]] std::optional<Objection> to_arm(const protocol::Arm& order, core::WallTime now);

  std::optional<protocol::Grant> grant_;
  std::uint32_t attempts_ = 0;
};

/// Opens a grant for this probe: signed by the policy key, meant for it, not older than what it has
/// seen, and in its time.
[[nodiscard]] Result<protocol::Grant> accepted_grant(const std::string& envelope,
                                                     const protocol::PublicKey& policy_key,
                                                     const std::string& probe_id,
                                                     std::uint64_t version_seen,
                                                     core::WallTime now);

}  // namespace reachproof::probe
