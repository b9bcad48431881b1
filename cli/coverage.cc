#include <fmt/core.h>

#include <iostream>
#include <map>
#include <memory>

#include "cli/recent_runs.h"
#include "reports/proof_history.h"
#include "reports/table.h"

/// `coverage`: which flows were proven, when last, and by which proof.
namespace reachproof::cli {
namespace {

struct Options {
  DocumentOptions documents;
  EvidenceOptions evidence;
  int days = 90;
  bool flows = false;
};

/// The flows between two segments.
struct Pair {
  int flows = 0;
  int proved = 0;
  int corroborated = 0;
  core::WallTime oldest = core::WallTime::max();
  std::map<std::string, int> why_not;
};

/// A destination in no segment is outside of them all.
std::string shown(const std::string& segment) {
  return segment.empty() ? "(outside)" : segment;
}

void print_pairs(const reports::ProofHistory& history, const reports::Look& look) {
  std::map<std::pair<std::string, std::string>, Pair> pairs;
  for (const auto& flow : history.flows()) {
    auto& pair = pairs[{flow.source_segment, flow.destination_segment}];
    ++pair.flows;
    if (flow.run.empty()) {
      ++pair.why_not[flow.why_not];
      continue;
    }
    ++(flow.proof == core::Proof::Proved ? pair.proved : pair.corroborated);
    pair.oldest = std::min(pair.oldest, flow.when);
  }
  reports::Table table({"from", "to", "flows", "proved", "corroborated", "never", "oldest proof"});
  for (const auto& [ends, pair] : pairs) {
    const int never = pair.flows - pair.proved - pair.corroborated;
    const bool any = pair.proved + pair.corroborated > 0;
    table.add({{ends.first},
               {shown(ends.second)},
               {std::to_string(pair.flows)},
               {std::to_string(pair.proved)},
               {std::to_string(pair.corroborated)},
               {std::to_string(never), never > 0 ? reports::Paint::Unsure : reports::Paint::Plain},
               {any ? core::text(pair.oldest).substr(0, 10) : "-"}});
  }
  std::cout << table.text(look);
  for (const auto& [ends, pair] : pairs) {
    for (const auto& [why, count] : pair.why_not) {
      std::cout << fmt::format("never proven, {} -> {}: {} ({})\n", ends.first, shown(ends.second),
                               count, why);
    }
  }
}

void print_flows(const reports::ProofHistory& history, const reports::Look& look) {
  reports::Table table({"flow", "rule", "expects", "last proven", "proof", "result", "by run"});
  for (const auto& flow : history.flows()) {
    const bool never = flow.run.empty();
    table.add({{flow.flow},
               {flow.rule},
               {std::string(core::word(flow.expectation))},
               {never ? "never" : core::text(flow.when).substr(0, 16)},
               {never ? "-" : std::string(core::word(flow.proof))},
               {never ? flow.why_not : std::string(core::word(flow.result))},
               {never ? "-" : flow.run}});
  }
  std::cout << table.text(look);
}

void coverage(Context& context, Options& options) {
  options.documents.lapsed_is_told = true;
  const auto documents = load_documents(context, options.documents, false);
  if (!documents) return;
  const auto since = *time_of(context, options.documents) - std::chrono::days(options.days);
  reports::ProofHistory history;
  auto read = for_recent_runs(options.evidence, documents->scenario.name, since,
                              [&](const auto& run) { history.add(run); });
  if (!read) return complain(context, read.error());
  if (context.json()) {
    std::cout << reports::coverage_json(documents->scenario, history);
    return;
  }
  if (history.runs() == 0) {
    std::cout << fmt::format("No run of `{}` finished in the last {} days: nothing is covered.\n",
                             documents->scenario.name, options.days);
    return;
  }
  if (options.flows) {
    print_flows(history, context.look());
  } else {
    print_pairs(history, context.look());
  }
  const auto untested = reports::pairs_without_flows(documents->scenario, history);
  if (!untested.empty()) {
    std::cout << fmt::format("\n{} ordered pairs of segments are crossed by no flow or forbid:\n",
                             untested.size());
    for (const auto& [from, to] : untested) std::cout << fmt::format("  {} -> {}\n", from, to);
  }
  std::cout << fmt::format("\nBy {} finished run{} of the last {} days.\n", history.runs(),
                           history.runs() == 1 ? "" : "s", options.days);
}

}  // namespace

void add_coverage(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("coverage", "What was proven, when last, and what never");
  auto options = std::make_shared<Options>();
  verb->add_option("scenario", options->documents.scenario, "The scenario")->capture_default_str();
  verb->add_option("--at", options->documents.at, "As of this date in place of today");
  add_evidence_option(*verb, options->evidence);
  verb->add_option("--days", options->days, "Look at runs of so many days")
      ->check(CLI::Range(1, 3660))
      ->capture_default_str();
  verb->add_flag("--flows", options->flows, "List every flow");
  add_examples(*verb, {"reachproof coverage", "reachproof coverage --flows --days 365"});
  verb->callback([&context, options] { coverage(context, *options); });
}

}  // namespace reachproof::cli
