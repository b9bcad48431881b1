#include <iostream>
#include <memory>

#include "cli/stored.h"
#include "cli/verb.h"
#include "core/diff.h"
#include "reports/run_json.h"
#include "reports/run_text.h"

/// The verbs that read a run back out of the evidence: runs, results, matrix, explain, diff.
namespace reachproof::cli {

std::optional<evidence::StoredRun> stored_run(Context& context, const EvidenceOptions& evidence,
                                              const std::string& name) {
  const auto reader = evidence::LogReader::open(evidence.file);
  if (!reader) {
    complain(context, reader.error());
    return std::nullopt;
  }
  auto run = evidence::load_run(*reader, name);
  if (!run) {
    complain(context, run.error());
    return std::nullopt;
  }
  return std::move(*run);
}

void add_runs(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("runs", "List the runs of an evidence file");
  auto evidence = std::make_shared<EvidenceOptions>();
  add_evidence_option(*verb, *evidence);
  add_examples(*verb, {"reachproof runs"});
  verb->callback([&context, evidence] {
    const auto reader = evidence::LogReader::open(evidence->file);
    if (!reader) return complain(context, reader.error());
    const auto runs = evidence::list_runs(*reader);
    if (!runs) return complain(context, runs.error());
    for (const auto& run : *runs) {
      std::cout << run.header.run << "  " << core::text(run.header.started) << "  "
                << run.header.scenario;
      if (!run.end) {
        std::cout << "  never finished";
      } else {
        for (const auto& [word, count] : run.end->results)
          std::cout << "  " << count << " " << word;
        if (!run.end->interrupted.empty()) std::cout << "  ended early";
      }
      std::cout << "\n";
    }
  });
}

void add_results(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("results", "Show the results of a run");
  struct Options {
    EvidenceOptions evidence;
    std::string run = "latest";
    reports::ResultFilter filter;
  };
  auto options = std::make_shared<Options>();
  verb->add_option("run", options->run, "A run's id, `latest` or `previous`")
      ->capture_default_str();
  add_evidence_option(*verb, options->evidence);
  verb->add_option("--result", options->filter.result,
                   "Only these: violation, broken, unproven, ...");
  verb->add_option("--src", options->filter.source, "Only from this workload or segment");
  verb->add_option("--dst", options->filter.destination, "Only to this workload or segment");
  verb->add_option("--port", options->filter.port, "Only this port: 5432 or tcp/5432");
  add_examples(*verb, {"reachproof results", "reachproof results --result unproven",
                       "reachproof --output json results r-20261130-011500-9f2c"});
  verb->callback([&context, options] {
    if (!options->filter.result.empty() && !core::check_result_of(options->filter.result)) {
      return complain(context, {ErrorCode::Usage, "--result: `" + options->filter.result +
                                                      "` is not a result; one of pass, violation, "
                                                      "broken, unproven, in-use, in-use-noted, "
                                                      "idle, excepted"});
    }
    const auto run = stored_run(context, options->evidence, options->run);
    if (!run) return;
    if (context.json()) {
      std::cout << reports::results_json(*run, options->filter);
      return;
    }
    const auto look = context.look();
    std::cout << reports::results(*run, options->filter, look) << "\n";
    std::cout << reports::limitations(*run, look) << reports::summary(*run, look);
  });
}

void add_matrix(CLI::App& app, Context& context) {
  auto* verb =
      app.add_subcommand("matrix", "Show who reaches whom: intended, observed, difference");
  struct Options {
    EvidenceOptions evidence;
    std::string run = "latest";
    std::string view = "difference";
    std::string by = "segment";
  };
  auto options = std::make_shared<Options>();
  verb->add_option("run", options->run, "A run's id, `latest` or `previous`")
      ->capture_default_str();
  add_evidence_option(*verb, options->evidence);
  verb->add_option("--view", options->view, "intended, observed or difference")
      ->check(CLI::IsMember({"intended", "observed", "difference"}))
      ->capture_default_str();
  verb->add_option("--by", options->by, "segment or workload")
      ->check(CLI::IsMember({"segment", "workload"}))
      ->capture_default_str();
  add_examples(*verb, {"reachproof matrix", "reachproof matrix --by workload --view observed"});
  verb->callback([&context, options] {
    const auto run = stored_run(context, options->evidence, options->run);
    if (!run) return;
    const auto view = options->view == "intended"   ? reports::MatrixView::Intended
                      : options->view == "observed" ? reports::MatrixView::Observed
                                                    : reports::MatrixView::Difference;
    const auto by =
        options->by == "segment" ? reports::MatrixBy::Segment : reports::MatrixBy::Workload;
    std::cout << (context.json() ? reports::results_json(*run, {})
                                 : reports::matrix(*run, view, by, context.look()));
  });
}

void add_explain(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("explain", "Tell one flow: rule, attempts, sightings, and why");
  struct Options {
    EvidenceOptions evidence;
    std::string run = "latest";
    reports::ResultFilter filter;
  };
  auto options = std::make_shared<Options>();
  verb->add_option("src", options->filter.source, "From this workload or segment")->required();
  verb->add_option("dst", options->filter.destination, "To this workload or segment")->required();
  verb->add_option("port", options->filter.port, "5432 or tcp/5432; every port where left out");
  verb->add_option("--run", options->run, "A run's id, `latest` or `previous`")
      ->capture_default_str();
  add_evidence_option(*verb, options->evidence);
  add_examples(*verb, {"reachproof explain vendor-vpn phi-db 5432",
                       "reachproof explain vendor-vpn phi-db --run previous"});
  verb->callback([&context, options] {
    const auto run = stored_run(context, options->evidence, options->run);
    if (!run) return;
    std::vector<const evidence::StoredCheck*> found;
    for (const auto& check : run->checks) {
      if (options->filter.keeps(check)) found.push_back(&check);
    }
    if (found.empty()) {
      return complain(context,
                      {ErrorCode::NotFound, "run " + run->header.run + " has no check from `" +
                                                options->filter.source + "` to `" +
                                                options->filter.destination +
                                                "` on that port; `reachproof "
                                                "results` lists what it has"});
    }
    if (context.json()) {
      std::cout << reports::explanation_json(*run, found);
      return;
    }
    for (const auto* check : found) {
      std::cout << reports::explanation(*run, *check, context.look()) << "\n";
    }
  });
}

void add_diff(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("diff", "Compare two runs: opened, closed, changed");
  struct Options {
    EvidenceOptions evidence;
    std::string before = "previous";
    std::string after = "latest";
  };
  auto options = std::make_shared<Options>();
  verb->add_option("before", options->before, "The older run")->capture_default_str();
  verb->add_option("after", options->after, "The newer run")->capture_default_str();
  add_evidence_option(*verb, options->evidence);
  add_examples(*verb, {"reachproof diff", "reachproof diff r-20261129-011500-11aa latest"});
  verb->callback([&context, options] {
    const auto before = stored_run(context, options->evidence, options->before);
    if (!before) return;
    const auto after = stored_run(context, options->evidence, options->after);
    if (!after) return;
    if (before->header.scenario != after->header.scenario) {
      std::cerr << "these are runs of two scenarios: " << before->header.scenario << " and "
                << after->header.scenario << "\n";
    }
    const auto diff = core::diff(reports::states(*before), reports::states(*after));
    std::cout << (context.json() ? reports::diff_json(*before, *after, diff)
                                 : reports::diff_text(*before, *after, diff, context.look()));
  });
}

}  // namespace reachproof::cli
