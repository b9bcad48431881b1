#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.h"
#include "core/calendar.h"
#include "core/error.h"
#include "core/flow.h"

/// What the holder of a policy key lets one probe do: the signed part of a plan. It travels in a
/// DSSE envelope of this type; the orchestrator can carry it and cannot change it.
namespace reachproof::protocol {

inline constexpr std::string_view kGrantType = "application/vnd.reachproof.grant.v1+json";

struct Grant {
  std::string audience;       ///< id of the probe; for nobody else
  std::uint64_t version = 0;  ///< only grows: a probe refuses less than the highest it saw
  core::WallTime from{};
  core::WallTime until{};  ///< not included
  std::optional<core::HoursWindow> hours;
  std::string scenario;         ///< its name
  std::string scenario_sha256;  ///< of its file
  std::string engagement;       ///< id, may be empty
  std::map<core::IpAddress, std::set<core::ProtocolPort>> targets;
  /// What may be asked above the network, as core::canonical() writes it; at any of the targets.
  std::set<std::string> asks;
  std::set<core::ProtocolPort> watched;  ///< as a witness
  std::uint32_t attempts_max = 0;        ///< in one session

  /// Why now is not its time; nothing where it is.
  [[nodiscard]] std::optional<std::string> objection_at(core::WallTime now) const;
};

[[nodiscard]] std::string encode(const Grant& grant);
[[nodiscard]] Result<Grant> decode_grant(std::string_view text);

}  // namespace reachproof::protocol
