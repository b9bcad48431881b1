#include "orchestrator/api/roles.h"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace reachproof::orchestrator::api {
namespace {

constexpr std::array kRoles{Role::Viewer,       Role::Auditor,  Role::Operator,
                            Role::PolicyEditor, Role::Approver, Role::Admin};

constexpr std::uint64_t bit(Permission permission) {
  return std::uint64_t{1} << static_cast<unsigned>(permission);
}

constexpr std::uint64_t bits(std::initializer_list<Permission> permissions) {
  std::uint64_t all = 0;
  for (const auto permission : permissions) all |= bit(permission);
  return all;
}

using enum Permission;

constexpr std::uint64_t kViewer = bits({SeeSelf, SeeRuns, SeeFindings, SeeProbes, SeeSchedules,
                                        SeeEngagements, SeeStop, FollowEvents, SeeHealth});
constexpr std::uint64_t kAuditor = kViewer | bits({SeeEvidence, SeeAuditLog, SeeTokens,
                                                   SeeIntegrations, SeeProbeTokens, SeeMetrics});
constexpr std::uint64_t kOperator =
    kViewer |
    bits({StartRun, CancelRun, AckFinding, AssignFinding, DrainProbe, BanProbe, SeeProbeTokens,
          CreateProbeToken, RevokeProbeToken, PauseSchedule, ResumeSchedule, EngageStop,
          SeeIntegrations, TestIntegration, Redeliver, SeeMetrics});
constexpr std::uint64_t kPolicyEditor = kViewer | bits({PauseSchedule, ResumeSchedule});
constexpr std::uint64_t kApprover =
    kViewer | bits({ApproveProbe, BanProbe, SeeProbeTokens, ApproveEngagement, RevokeEngagement,
                    EngageStop, ReleaseStop});
constexpr std::uint64_t kAdmin = (std::uint64_t{1} << kPermissions) - 1;
static_assert(kPermissions < 64);

constexpr std::uint64_t permissions_of(Role role) {
  switch (role) {
    case Role::Viewer:
      return kViewer;
    case Role::Auditor:
      return kAuditor;
    case Role::Operator:
      return kOperator;
    case Role::PolicyEditor:
      return kPolicyEditor;
    case Role::Approver:
      return kApprover;
    case Role::Admin:
      return kAdmin;
  }
  return 0;
}

}  // namespace

std::string_view word(Role role) {
  switch (role) {
    case Role::Viewer:
      return "viewer";
    case Role::Auditor:
      return "auditor";
    case Role::Operator:
      return "operator";
    case Role::PolicyEditor:
      return "policy-editor";
    case Role::Approver:
      return "approver";
    case Role::Admin:
      return "admin";
  }
  return "";
}

std::optional<Role> role_of(std::string_view name) {
  for (const auto role : kRoles) {
    if (word(role) == name) return role;
  }
  return std::nullopt;
}

std::span<const Role> all_roles() {
  return kRoles;
}

bool allows(Role role, Permission permission) {
  return (permissions_of(role) & bit(permission)) != 0;
}

bool allows(const std::vector<Role>& roles, Permission permission) {
  return std::ranges::any_of(roles, [&](Role role) { return allows(role, permission); });
}

}  // namespace reachproof::orchestrator::api
