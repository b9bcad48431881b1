#include "probe/agent/session_guard.h"

#include <fmt/core.h>

#include "protocol/dsse.h"

namespace reachproof::probe {

using Why = protocol::Refused::Why;

std::optional<SessionGuard::Objection> SessionGuard::objection(const protocol::Message& order,
                                                               core::WallTime now) {
  if (!grant_) return std::nullopt;
  if (const auto* attempt = std::get_if<protocol::AttemptOrder>(&order)) {
    return to_attempt(*attempt, now);
  }
  if (const auto* arm = std::get_if<protocol::Arm>(&order)) return to_arm(*arm, now);
  return std::nullopt;  // a disarm or a stop asks for nothing new
}

std::optional<SessionGuard::Objection> SessionGuard::to_attempt(const protocol::AttemptOrder& order,
                                                                core::WallTime now) {
  if (const auto late = grant_->objection_at(now)) return Objection{order.id, Why::Window, *late};
  const core::ProtocolPort port{order.protocol, order.port};
  const auto target = grant_->targets.find(order.address);
  if (target == grant_->targets.end() || !target->second.contains(port)) {
    return Objection{
        order.id, Why::Signature,
        fmt::format("{} {} is not in the signed plan", order.address.text(), port.text())};
  }
  if (order.ask && !grant_->asks.contains(core::canonical(*order.ask))) {
    return Objection{
        order.id, Why::Signature,
        fmt::format("to ask `{}` is not in the signed plan", core::label_of(*order.ask))};
  }
  if (attempts_ >= grant_->attempts_max) {
    return Objection{order.id, Why::Budget,
                     fmt::format("the signed plan allows {} tries in a run", grant_->attempts_max)};
  }
  ++attempts_;
  return std::nullopt;
}

std::optional<SessionGuard::Objection> SessionGuard::to_arm(const protocol::Arm& order,
                                                            core::WallTime now) {
  if (const auto late = grant_->objection_at(now)) return Objection{order.id, Why::Window, *late};
  for (const auto& watched : order.ports) {
    if (grant_->watched.contains(watched.port)) continue;
    return Objection{order.id, Why::Signature,
                     fmt::format("to watch {} is not in the signed plan", watched.port.text())};
  }
  return std::nullopt;
}

Result<protocol::Grant> accepted_grant(const std::string& envelope,
                                       const protocol::PublicKey& policy_key,
                                       const std::string& probe_id, std::uint64_t version_seen,
                                       core::WallTime now) {
  if (envelope.empty()) {
    return fail(ErrorCode::Refused,
                "this probe runs signed plans only, and this one is not signed: `reachproof plan "
                "--save`, `reachproof sign`");
  }
  auto payload = protocol::open_envelope(envelope, protocol::kGrantType, {policy_key});
  if (!payload) return fail(std::move(payload), "signed plan");
  auto grant = protocol::decode_grant(*payload);
  if (!grant) return grant;
  if (grant->audience != probe_id) {
    return fail(ErrorCode::Refused, "the signed plan is meant for another probe");
  }
  if (grant->version < version_seen) {
    return fail(ErrorCode::Refused,
                fmt::format("the signed plan has version {}; this probe has seen {} and accepts "
                            "nothing older",
                            grant->version, version_seen));
  }
  if (const auto late = grant->objection_at(now)) return fail(ErrorCode::Refused, *late);
  return grant;
}

}  // namespace reachproof::probe
