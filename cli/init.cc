#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "cli/embedded.h"
#include "cli/verb.h"

namespace reachproof::cli {
namespace {

struct StarterFile {
  std::string_view name;
  std::string_view text;
};

/// Writes all of them or none: a file that is there already is never overwritten.
Result<void> write_starters(const std::filesystem::path& folder) {
  const std::array<StarterFile, 3> files{{{"scenario.yaml", quickstart_scenario_text()},
                                          {"lab.yaml", quickstart_lab_text()},
                                          {"scenario.schema.json", scenario_schema_text()}}};
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) {
    return fail(ErrorCode::Io,
                fmt::format("cannot create `{}`: {}", folder.string(), failed.message()));
  }
  for (const auto& file : files) {
    if (!std::filesystem::exists(folder / file.name)) continue;
    return fail(ErrorCode::Usage, fmt::format("`{}` is there already; nothing was written",
                                              (folder / file.name).string()));
  }
  for (const auto& file : files) {
    std::ofstream out(folder / file.name, std::ios::binary);
    out << file.text;
    if (!out.flush()) {
      return fail(ErrorCode::Io, fmt::format("cannot write `{}`", (folder / file.name).string()));
    }
  }
  return {};
}

}  // namespace

void add_init(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("init", "Write a first scenario, and a lab in which it can run");
  auto folder = std::make_shared<std::string>(".");
  verb->add_option("folder", *folder, "Where")->capture_default_str();
  add_examples(*verb, {"reachproof init clinic"});
  verb->callback([&context, folder] {
    if (auto written = write_starters(*folder); !written) return complain(context, written.error());
    std::cout << fmt::format(
        "Wrote {0}/scenario.yaml, lab.yaml and scenario.schema.json. Next, in {0}:\n"
        "  reachproof lab up lab.yaml --inventory inventory.yaml\n"
        "  reachproof run scenario.yaml\n"
        "  reachproof lab down lab.yaml\n"
        "Then change scenario.yaml to your own network (docs/scenario-format.md).\n",
        *folder);
  });
}

}  // namespace reachproof::cli
