#include <iostream>
#include <memory>

#include "cli/verb.h"

namespace reachproof::cli {

void add_validate(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("validate", "Check a scenario (and inventory) without a network");
  auto options = std::make_shared<DocumentOptions>();
  add_document_options(*verb, *options);
  add_examples(*verb,
               {"reachproof validate scenario.yaml",
                "reachproof validate scenario.yaml --inventory staging.yaml",
                "reachproof validate scenario.yaml --at 2026-12-31   # what will have expired?"});
  verb->callback([&context, options] {
    const bool with_inventory = !options->inventory.empty();
    const auto documents = load_documents(context, *options, with_inventory);
    if (!documents) return;
    const auto& s = documents->scenario;
    std::cout << options->scenario << ": sound: " << s.segments.size() << " segments, "
              << s.workloads.size() << " workloads, " << s.flows.size() << " flows, "
              << s.forbids.size() << " forbids, " << s.exceptions.size() << " exceptions";
    if (with_inventory) std::cout << ", " << documents->inventory.endpoints.size() << " endpoints";
    std::cout << "\n";
  });
}

}  // namespace reachproof::cli
