#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/scenario.h"
#include "evidence/stored_run.h"

/// Exceptions as living things: what has become of each, by the scenario of today and the runs of
/// the last days. Pure.
namespace reachproof::reports {

struct ExceptionAudit {
  const core::ExceptionRule* rule = nullptr;
  int days_left = 0;        ///< until it expires; negative: it has
  bool expired = false;     ///< its time is over: what it lifted counts again
  bool not_yet = false;     ///< its time has not come
  bool expiring = false;    ///< within 14 days
  bool review_due = false;  ///< `review-by` is over
  bool unused = false;      ///< no check of any of the runs leans on it
  bool stale = false;      ///< checks lean on it, and in the newest run every path is proven closed
  bool broad = false;      ///< more checks than kBroadChecks, or more than kBroadPorts ports
  std::size_t checks = 0;  ///< that lean on it, in the newest run with any
  std::size_t open = 0;    ///< of these: in fact reachable
  std::string last_used;   ///< the newest run in which it lifted a violation; empty: none
};

inline constexpr int kExpiringDays = 14;
inline constexpr std::size_t kBroadChecks = 20;
inline constexpr std::uint32_t kBroadPorts = 100;

/// `runs` are those of the scenario to be looked at, the oldest first; may be empty, and then
/// nothing is called unused or stale. In the order of the scenario.
[[nodiscard]] std::vector<ExceptionAudit> audit_exceptions(
    const core::Scenario& scenario, core::Date day, std::span<const evidence::StoredRun> runs);

/// What is to be said of it, each in a few words: "expired 3 days ago", "unused".
[[nodiscard]] std::vector<std::string> remarks(const ExceptionAudit& audit);

/// {"apiVersion":"reachproof/v1","kind":"ExceptionAudit",...}
[[nodiscard]] std::string exception_audit_json(const std::vector<ExceptionAudit>& audits);

}  // namespace reachproof::reports
