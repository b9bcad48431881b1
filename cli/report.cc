#include <fmt/core.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "cli/embedded.h"
#include "cli/pdf.h"
#include "cli/report_sources.h"
#include "reports/csv.h"
#include "reports/html.h"
#include "reports/junit.h"
#include "reports/markdown.h"
#include "reports/navigator.h"
#include "reports/ocsf.h"
#include "reports/oscal.h"
#include "reports/report_json.h"
#include "reports/sarif.h"

/// `report`: one run in the format that somebody else reads.
namespace reachproof::cli {
namespace {

struct Options {
  EvidenceOptions evidence;
  std::string run = "latest";
  std::string baseline;
  std::string format = "html";
  std::string file;
  std::string pdf;
  std::string scenario_uri;
};

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

Result<void> write_report(const reports::Report& report, const std::string& format,
                          const reports::Sink& sink) {
  if (format == "html") return reports::write_html(report, report_page_text(), sink);
  if (format == "oscal-ap") sink(reports::oscal_plan(report));
  if (format == "oscal-ar") sink(reports::oscal_results(report));
  if (format == "ocsf") reports::write_ocsf(report, sink);
  if (format == "junit") sink(reports::junit(report.run));
  if (format == "sarif") sink(reports::sarif(report));
  if (format == "navigator") sink(reports::navigator_layer(report));
  if (format == "csv") reports::write_csv(report, sink);
  if (format == "json") reports::write_report_json(report, core::kChecksMax, sink);
  if (format == "markdown") sink(reports::markdown(report));
  return {};
}

/// Writes beside the file first: a report is there whole, or as it was before.
Result<void> write_file(const reports::Report& report, const std::string& format,
                        const std::string& path) {
  const auto fresh = path + ".new";
  std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
  auto written = write_report(report, format, [&](std::string_view piece) { out << piece; });
  out.close();
  if (!written) {
    std::remove(fresh.c_str());
    return written;
  }
  if (!out || std::rename(fresh.c_str(), path.c_str()) != 0) {
    std::remove(fresh.c_str());
    return fail(ErrorCode::Io, fmt::format("cannot write `{}`", path));
  }
  return {};
}

void run_report(Context& context, const Options& options) {
  auto sources = load_report_sources(options.evidence, options.run, options.baseline);
  if (!sources) return complain(context, sources.error());
  if (!sources->scenario) {
    std::cerr << "note the run's scenario cannot be read by this version: the report lacks owners, "
                 "tickets and the names of controls\n";
  }
  auto view = sources->view();
  view.scenario_uri = uri_of(options, sources->run);
  const auto report = reports::make_report(view);
  Result<void> done;
  if (!options.pdf.empty()) {
    const PdfPage page(options.pdf);
    done = write_file(report, "html", page.html_path());
    if (done) done = page.print();
  } else if (!options.file.empty()) {
    done = write_file(report, options.format, options.file);
  } else {
    done = write_report(report, options.format, [](std::string_view piece) { std::cout << piece; });
  }
  if (!done) return complain(context, done.error());
}

}  // namespace

void add_report(CLI::App& app, Context& context) {
  auto* verb =
      app.add_subcommand("report", "Write a run for others: HTML, OSCAL, OCSF, SARIF, ...");
  auto options = std::make_shared<Options>();
  add_evidence_option(*verb, options->evidence);
  verb->add_option("--run", options->run, "A run's id, `latest` or `previous`")
      ->capture_default_str();
  verb->add_option(
      "--baseline", options->baseline,
      "An earlier run of the same scenario to compare with: its id, `previous` or `last-green`");
  verb->add_option("-f,--format", options->format,
                   "html, oscal-ar, oscal-ap, ocsf, junit, sarif, navigator, csv, json or markdown")
      ->check(CLI::IsMember({"html", "oscal-ar", "oscal-ap", "ocsf", "junit", "sarif", "navigator",
                             "csv", "json", "markdown"}))
      ->capture_default_str();
  auto* file =
      verb->add_option("-o,--file", options->file, "Write it here instead of to standard output");
  verb->add_option("--pdf", options->pdf, "Print the HTML report to this PDF, by Chromium")
      ->excludes(file);
  verb->add_option("--scenario-uri", options->scenario_uri,
                   "Where the scenario stands in its repository, for SARIF");
  add_examples(*verb, {"reachproof report -o report.html",
                       "reachproof report --baseline previous --format markdown",
                       "reachproof report --format sarif -o reachproof.sarif",
                       "reachproof report --pdf report.pdf"});
  verb->callback([&context, options] { run_report(context, *options); });
}

}  // namespace reachproof::cli
