#include <fmt/core.h>

#include <iostream>
#include <memory>

#include "cli/recent_runs.h"
#include "host/wall_clock.h"
#include "reports/control_ledger.h"
#include "reports/table.h"
#include "scenarios/control_catalogue.h"

/// `controls`: what results can support evidence for, and when they last did.
namespace reachproof::cli {
namespace {

using scenarios::CatalogueControl;

/// Longer than any cadence asks for.
constexpr std::chrono::days kLookBack{3 * 366};

struct Options {
  DocumentOptions documents;
  EvidenceOptions evidence;
  std::string regime;
  std::string id;
  std::string fail_on = "none";
  bool proposed = false;
};

std::string cadence(const std::optional<core::CalendarSpan>& span) {
  return span ? span->text() : "-";
}

void list(const Context& context, const Options& options) {
  reports::Table table({"id", "regime", "ref", "asks", "strength", "cadence", ""});
  for (const auto& control : scenarios::control_catalogue()) {
    if (control.proposed && !options.proposed) continue;
    if (control.regime.find(options.regime) == std::string_view::npos) continue;
    table.add({{std::string(control.id)},
               {std::string(control.regime)},
               {std::string(control.ref)},
               {std::string(control.gist)},
               {std::string(scenarios::word(control.strength))},
               {cadence(scenarios::cadence_of(control))},
               {control.proposed ? "PROPOSED" : ""}});
  }
  if (table.empty()) {
    std::cout << "No control of the catalogue fits.\n";
    return;
  }
  std::cout << table.text(context.look())
            << "\nResults support evidence for a control; whether it is met is for an assessor.\n";
}

void show(Context& context, const Options& options) {
  const auto* control = scenarios::catalogue_control(options.id);
  if (control == nullptr) {
    return complain(context, {ErrorCode::NotFound,
                              fmt::format("the catalogue has no control `{}`; `reachproof controls "
                                          "list` shows it",
                                          options.id)});
  }
  std::cout << fmt::format("{}\n  {} {}{}\n  asks: {}\n", control->id, control->regime,
                           control->ref, control->proposed ? " (PROPOSED, not law)" : "",
                           control->gist);
  switch (control->strength) {
    case CatalogueControl::Strength::Direct:
      std::cout << "  a verdict supports evidence of its effect\n";
      break;
    case CatalogueControl::Strength::Partial:
      std::cout << "  a verdict supports evidence for one part of it\n";
      break;
    case CatalogueControl::Strength::Records:
      std::cout << "  the log and its records support evidence for it\n";
      break;
  }
  std::cout << fmt::format("  cadence: {}\n  id and gist read in: {}\n",
                           control->cadence_months == 0
                               ? "none set by the regime"
                               : fmt::format("every {} months", control->cadence_months),
                           scenarios::word(control->confidence));
}

std::string counts(const reports::LedgerEntry& entry) {
  std::string text;
  for (const auto& [word, count] : entry.results) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, word);
  }
  return text;
}

void print(const reports::ControlLedger& ledger,
           const std::vector<reports::RunAfterChange>& changes, const reports::Look& look) {
  if (ledger.entries().empty()) {
    std::cout
        << "The scenario names no controls; `reachproof controls list` shows which there are.\n";
    return;
  }
  reports::Table table(
      {"control", "ref", "cadence", "last supported", "by run", "its checks", "due", ""});
  for (const auto& entry : ledger.entries()) {
    const bool none = entry.run.empty();
    table.add({{entry.control->id},
               {entry.control->ref},
               {cadence(entry.control->cadence)},
               {none ? "never" : core::text(entry.when).substr(0, 10)},
               {none ? "-" : entry.run},
               {counts(entry)},
               {entry.due ? core::text(*entry.due).substr(0, 10) : "-"},
               {entry.overdue ? "overdue" : "", reports::Paint::Bad}});
  }
  std::cout << table.text(look);
  std::cout << (changes.empty()
                    ? "\nNo run names a change that it was made after (`run --change`).\n"
                    : "\nAfter changes:\n");
  for (const auto& run : changes) {
    std::cout << fmt::format("  {}  {}  {}{}\n", run.change, core::text(run.started), run.run,
                             run.finished ? "" : " (never finished)");
  }
  std::cout << "\nThese runs support evidence for the controls; whether a control is met is for an "
               "assessor.\n";
}

void ledger(Context& context, Options& options) {
  options.documents.lapsed_is_told = true;
  const auto documents = load_documents(context, options.documents, false);
  if (!documents) return;
  auto scenario = documents->scenario;
  if (!options.proposed) {
    std::erase_if(scenario.controls, [](const core::Control& control) {
      const auto* known = scenarios::catalogue_control(control.id);
      return known != nullptr && known->proposed;
    });
  }
  const auto now = *time_of(context, options.documents);
  reports::ControlLedger entries(scenario, now);
  auto read = for_recent_runs(options.evidence, scenario.name, now - kLookBack,
                              [&](const auto& run) { entries.add(run); });
  if (!read) return complain(context, read.error());
  std::vector<evidence::RunSummary> runs;
  if (const auto log = evidence::LogReader::open(options.evidence.file)) {
    auto all = evidence::list_runs(*log);
    if (!all) return complain(context, all.error());
    runs = std::move(*all);
  }
  const auto changes = reports::runs_after_changes(runs, scenario.name);
  if (context.json()) {
    std::cout << reports::ledger_json(entries, changes);
  } else {
    print(entries, changes, context.look());
  }
  const bool overdue = std::ranges::any_of(entries.entries(), &reports::LedgerEntry::overdue);
  if (overdue && options.fail_on == "overdue") context.exit = Exit::Unproven;
}

}  // namespace

void add_controls(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("controls", "What results can support evidence for, and when");
  verb->require_subcommand(1);
  auto options = std::make_shared<Options>();
  auto* listing = verb->add_subcommand("list", "The catalogue of controls");
  listing->add_option("--regime", options->regime, "Those whose regime contains this text");
  listing->add_flag("--include-proposed", options->proposed, "Proposed rules, too");
  listing->callback([&context, options] { list(context, *options); });
  auto* showing = verb->add_subcommand("show", "One control of the catalogue");
  showing->add_option("id", options->id, "Its id, such as pci-11.4.5")->required();
  showing->callback([&context, options] { show(context, *options); });
  auto* keeping = verb->add_subcommand(
      "ledger", "When each control of a scenario was last supported by a run, and what is due");
  keeping->add_option("scenario", options->documents.scenario, "The scenario")
      ->capture_default_str();
  keeping->add_option("--at", options->documents.at, "As of this date in place of today");
  add_evidence_option(*keeping, options->evidence);
  keeping->add_flag("--include-proposed", options->proposed, "Controls of proposed rules, too");
  keeping->add_option("--fail-on", options->fail_on, "overdue: exit 4 where one is; or none")
      ->check(CLI::IsMember({"overdue", "none"}))
      ->capture_default_str();
  add_examples(*keeping, {"reachproof controls list --regime PCI",
                          "reachproof controls show hipaa-164.308-a-8",
                          "reachproof controls ledger --fail-on overdue"});
  keeping->callback([&context, options] { ledger(context, *options); });
}

}  // namespace reachproof::cli
