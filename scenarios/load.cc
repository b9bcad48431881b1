#include "scenarios/load.h"

#include <fmt/core.h>

#include <filesystem>

#include "scenarios/catalog.h"
#include "scenarios/conflicts.h"
#include "scenarios/draft.h"
#include "scenarios/fields.h"
#include "scenarios/include.h"

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
  static_cast<void>(keys.optional("include"));  // expanded before
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

constexpr std::string_view kCatalogFolder = "catalog/";

Result<std::string> read_catalog(const std::string& name) {
  if (const auto* entry = catalog_text(name)) return std::string(entry->rules);
  std::vector<std::string> known;
  for (const auto& entry : catalog_texts()) {
    known.push_back(std::string(kCatalogFolder) + std::string(entry.name));
  }
  const auto near = did_you_mean(name, known);
  return fail(ErrorCode::NotFound,
              fmt::format("the catalog has no `{}`; {}", name,
                          near.empty() ? "`reachproof catalog list` shows it" : near));
}

Loaded<LoadedScenario> load(std::string_view yaml, std::string file, core::Date today,
                            Lapsed lapsed, const ReadIncluded& read_file) {
  Problems problems(file);
  const auto text = take_apart(yaml);
  Node root = parse_document(text.scenario, problems);
  if (root.kind == Node::Kind::Null && problems.any_error()) {
    return tl::unexpected(problems.sorted());
  }
  const auto read = [&](const std::string& name) {
    return name.starts_with(kCatalogFolder) ? read_catalog(name) : read_file(name);
  };
  const auto included = expand_includes(root, text, read, problems);
  const bool told = lapsed == Lapsed::IsTold;
  Draft draft{.scenario = {}, .today = today, .problems = problems, .lapsed_is_told = told};
  read_scenario(root, draft);
  report_conflicts(draft.scenario, today, told, problems);
  if (problems.any_error()) return tl::unexpected(problems.sorted());
  draft.scenario.file = std::move(file);
  draft.scenario.text = attached(text.scenario, included);
  for (const auto& [name, document] : included) draft.scenario.included.push_back(name);
  return LoadedScenario{std::move(draft.scenario), problems.sorted()};
}

}  // namespace

Loaded<LoadedScenario> load_scenario(std::string_view yaml, std::string file, core::Date today,
                                     Lapsed lapsed) {
  return load(
      yaml, std::move(file), today, lapsed, [](const std::string& name) -> Result<std::string> {
        return fail(ErrorCode::NotFound,
                    fmt::format("`{}` is not in the catalog, and this scenario is not in a folder "
                                "where it could be looked for",
                                name));
      });
}

Loaded<LoadedScenario> load_scenario_file(const std::string& path, core::Date today,
                                          Lapsed lapsed) {
  const auto text = read_text_file(path);
  if (!text) return tl::unexpected(unreadable(path, text.error()));
  const auto folder = std::filesystem::path(path).parent_path();
  return load(*text, path, today, lapsed, [&folder](const std::string& name) {
    return read_text_file((folder / name).string());
  });
}

Loaded<LoadedInventory> load_inventory_file(const std::string& path,
                                            const core::Scenario& scenario) {
  const auto text = read_text_file(path);
  if (!text) return tl::unexpected(unreadable(path, text.error()));
  return load_inventory(*text, path, scenario);
}

}  // namespace reachproof::scenarios
