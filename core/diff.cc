#include "core/diff.h"

namespace reachproof::core {
namespace {

void compare(RunDiff& diff, const CheckChange& change) {
  const bool failed = is_failure(change.before.result);
  const bool fails = is_failure(change.after.result);
  if (failed && fails) ++diff.persisting;
  if (fails && !failed) {
    diff.opened.push_back(change);
  } else if (failed && change.after.result == CheckResult::Unproven) {
    diff.lost_sight.push_back(change);
  } else if (failed && !fails) {
    diff.closed.push_back(change);
  } else if (change.before != change.after) {
    diff.changed.push_back(change);
  }
}

}  // namespace

RunDiff diff(const std::map<std::string, CheckState>& before,
             const std::map<std::string, CheckState>& after) {
  RunDiff diff;
  for (const auto& [id, state] : after) {
    const auto it = before.find(id);
    if (it != before.end()) {
      compare(diff, {id, it->second, state});
      continue;
    }
    diff.added.push_back(id);
    if (is_failure(state.result)) diff.opened.push_back({id, {}, state});
  }
  for (const auto& [id, state] : before) {
    if (!after.contains(id)) diff.removed.push_back(id);
  }
  return diff;
}

}  // namespace reachproof::core
