#include <fmt/core.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <regex>

#include "cli/verb.h"
#include "evidence/bundle_records.h"
#include "evidence/finding_records.h"
#include "host/whole_file.h"
#include "reports/csv.h"
#include "reports/junit.h"
#include "reports/markdown.h"
#include "reports/navigator.h"
#include "reports/ocsf.h"
#include "reports/oscal.h"
#include "reports/report_json.h"
#include "reports/sarif.h"
#include "scenarios/load.h"

/// `report`: one run in the format that somebody else reads.
namespace reachproof::cli {
namespace {

constexpr std::size_t kKeyBytesMax = 4096;
/// How much of the records behind departures is held for a report.
constexpr std::size_t kBodiesBytesMax = 16U << 20U;

struct Options {
  EvidenceOptions evidence;
  std::string run = "latest";
  std::string baseline;
  std::string format = "markdown";
  std::string file;
  std::string scenario_uri;
};

/// Everything that a report is made from, held as long as it is written.
struct Sources {
  evidence::StoredRun run;
  std::optional<evidence::StoredRun> baseline;
  std::optional<core::Scenario> scenario;
  core::FindingBook findings;
  evidence::RunEvidence evidence;

  [[nodiscard]] reports::ReportSources view() const {
    return {.run = &run,
            .baseline = baseline ? &*baseline : nullptr,
            .scenario = scenario ? &*scenario : nullptr,
            .findings = findings.findings().empty() ? nullptr : &findings,
            .evidence = &evidence,
            .software = REACHPROOF_VERSION};
  }
};

/// The days as of which a run may have read its scenario: when it ran, and for a run that was told
/// another day, those on which its exceptions began.
std::vector<core::Date> days_of(const evidence::StoredRun& run, const std::string& text) {
  std::vector<core::Date> days{std::chrono::floor<std::chrono::days>(run.header.started)};
  static const std::regex kCreated(R"(created:\s*"?(\d{4}-\d{2}-\d{2}))");
  for (std::sregex_iterator it(text.begin(), text.end(), kCreated), end; it != end; ++it) {
    if (const auto day = core::parse_date((*it)[1].str())) days.push_back(*day);
  }
  return days;
}

/// The scenario as the run kept it; nothing where its snapshot cannot be read, and then it is said.
std::optional<core::Scenario> scenario_of(const evidence::LogReader& log,
                                          const evidence::StoredRun& run) {
  const auto snapshots =
      evidence::snapshots_of(log, run.header.run, run.first_record, run.end_record);
  if (snapshots) {
    for (const auto& snapshot : *snapshots) {
      if (snapshot.role != "scenario") continue;
      for (const auto day : days_of(run, snapshot.text)) {
        auto loaded = scenarios::load_scenario(snapshot.text, run.header.scenario_file, day);
        if (loaded) return std::move(loaded->scenario);
      }
    }
  }
  std::cerr << "note the run's scenario cannot be read by this version: the report lacks owners, "
               "tickets and the names of controls\n";
  return std::nullopt;
}

Result<Sources> load_sources(const Options& options) {
  const auto log = evidence::LogReader::open(options.evidence.file);
  if (!log) return tl::unexpected(log.error());
  auto run = evidence::load_run(*log, options.run);
  if (!run) return tl::unexpected(run.error());
  Sources sources{.run = std::move(*run)};
  if (!options.baseline.empty()) {
    auto baseline = evidence::load_run(*log, options.baseline);
    if (!baseline) return fail(std::move(baseline), "--baseline");
    if (baseline->header.scenario != sources.run.header.scenario) {
      return fail(ErrorCode::Usage,
                  fmt::format("--baseline: {} is a run of `{}`, and {} one of `{}`",
                              baseline->header.run, baseline->header.scenario,
                              sources.run.header.run, sources.run.header.scenario));
    }
    sources.baseline = std::move(*baseline);
  }
  sources.scenario = scenario_of(*log, sources.run);
  auto findings = evidence::load_findings(*log);
  if (!findings) return tl::unexpected(findings.error());
  sources.findings = std::move(*findings);
  auto evidence = evidence::load_run_evidence(
      *log, sources.run, reports::records_of_departures(sources.run), kBodiesBytesMax);
  if (!evidence) return tl::unexpected(evidence.error());
  sources.evidence = std::move(*evidence);
  if (const auto vkey = host::read_file(options.evidence.vkey_path(), kKeyBytesMax)) {
    sources.evidence.vkey = vkey->substr(0, vkey->find('\n'));
  }
  return sources;
}

/// The scenario as its repository has it: told, or as the run named it, from where we stand.
std::string uri_of(const Options& options, const evidence::StoredRun& run) {
  if (!options.scenario_uri.empty()) return options.scenario_uri;
  const std::filesystem::path file(run.header.scenario_file);
  if (!file.is_absolute()) return file.lexically_normal().string();
  std::error_code error;
  const auto here = std::filesystem::current_path(error);
  const auto relative = file.lexically_relative(here);
  const bool below = !error && !relative.empty() && *relative.begin() != "..";
  return (below ? relative : file.filename()).string();
}

void write_report(const reports::Report& report, const std::string& format,
                  const reports::Sink& sink) {
  if (format == "oscal-ap") sink(reports::oscal_plan(report));
  if (format == "oscal-ar") sink(reports::oscal_results(report));
  if (format == "ocsf") reports::write_ocsf(report, sink);
  if (format == "junit") sink(reports::junit(report.run));
  if (format == "sarif") sink(reports::sarif(report));
  if (format == "navigator") sink(reports::navigator_layer(report));
  if (format == "csv") reports::write_csv(report, sink);
  if (format == "json") reports::write_report_json(report, core::kChecksMax, sink);
  if (format == "markdown") sink(reports::markdown(report));
}

/// Writes beside the file first: a report is there whole, or as it was before.
Result<void> write_file(const reports::Report& report, const std::string& format,
                        const std::string& path) {
  const auto fresh = path + ".new";
  std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
  write_report(report, format, [&](std::string_view piece) { out << piece; });
  out.close();
  if (!out || std::rename(fresh.c_str(), path.c_str()) != 0) {
    std::remove(fresh.c_str());
    return fail(ErrorCode::Io, fmt::format("cannot write `{}`", path));
  }
  return {};
}

void run_report(Context& context, const Options& options) {
  auto sources = load_sources(options);
  if (!sources) return complain(context, sources.error());
  auto view = sources->view();
  view.scenario_uri = uri_of(options, sources->run);
  const auto report = reports::make_report(view);
  if (options.file.empty()) {
    write_report(report, options.format, [](std::string_view piece) { std::cout << piece; });
  } else if (const auto done = write_file(report, options.format, options.file); !done) {
    complain(context, done.error());
  }
}

}  // namespace

void add_report(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("report", "Write a run for others: OSCAL, OCSF, SARIF, CSV, ...");
  auto options = std::make_shared<Options>();
  add_evidence_option(*verb, options->evidence);
  verb->add_option("--run", options->run, "A run's id, `latest` or `previous`")
      ->capture_default_str();
  verb->add_option("--baseline", options->baseline,
                   "An earlier run of the same scenario to compare with");
  verb->add_option("-f,--format", options->format,
                   "oscal-ar, oscal-ap, ocsf, junit, sarif, navigator, csv, json or markdown")
      ->check(CLI::IsMember({"oscal-ar", "oscal-ap", "ocsf", "junit", "sarif", "navigator", "csv",
                             "json", "markdown"}))
      ->capture_default_str();
  verb->add_option("-o,--file", options->file, "Write it here instead of to standard output");
  verb->add_option("--scenario-uri", options->scenario_uri,
                   "Where the scenario stands in its repository, for SARIF");
  add_examples(*verb, {"reachproof report --baseline previous --format markdown",
                       "reachproof report --format sarif -o reachproof.sarif",
                       "reachproof report --format oscal-ar -o assessment-results.json"});
  verb->callback([&context, options] { run_report(context, *options); });
}

}  // namespace reachproof::cli
