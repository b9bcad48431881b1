#include "scenarios/load.h"

#include <fmt/core.h>

#include "scenarios/conflicts.h"
#include "scenarios/draft.h"
#include "scenarios/fields.h"

namespace reachproof::scenarios {
namespace {

/// A canary names a forbid and a flow, which are read after the segments.
void check_canaries(Draft& draft) {
  const auto ids_of = [](const auto& rules) {
    std::vector<std::string> ids;
    for (const auto& rule : rules) ids.push_back(rule.id);
    return ids;
  };
  for (const auto& segment : draft.scenario.segments) {
    const auto where = "`canary` of segment " + segment.name;
    const auto& [denied, allowed] = segment.canary;
    if (!denied.empty()) {
      check_known({denied, segment.mark}, ids_of(draft.scenario.forbids), "forbid", where,
                  draft.problems);
    }
    if (!allowed.empty()) {
      check_known({allowed, segment.mark}, ids_of(draft.scenario.flows), "flow", where,
                  draft.problems);
    }
  }
}

void read_scenario(const Node& root, Draft& draft) {
  Fields keys(root, "the scenario", draft.problems);
  keys.require({"version", "name", "segments", "workloads"});
  keys.version();
  keys.refuse("include", "`include` is not supported yet; copy the rules into this file");
  draft.scenario.name = keys.name("name");
  draft.scenario.owner = keys.optional_text("owner");
  read_controls(keys.optional("controls"), draft);
  read_services(keys.optional("services"), draft);
  read_segments(keys.optional("segments"), draft);
  read_workloads(keys.optional("workloads"), draft);
  read_limits(keys.optional("limits"), draft);
  read_schedules(keys.optional("schedules"), draft);
  read_defaults(keys.optional("defaults"), draft);
  read_flows(keys.optional("flows"), draft);
  read_forbids(keys.optional("forbids"), draft);
  read_exceptions(keys.optional("exceptions"), draft);
  check_canaries(draft);
  keys.finish();
}

std::vector<Problem> unreadable(const std::string& path, const Error& error) {
  return {Problem{.file = path, .message = error.message}};
}

}  // namespace

Loaded<LoadedScenario> load_scenario(std::string_view yaml, std::string file, core::Date today) {
  Problems problems(file);
  const Node root = parse_document(yaml, problems);
  if (root.kind == Node::Kind::Null && problems.any_error()) {
    return tl::unexpected(problems.sorted());
  }
  Draft draft{.scenario = {}, .today = today, .problems = problems};
  read_scenario(root, draft);
  report_conflicts(draft.scenario, today, problems);
  if (problems.any_error()) return tl::unexpected(problems.sorted());
  draft.scenario.file = std::move(file);
  draft.scenario.text = yaml;
  return LoadedScenario{std::move(draft.scenario), problems.sorted()};
}

Loaded<LoadedScenario> load_scenario_file(const std::string& path, core::Date today) {
  const auto text = read_text_file(path);
  if (!text) return tl::unexpected(unreadable(path, text.error()));
  return load_scenario(*text, path, today);
}

Loaded<LoadedInventory> load_inventory_file(const std::string& path,
                                            const core::Scenario& scenario) {
  const auto text = read_text_file(path);
  if (!text) return tl::unexpected(unreadable(path, text.error()));
  return load_inventory(*text, path, scenario);
}

}  // namespace reachproof::scenarios
