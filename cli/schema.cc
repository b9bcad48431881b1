#include <iostream>
#include <memory>

#include "cli/embedded.h"
#include "cli/verb.h"

namespace reachproof::cli {

void add_schema(CLI::App& app, Context&) {
  auto* verb = app.add_subcommand("schema", "Print a JSON Schema, for editors");
  auto kind = std::make_shared<std::string>("scenario");
  verb->add_option("kind", *kind, "scenario, inventory or report")
      ->check(CLI::IsMember({"scenario", "inventory", "report"}))
      ->capture_default_str();
  add_examples(*verb, {"reachproof schema scenario > scenario.schema.json"});
  verb->callback([kind] {
    if (*kind == "report") {
      std::cout << report_schema_text();
      return;
    }
    std::cout << (*kind == "scenario" ? scenario_schema_text() : inventory_schema_text());
  });
}

}  // namespace reachproof::cli
