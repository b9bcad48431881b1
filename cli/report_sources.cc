#include "cli/report_sources.h"

#include <fmt/core.h>

#include "evidence/baseline.h"
#include "evidence/bundle_records.h"
#include "evidence/finding_records.h"
#include "evidence/key_history.h"
#include "host/whole_file.h"
#include "reports/html.h"
#include "scenarios/load.h"

namespace reachproof::cli {
namespace {

constexpr std::size_t kKeyBytesMax = 4096;

std::optional<core::Scenario> scenario_of(const evidence::LogReader& log,
                                          const evidence::StoredRun& run) {
  const auto snapshots =
      evidence::snapshots_of(log, run.header.run, run.first_record, run.end_record);
  if (!snapshots) return std::nullopt;
  for (const auto& snapshot : *snapshots) {
    if (snapshot.role != "scenario") continue;
    const auto as_of = run.header.as_of.value_or(run.header.started);
    auto loaded = scenarios::load_scenario(snapshot.text, run.header.scenario_file,
                                           std::chrono::floor<std::chrono::days>(as_of),
                                           scenarios::Lapsed::IsTold);
    if (loaded) return std::move(loaded->scenario);
  }
  return std::nullopt;
}

/// The key that signs a tree of that size, as the one beside the evidence leads to it; empty where
/// none is known.
std::string key_at(const evidence::LogReader& log, const EvidenceOptions& options,
                   std::uint64_t size) {
  const auto text = host::read_file(options.vkey_path(), kKeyBytesMax);
  const auto beside = text ? evidence::VerifierKey::parse(text->substr(0, text->find('\n')))
                           : fail(ErrorCode::NotFound, "");
  if (!beside) return "";
  const auto events = evidence::key_events(log);
  const auto notes = log.checkpoints();
  if (!events || !notes) return beside->text();
  const auto key = evidence::LogKeys::from(*beside, *events, *notes).key_for(size);
  return (key ? *key : *beside).text();
}

}  // namespace

reports::ReportSources ReportData::view() const {
  return {.run = &run,
          .baseline = baseline ? &*baseline : nullptr,
          .scenario = scenario ? &*scenario : nullptr,
          .history = &history,
          .findings = findings.findings().empty() ? nullptr : &findings,
          .evidence = &evidence,
          .software = REACHPROOF_VERSION};
}

Result<ReportData> load_report_sources(const EvidenceOptions& options, const std::string& run_name,
                                       const std::string& baseline_name) {
  const auto log = evidence::LogReader::open(options.file);
  if (!log) return tl::unexpected(log.error());
  auto run = evidence::load_run(*log, run_name);
  if (!run) return tl::unexpected(run.error());
  ReportData data{.run = std::move(*run)};
  if (!baseline_name.empty()) {
    auto baseline =
        evidence::load_baseline(*log, baseline_name, data.run.header.scenario, data.run.header.run);
    if (!baseline) return fail(baseline.error().code, "--baseline: " + baseline.error().message);
    data.baseline = std::move(*baseline);
  }
  data.scenario = scenario_of(*log, data.run);
  auto history = evidence::list_runs(*log);
  if (!history) return tl::unexpected(history.error());
  data.history = std::move(*history);
  auto findings = evidence::load_findings(*log);
  if (!findings) return tl::unexpected(findings.error());
  data.findings = std::move(*findings);
  auto shown = evidence::load_run_evidence(*log, data.run, reports::records_of_departures(data.run),
                                           reports::kPageBodiesBytesMax);
  if (!shown) return tl::unexpected(shown.error());
  data.evidence = std::move(*shown);
  data.evidence.vkey = key_at(*log, options, data.evidence.checkpoint.size);
  return data;
}

}  // namespace reachproof::cli
