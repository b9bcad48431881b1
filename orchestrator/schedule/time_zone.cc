#include "orchestrator/schedule/time_zone.h"

#include <date/tz.h>
#include <fmt/core.h>

namespace reachproof::orchestrator {

Result<core::ZoneRules> zone_rules(const std::string& name, core::WallTime now) {
  const date::time_zone* zone = nullptr;
  try {
    zone = date::locate_zone(name);
  } catch (const std::exception&) {
    return fail(ErrorCode::Config,
                fmt::format("there is no time zone `{}` on this machine (package tzdata)", name));
  }
  using std::chrono::floor;
  using std::chrono::seconds;
  auto at = date::sys_seconds(floor<seconds>(now.time_since_epoch())) - date::days(366);
  const auto end = at + date::days(10 * 366);
  auto info = zone->get_info(at);
  core::ZoneRules rules{.name = name, .before = info.offset, .changes = {}};
  constexpr std::size_t kChangesMax = 200;
  while (info.end < end && rules.changes.size() < kChangesMax) {
    const auto change = info.end;
    info = zone->get_info(change);
    rules.changes.push_back({core::WallTime(change.time_since_epoch()), info.offset});
  }
  return rules;
}

}  // namespace reachproof::orchestrator
