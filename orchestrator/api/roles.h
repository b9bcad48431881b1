#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// Who may do what. A permission belongs to an effect, not to a screen: the right to look gives no
/// right to change, and the right to stop gives none to start again. Pure.
namespace reachproof::orchestrator::api {

enum class Role : std::uint8_t {
  Viewer,        ///< sees what the fleet does and finds
  Auditor,       ///< sees everything, evidence and audit log included; changes nothing
  Operator,      ///< runs checks, keeps probes and findings, stops
  PolicyEditor,  ///< pauses and resumes schedules
  Approver,      ///< lets probes in, approves engagements, releases a stop
  Admin,         ///< everything
};

enum class Permission : std::uint8_t {
  SeeSelf,
  SeeRuns,
  StartRun,
  CancelRun,
  SeeFindings,
  AckFinding,
  AssignFinding,
  SeeProbes,
  ApproveProbe,
  DrainProbe,
  BanProbe,
  SeeProbeTokens,
  CreateProbeToken,
  RevokeProbeToken,
  SeeSchedules,
  PauseSchedule,
  ResumeSchedule,
  SeeEngagements,
  ApproveEngagement,
  RevokeEngagement,
  SeeStop,
  EngageStop,
  ReleaseStop,
  SeeEvidence,
  SeeIntegrations,
  TestIntegration,
  Redeliver,
  SeeAuditLog,
  FollowEvents,
  SeeTokens,
  CreateToken,
  RevokeToken,
  SeeHealth,
  SeeMetrics,
  Reload,
};
inline constexpr int kPermissions = static_cast<int>(Permission::Reload) + 1;

[[nodiscard]] std::string_view word(Role role);  ///< "viewer", "policy-editor", ...
[[nodiscard]] std::optional<Role> role_of(std::string_view word);
[[nodiscard]] std::span<const Role> all_roles();

[[nodiscard]] bool allows(Role role, Permission permission);
[[nodiscard]] bool allows(const std::vector<Role>& roles, Permission permission);

}  // namespace reachproof::orchestrator::api
