#include <csignal>
#include <exception>
#include <iostream>
#include <string>

#include "cli/verb.h"
#include "lab/lab.h"

namespace {

/// How many words there are before the `--` of `lab exec`.
int words_of_ours(int argc, char** argv) {
  const auto is = [&](int i, const char* word) { return std::string(argv[i]) == word; };
  bool runs_command = false;
  for (int i = 1; i < argc; ++i) {
    runs_command = runs_command || (is(i, "exec") && is(i - 1, "lab"));
    if (runs_command && is(i, "--")) return i;
  }
  return argc;
}

}  // namespace

/// The wiring of `reachproof`: global options, and the verbs in the order of --help.
int main(int argc, char** argv) {
  using namespace reachproof;
  std::signal(SIGPIPE, SIG_IGN);
  // The lab's helper must have one thread and none of the rest.
  if (argc == 3 && std::string(argv[1]) == "lab-serve") return lab::serve(argv[2]);
  cli::Context context;
  context.program = argv[0];
  CLI::App app{"Reachproof tests, continuously, that nothing in a network can move sideways."};
  app.name("reachproof");
  app.add_option("--color", context.colour, "Colour: auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  app.add_option("-o,--output", context.output, "Output of verbs that print data: table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  app.set_version_flag("--version", "reachproof " REACHPROOF_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  cli::add_init(app, context);
  cli::add_validate(app, context);
  cli::add_schema(app, context);
  cli::add_catalog(app, context);
  cli::add_plan(app, context);
  cli::add_run(app, context);
  cli::add_selftest(app, context);
  cli::add_runs(app, context);
  cli::add_results(app, context);
  cli::add_matrix(app, context);
  cli::add_explain(app, context);
  cli::add_diff(app, context);
  cli::add_report(app, context);
  cli::add_evidence(app, context);
  cli::add_lab(app, context);
  cli::add_controls(app, context);
  cli::add_coverage(app, context);
  cli::add_exceptions(app, context);
  cli::add_findings(app, context);
  cli::add_serve(app, context);
  cli::add_status(app, context);
  cli::add_probe(app, context);
  cli::add_stop(app, context);
  cli::add_sign(app, context);
  cli::add_login(app, context);
  cli::add_token(app, context);
  cli::add_audit(app, context);
  cli::add_engagement(app, context);
  cli::add_schedule(app, context);
  cli::add_api(app, context);
  cli::add_version(app, context);
  cli::add_completion(app, context);
  cli::add_examples(app,
                    {"reachproof init clinic && cd clinic",
                     "sudo reachproof lab up lab.yaml --inventory inventory.yaml",
                     "sudo reachproof run scenario.yaml", "reachproof explain vendor phi-db 5432"});
  const auto words = words_of_ours(argc, argv);
  context.behind_dashes.assign(argv + words, argv + argc);
  if (words < argc) context.behind_dashes.erase(context.behind_dashes.begin());
  try {
    app.parse(words, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(cli::Exit::Usage);
  } catch (const std::exception& error) {
    std::cerr << "reachproof: internal error: " << error.what() << "\n";
    return static_cast<int>(cli::Exit::Internal);
  }
  if (!std::cout.flush()) {
    std::cerr << "reachproof: the output could not be written\n";
    return static_cast<int>(cli::Exit::Internal);
  }
  return static_cast<int>(context.exit);
}
