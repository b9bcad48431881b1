#include <fmt/core.h>

#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "cli/launched_run.h"
#include "orchestrator/selftest.h"

namespace reachproof::cli {
namespace {

struct SelfTestOptions {
  DocumentOptions documents;
  EvidenceOptions evidence{.file = "reachproof-selftest.db"};
  core::PlanOptions plan;
  bool quiet = false;
};

void print_list(const char* title, const std::vector<std::string>& lines) {
  for (const auto& line : lines) {
    std::cout << fmt::format("{}  {}\n", title, reports::printable(line));
  }
}

void print(const Context& context, const orchestrator::SelfTest& test, const std::string& run) {
  if (context.json()) {
    namespace json = boost::json;
    const auto list = [](const std::vector<std::string>& texts) {
      return json::array(texts.begin(), texts.end());
    };
    std::cout << json::serialize(json::object{{"apiVersion", "reachproof/v1"},
                                              {"kind", "SelfTest"},
                                              {"run", run},
                                              {"open_seeded", test.open_seeded},
                                              {"open_found", test.open_found},
                                              {"detection_at_least_95", test.detection_at_least()},
                                              {"shut_seeded", test.shut_seeded},
                                              {"shut_held", test.shut_held},
                                              {"shut_leaked", test.shut_leaked},
                                              {"missed", list(test.missed)},
                                              {"leaked", list(test.leaked)},
                                              {"unproven", list(test.unproven)}})
              << "\n";
    return;
  }
  print_list("missed  ", test.missed);
  print_list("leaked  ", test.leaked);
  print_list("unproven", test.unproven);
  if (test.open_seeded == 0) {
    std::cout
        << "No listener could be opened where the scenario lets something through: every port "
           "of its flows is served already, or has no witness. What this harness would find "
           "cannot be told.\n";
  } else {
    std::cout << fmt::format(
        "Of {} open paths that were laid, {} were found: at least {:.1f} % of all are, with 95 % "
        "confidence.\n",
        test.open_seeded, test.open_found, 100.0 * test.detection_at_least());
  }
  std::cout << fmt::format(
      "Of {} listeners where the scenario forbids it, {} were out of reach, {} "
      "got through, {} unproven.\nrun {}\n",
      test.shut_seeded, test.shut_held, test.shut_leaked, test.unproven.size(), run);
}

Exit exit_of(const orchestrator::SelfTest& test) {
  if (test.shut_leaked > 0) return Exit::Findings;
  const bool sound = test.open_seeded > 0 && test.missed.empty() && test.unproven.empty();
  return sound ? Exit::Ok : Exit::Unproven;
}

void self_test(Context& context, SelfTestOptions& options) {
  const auto documents = load_documents(context, options.documents, true);
  if (!documents) return;
  options.plan.now = *time_of(context, options.documents);
  auto plan = plan_of(context, *documents, options.plan);
  if (!plan) return;
  orchestrator::seed_listeners(*plan, documents->inventory);
  orchestrator::RunRequest request;
  request.why = "selftest: witnesses open listeners of their own on the ports of flows as well";
  const auto run =
      launch_run(context, *documents, *plan, options.evidence, options.quiet, std::move(request));
  if (!run) return;
  const auto test = orchestrator::evaluate(run->stored, run->result.seeded);
  print(context, test, run->result.run);
  context.exit = run->result.by_signal ? Exit::Interrupted : exit_of(test);
}

}  // namespace

void add_selftest(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand(
      "selftest", "Open listeners that policy should and should not block, and look for them");
  auto options = std::make_shared<SelfTestOptions>();
  add_document_options(*verb, options->documents);
  add_evidence_option(*verb, options->evidence);
  verb->add_option("--only", options->plan.only,
                   "Keep checks whose id contains one of these texts");
  verb->add_option("--skip", options->plan.skip,
                   "Drop checks whose id contains one of these texts");
  verb->add_flag("-q,--quiet", options->quiet, "No progress");
  add_examples(*verb, {"reachproof selftest scenario.yaml",
                       "reachproof --output json selftest scenario.yaml -i inventory.yaml"});
  verb->callback([&context, options] { self_test(context, *options); });
}

}  // namespace reachproof::cli
