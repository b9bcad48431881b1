#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/calendar.h"
#include "orchestrator/api/backend.h"
#include "orchestrator/api/call.h"

namespace reachproof::orchestrator::api {

inline constexpr std::string_view kAuditKind = "audit";

/// Who asked for what, and what they were told: every change and every call that was denied, as
/// evidence records.
///
/// A change is answered when its entry is on disk. Denied calls cannot be allowed to fill it: in a
/// flood they become one entry that says how many there were.
class AuditTrail {
 public:
  static constexpr double kDeniedAtOnce = 60;
  static constexpr double kDeniedPerSecond = 1;
  static constexpr std::chrono::seconds kGather{60};

  explicit AuditTrail(Journal& journal) : journal_(journal) {}

  void changed(const Call& call, int status, core::WallTime now, Done<evidence::LeafIndex> done);
  void denied(const Call& call, int status, core::WallTime now);
  /// Once a second or so: writes down what was gathered.
  void tick(core::WallTime now);
  /// Denied calls that could not be written down, since the start.
  [[nodiscard]] std::uint64_t lost() const { return *lost_; }

 private:
  void write(evidence::Record record);

  Journal& journal_;
  double left_ = kDeniedAtOnce;
  core::WallTime filled_{};
  std::uint64_t gathered_ = 0;
  core::WallTime gathered_since_{};
  std::string gathered_last_from_;
  std::shared_ptr<std::uint64_t> lost_ = std::make_shared<std::uint64_t>(0);
};

}  // namespace reachproof::orchestrator::api
