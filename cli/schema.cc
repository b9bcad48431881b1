#include <iostream>
#include <memory>

#include "cli/embedded.h"
#include "cli/verb.h"

namespace reachproof::cli {

void add_schema(CLI::App& app, Context&) {
  auto* verb = app.add_subcommand("schema", "Print a JSON Schema, for editors");
  auto kind = std::make_shared<std::string>("scenario");
  verb->add_option("kind", *kind, "scenario or inventory")
      ->check(CLI::IsMember({"scenario", "inventory"}))
      ->capture_default_str();
  add_examples(*verb, {"reachproof schema scenario > scenario.schema.json"});
  verb->callback([kind] {
    std::cout << (*kind == "scenario" ? scenario_schema_text() : inventory_schema_text());
  });
}

}  // namespace reachproof::cli
