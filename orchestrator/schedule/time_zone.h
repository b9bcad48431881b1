#pragma once

#include <string>

#include "core/cron.h"
#include "core/error.h"

namespace reachproof::orchestrator {

/// The rules of an IANA zone, from the machine's own database, from a year before `now` to nine
/// years after. Not found: Config, with what to do. Howard Hinnant's date library is known to
/// time_zone.cc alone (libstdc++ 12 has no zones yet).
[[nodiscard]] Result<core::ZoneRules> zone_rules(const std::string& name, core::WallTime now);

}  // namespace reachproof::orchestrator
