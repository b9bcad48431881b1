#include "core/diff.h"

namespace reachproof::core {
namespace {

void compare(RunDiff& diff, const CheckChange& change) {
  const bool failed = is_failure(change.before.result);
  const bool fails = is_failure(change.after.result);
  const bool unproven = change.after.result == CheckResult::Unproven;
  if (failed && fails) ++diff.persisting;
  if (fails && !failed) {
    diff.opened.push_back(change);
  } else if (failed && unproven) {
    diff.lost_sight.push_back(change);
  } else if (failed && !fails) {
    diff.closed.push_back(change);
  } else if (unproven && change.before.result != CheckResult::Unproven) {
    diff.dimmed.push_back(change);
  } else if (change.before.result != change.after.result ||
             change.before.reachability != change.after.reachability) {
    diff.changed.push_back(change);
  }
}

using States = std::map<std::string, CheckState>;

/// The checks of each flow, a failing one where there is any.
std::map<std::string, const CheckState*> by_flow(const States& states) {
  std::map<std::string, const CheckState*> flows;
  for (const auto& [id, state] : states) {
    if (state.flow.empty()) continue;
    auto& known = flows[state.flow];
    if (known == nullptr || is_failure(state.result)) known = &state;
  }
  return flows;
}

}  // namespace

RunDiff diff(const States& before, const States& after) {
  RunDiff diff;
  const auto flows_before = by_flow(before);
  const auto flows_after = by_flow(after);
  for (const auto& [id, state] : after) {
    if (const auto it = before.find(id); it != before.end()) {
      compare(diff, {id, it->second, state});
      continue;
    }
    if (const auto it = flows_before.find(state.flow); it != flows_before.end()) {
      compare(diff, {id, *it->second, state});
      continue;
    }
    diff.added.push_back(id);
    if (is_failure(state.result)) diff.opened.push_back({id, {}, state});
    if (state.result == CheckResult::Unproven) diff.dimmed.push_back({id, {}, state});
  }
  for (const auto& [id, state] : before) {
    if (!after.contains(id) && !flows_after.contains(state.flow)) diff.removed.push_back(id);
  }
  return diff;
}

}  // namespace reachproof::core
