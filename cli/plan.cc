#include "core/plan.h"

#include <iostream>
#include <memory>

#include "cli/verb.h"
#include "reports/plan_text.h"
#include "reports/run_json.h"

namespace reachproof::cli {

void add_plan(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("plan", "Show what a run would send, and what it cannot test");
  struct Options {
    DocumentOptions documents;
    core::PlanOptions plan;
    bool checks = false;
  };
  auto options = std::make_shared<Options>();
  add_document_options(*verb, options->documents);
  verb->add_flag("--checks", options->checks, "List every check");
  verb->add_option("--only", options->plan.only,
                   "Keep checks whose id contains one of these texts");
  verb->add_option("--skip", options->plan.skip,
                   "Drop checks whose id contains one of these texts");
  add_examples(*verb, {"reachproof plan scenario.yaml", "reachproof plan --checks --only X03",
                       "reachproof --output json plan | jq '.checks[].id'"});
  verb->callback([&context, options] {
    options->documents.lapsed_is_told = true;
    const auto documents = load_documents(context, options->documents, true);
    if (!documents) return;
    options->plan.now = *time_of(context, options->documents);
    const auto plan = plan_of(context, *documents, options->plan);
    if (!plan) return;
    std::cout << (context.json() ? reports::plan_json(*plan)
                                 : reports::plan_text(*plan, options->checks, context.look()));
  });
}

}  // namespace reachproof::cli
