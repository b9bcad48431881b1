#include <fmt/core.h>

#include <iostream>
#include <memory>

#include "cli/embedded.h"
#include "cli/evidence_verbs.h"
#include "cli/report_sources.h"
#include "core/check.h"
#include "evidence/bundle.h"
#include "evidence/export_record.h"
#include "evidence/file_hash.h"
#include "host/wall_clock.h"
#include "orchestrator/run_outcome.h"
#include "reports/csv.h"
#include "reports/html.h"
#include "reports/junit.h"
#include "reports/markdown.h"
#include "reports/oscal.h"
#include "reports/run_json.h"
#include "reports/run_text.h"

/// `evidence export`: the bundle for an auditor.
namespace reachproof::cli {
namespace {

constexpr std::size_t kNoteBytesMax = 1U << 20U;

struct Options {
  EvidenceOptions evidence;
  std::string key;
  std::string run;
  std::string from;
  std::string to;
  std::string redact = "none";
  std::string control;
  std::string since;
  std::string algorithm = "ed25519";
  std::string file;
};

/// A date, or a date and time.
Result<core::WallTime> time_in(const std::string& option, const std::string& text) {
  if (const auto date = core::parse_date(text)) return core::WallTime(*date);
  if (const auto time = core::parse_wall_time(text)) return *time;
  return fail(ErrorCode::Usage, fmt::format("{}: `{}` is neither a date nor a time such as "
                                            "2026-11-30T02:00:00Z",
                                            option, text));
}

Result<evidence::BundlePeriod> period_of(const Options& options) {
  evidence::BundlePeriod period{.run = options.run.empty() ? "latest" : options.run};
  if (options.from.empty() && options.to.empty()) return period;
  if (!options.run.empty() || options.from.empty() || options.to.empty()) {
    return fail(ErrorCode::Usage, "give --run, or both --from and --to");
  }
  const auto from = time_in("--from", options.from);
  if (!from) return tl::unexpected(from.error());
  const auto to = time_in("--to", options.to);
  if (!to) return tl::unexpected(to.error());
  period.from = *from;
  period.to = *to;
  return period;
}

template <class Write>
std::string gathered(Write write) {
  std::string text;
  write([&](std::string_view piece) { text += piece; });
  return text;
}

/// The reports that need more of the log than the run. Findings go on changing after a run, and
/// stand in none of them: a bundle that is made again must be the same.
void add_reports_of_log(std::vector<evidence::BundleFile>& files, const Options& options,
                        const std::string& run) {
  auto data = load_report_sources(options.evidence, run, "");
  if (!data) return;
  data->findings = {};
  const auto report = reports::make_report(data->view());
  const auto csv = [&](const reports::Sink& sink) { reports::write_csv(report, sink); };
  files.push_back({"results.csv", gathered(csv)});
  files.push_back({"summary.md", reports::markdown(report)});
  files.push_back({"assessment-plan.json", reports::oscal_plan(report)});
  files.push_back({"assessment-results.json", reports::oscal_results(report)});
  if (report_page_text().empty()) return;
  files.push_back({"report.html", gathered([&](const reports::Sink& sink) {
                     const auto written = reports::write_html(report, report_page_text(), sink);
                     CHECK(written.has_value());
                   })});
}

/// What people and programs read of a run without this tool.
std::vector<evidence::BundleFile> reports_of(const Options& options,
                                             const evidence::StoredRun& run) {
  const reports::Look plain{.colour = false};
  std::vector<evidence::BundleFile> files{
      {"results.json", reports::results_json(run, {})},
      {"junit.xml", reports::junit(run)},
      {"results.txt", reports::results(run, {}, plain) + "\n" + reports::limitations(run, plain) +
                          reports::summary(run, plain)}};
  add_reports_of_log(files, options, run.header.run);
  return files;
}

struct Exported {
  evidence::ExportReport report;
  Result<evidence::LeafIndex> record;  ///< that says so
};

Result<Exported> exported(const Options& options) {
  const auto period = period_of(options);
  if (!period) return tl::unexpected(period.error());
  const auto redaction = evidence::redaction_of(options.redact);
  if (!redaction) return tl::unexpected(redaction.error());
  const auto algorithm = evidence::key_algorithm_of(options.algorithm);
  if (!algorithm) return tl::unexpected(algorithm.error());
  const auto trusted = trusted_key(options.evidence, options.key);
  if (!trusted) return tl::unexpected(trusted.error());
  std::string since;
  if (!options.since.empty()) {
    auto note = evidence::file_bytes(options.since, kNoteBytesMax);
    if (!note) return fail(ErrorCode::Usage, "--since-checkpoint: " + note.error().message);
    since = std::move(*note);
  }
  const auto use = key_use(options.evidence);
  const auto log = evidence::LogReader::open(options.evidence.file);
  if (!log) return tl::unexpected(log.error());
  // Asked for first: what cannot be exported should not have made a key.
  if (auto asked = evidence::bundle_range(*log, *period); !asked) {
    return tl::unexpected(asked.error());
  }
  // The record that names the key may itself belong to the period.
  if (auto named = evidence::ready_attestation_key(use, *algorithm, 0); !named) {
    return tl::unexpected(named.error());
  }
  auto range = evidence::bundle_range(*log, *period);
  if (!range) return tl::unexpected(range.error());
  const auto key = evidence::ready_attestation_key(use, *algorithm, range->end);
  if (!key) return tl::unexpected(key.error());
  const evidence::ExportRequest request{
      .log_path = options.evidence.file,
      .file = options.file.empty() ? "bundle-" + range->name + ".tar.zst" : options.file,
      .range = std::move(*range),
      .redaction = *redaction,
      .control = options.control,
      .since = std::move(since),
      .log_key = trusted->key,
      .software = "reachproof " REACHPROOF_VERSION,
      .now = host::wall_now(),
      .reports = [&](const auto& run) { return reports_of(options, run); }};
  auto report = evidence::export_bundle(request, *key);
  if (!report) return tl::unexpected(report.error());
  auto record = evidence::record_export(use, request, *report, orchestrator::user_at_host());
  return Exported{std::move(*report), std::move(record)};
}

void print(const Exported& exported) {
  const auto& report = exported.report;
  std::cout << fmt::format("{}: {} records, {} runs, checkpoint of {} records\n", report.file,
                           report.records, report.runs.size(), report.last.size);
  if (report.bodies_left_out > 0) {
    std::cout << fmt::format(
        "note the bodies of {} records were left out; their hashes are there\n",
        report.bodies_left_out);
  }
  for (const auto& file : report.files_left_out) {
    std::cout << "note " << file << " was left out: addresses stand in it\n";
  }
  std::cout << (report.anchored_at.empty()
                    ? "note no time stamp covers it; `reachproof evidence timestamp` asks for one\n"
                    : "time stamp of " + report.anchored_at + "\n");
  std::cout << (exported.record ? fmt::format("recorded as record {}\n", *exported.record)
                                : "note this export is not recorded: " +
                                      exported.record.error().message + "\n");
}

}  // namespace

void add_evidence_export(CLI::App& evidence, Context& context) {
  auto* verb = evidence.add_subcommand("export", "Write a bundle that verifies without this tool");
  auto options = std::make_shared<Options>();
  add_evidence_option(*verb, options->evidence);
  verb->add_option("--run", options->run, "A run's id, or `latest` (the default)");
  verb->add_option("--from", options->from, "Instead: what was recorded from this date or time on");
  verb->add_option("--to", options->to, "... and before this one");
  verb->add_option("--redact", options->redact, "Leave out: addresses or none")
      ->check(CLI::IsMember({"addresses", "none"}))
      ->capture_default_str();
  verb->add_option("--control", options->control,
                   "List what the records say about this control: controls/ID.csv");
  verb->add_option("--since-checkpoint", options->since,
                   "Prove that the log goes on from this checkpoint, kept from an earlier bundle");
  verb->add_option("--key", options->key, "Verifier key, or a file that holds it");
  verb->add_option("--algorithm", options->algorithm,
                   "Of the attestation key, where it is made: ed25519 or p256")
      ->check(CLI::IsMember({"ed25519", "p256"}))
      ->capture_default_str();
  verb->add_option("-o,--file", options->file, "The archive (default: bundle-<run>.tar.zst)");
  add_examples(*verb,
               {"reachproof evidence export --run latest -o bundle.tar.zst",
                "reachproof evidence export --from 2026-11-01 --to 2026-12-01 --redact addresses",
                "reachproof evidence export --since-checkpoint kept/last -o december.tar.zst"});
  verb->callback([&context, options] {
    const auto made = exported(*options);
    if (!made) return complain(context, made.error());
    print(*made);
  });
}

}  // namespace reachproof::cli
