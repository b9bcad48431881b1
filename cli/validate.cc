#include <iostream>
#include <memory>

#include "cli/verb.h"

namespace reachproof::cli {

void add_validate(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("validate", "Check a scenario (and inventory) without a network");
  auto options = std::make_shared<DocumentOptions>();
  auto whole = std::make_shared<bool>(false);
  add_document_options(*verb, *options);
  verb->add_flag("--whole", *whole,
                 "Print the scenario with what it includes, the text that evidence keeps and "
                 "plans are signed for");
  add_examples(*verb,
               {"reachproof validate scenario.yaml",
                "reachproof validate scenario.yaml --inventory staging.yaml",
                "reachproof validate scenario.yaml --whole | sha256sum",
                "reachproof validate scenario.yaml --at 2026-12-31   # what will have expired?"});
  verb->callback([&context, options, whole] {
    const bool with_inventory = !options->inventory.empty();
    const auto documents = load_documents(context, *options, with_inventory);
    if (!documents) return;
    const auto& s = documents->scenario;
    if (*whole) {
      std::cout << s.text;
      return;
    }
    std::cout << options->scenario << ": sound: " << s.segments.size() << " segments, "
              << s.workloads.size() << " workloads, " << s.flows.size() << " flows, "
              << s.forbids.size() << " forbids, " << s.exceptions.size() << " exceptions";
    if (with_inventory) std::cout << ", " << documents->inventory.endpoints.size() << " endpoints";
    std::cout << "\n";
  });
}

}  // namespace reachproof::cli
