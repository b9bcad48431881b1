#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "core/calendar.h"
#include "core/inventory.h"
#include "core/scenario.h"
#include "scenarios/document.h"

/// YAML in, validated values out. docs/scenario-format.md is the language; scenario.schema.json
/// and inventory.schema.json tell editors the part of it that a schema can tell.
///
/// The loaders are pure: what day it is comes in, because an exception in force today has expired
/// tomorrow. Either everything is sound and the value holds what core/scenario.h promises, or
/// nothing is returned but the problems, all of them at once, sorted by place.
namespace reachproof::scenarios {

struct LoadedScenario {
  core::Scenario scenario;
  std::vector<Problem> warnings;
};

struct LoadedInventory {
  core::Inventory inventory;
  std::vector<Problem> warnings;
};

/// What becomes of an exception whose time is over. A scenario with one is to be mended, so who
/// checks a scenario is told an error. A run that was to be made tonight is made: the exception
/// lifts nothing, and what it lifted counts again.
enum class Lapsed { IsError, IsTold };

template <class T>
using Loaded = tl::expected<T, std::vector<Problem>>;

/// `file` is the name by which problems call the text. What it includes comes from the catalog or
/// is attached to the text (scenarios/include.h).
[[nodiscard]] Loaded<LoadedScenario> load_scenario(std::string_view yaml, std::string file,
                                                   core::Date today,
                                                   Lapsed lapsed = Lapsed::IsError);

/// Finds the workload of each endpoint by name or by the scenario's `match`.
[[nodiscard]] Loaded<LoadedInventory> load_inventory(std::string_view yaml, std::string file,
                                                     const core::Scenario& scenario);

/// The same from a file of at most kDocumentBytesMax; one that cannot be read is one problem. A
/// scenario may include files beside it.
[[nodiscard]] Loaded<LoadedScenario> load_scenario_file(const std::string& path, core::Date today,
                                                        Lapsed lapsed = Lapsed::IsError);
[[nodiscard]] Loaded<LoadedInventory> load_inventory_file(const std::string& path,
                                                          const core::Scenario& scenario);

}  // namespace reachproof::scenarios
