#include "cli/gate.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "cli/evidence_verbs.h"
#include "evidence/baseline.h"
#include "evidence/verify.h"

namespace reachproof::cli {
namespace {

bool parse_coverage(const std::string& word, int& percent) {
  constexpr std::string_view kPrefix = "coverage<";
  if (!word.starts_with(kPrefix) || !word.ends_with("%")) return false;
  const char* begin = word.data() + kPrefix.size();
  const char* end = word.data() + word.size() - 1;
  const auto [stop, error] = std::from_chars(begin, end, percent);
  return error == std::errc{} && stop == end && percent >= 0 && percent <= 100;
}

struct Counts {
  int failing = 0;
  int unproven = 0;
};

/// How many checks fail the run, and how many leave it unproven.
Counts count(const evidence::StoredRun& run, const FailOn& fail_on,
             const reports::Compared* compared) {
  Counts counts;
  for (const auto& check : run.checks) {
    const auto word = check.verdict.verdict.result;
    counts.failing += word == core::CheckResult::Violation && fail_on.violation ? 1 : 0;
    counts.failing += word == core::CheckResult::Broken && fail_on.broken ? 1 : 0;
    counts.unproven += word == core::CheckResult::Unproven && fail_on.unproven ? 1 : 0;
  }
  if (compared == nullptr) return counts;
  const auto add = [&](bool asked, core::CheckResult result, int& to) {
    if (asked) to += compared->count_new(result);
  };
  add(fail_on.new_violation, core::CheckResult::Violation, counts.failing);
  add(fail_on.new_broken, core::CheckResult::Broken, counts.failing);
  add(fail_on.new_unproven, core::CheckResult::Unproven, counts.unproven);
  return counts;
}

}  // namespace

void add_gate_options(CLI::App& verb, GateOptions& options) {
  verb.add_option("--fail-on", options.fail_on,
                  "What fails the run: violation, broken (exit 3), unproven, coverage<N% (exit 4); "
                  "with --baseline also new-violation, new-broken, new-unproven")
      ->capture_default_str();
  verb.add_option("--baseline", options.baseline,
                  "Compare with this run: its id, `previous`, or `last-green`");
  verb.add_option("--baseline-from", options.baseline_from,
                  "The evidence file that holds the baseline, with its .vkey beside it");
}

Result<FailOn> FailOn::parse(const GateOptions& options) {
  FailOn fail_on;
  const std::map<std::string, bool FailOn::*> words{
      {"violation", &FailOn::violation},   {"broken", &FailOn::broken},
      {"unproven", &FailOn::unproven},     {"new-violation", &FailOn::new_violation},
      {"new-broken", &FailOn::new_broken}, {"new-unproven", &FailOn::new_unproven}};
  std::istringstream text(options.fail_on);
  std::string word;
  while (std::getline(text, word, ',')) {
    const auto known = words.find(word);
    if (known != words.end()) {
      fail_on.*known->second = true;
    } else if (!parse_coverage(word, fail_on.coverage_percent) && word != "none") {
      return fail(ErrorCode::Usage,
                  fmt::format("--fail-on: `{}` is not violation, broken, unproven, new-violation, "
                              "new-broken, new-unproven, coverage<N% or none",
                              word));
    }
    if (word.starts_with("new-") && options.baseline.empty()) {
      return fail(ErrorCode::Usage, fmt::format("--fail-on {}: new since what? Give --baseline "
                                                "last-green, previous or a run's id",
                                                word));
    }
  }
  if (!options.baseline_from.empty() && options.baseline.empty()) {
    return fail(ErrorCode::Usage, "--baseline-from says where; give --baseline, too");
  }
  return fail_on;
}

Result<std::optional<evidence::StoredRun>> load_gate_baseline(const GateOptions& options,
                                                              const EvidenceOptions& evidence,
                                                              const std::string& scenario) {
  if (options.baseline.empty()) return std::optional<evidence::StoredRun>();
  EvidenceOptions from = evidence;
  if (!options.baseline_from.empty()) {
    from.file = options.baseline_from;
    const auto key = trusted_key(from, "");
    if (!key) return fail(ErrorCode::Usage, "--baseline-from: " + key.error().message);
    const auto report = evidence::verify_log(from.file, key->key);
    if (!report) return fail(ErrorCode::Usage, "--baseline-from: " + report.error().message);
    if (!report->sound()) {
      return fail(ErrorCode::Corrupt, fmt::format("--baseline-from: `{}` does not verify: {}",
                                                  from.file, report->problems.front()));
    }
  }
  const auto log = evidence::LogReader::open(from.file);
  if (!log) {
    return fail(log.error().code, "--baseline: " + log.error().message);
  }
  auto run = evidence::load_baseline(*log, options.baseline, scenario);
  if (!run) return fail(run.error().code, "--baseline: " + run.error().message);
  return std::optional(std::move(*run));
}

Exit exit_of(const evidence::StoredRun& run, const FailOn& fail_on,
             const reports::Compared* compared, const orchestrator::RunResult& result) {
  if (result.by_signal) return Exit::Interrupted;
  if (!result.interrupted.empty()) return Exit::TimedOut;
  const auto counts = count(run, fail_on, compared);
  if (counts.failing > 0) return Exit::Findings;
  const bool some_probe =
      std::ranges::any_of(run.probes, [](const auto& p) { return p.lost.empty(); });
  if (!run.probes.empty() && !some_probe) return Exit::Unavailable;
  const bool refused_for_safety = std::ranges::any_of(
      run.refusals, [](const auto& refusal) { return refusal.why != "unsupported"; });
  if (refused_for_safety) return Exit::Refused;
  const auto checks = static_cast<int>(run.checks.size());
  const auto unproven = static_cast<int>(std::ranges::count_if(run.checks, [](const auto& check) {
    return check.verdict.verdict.result == core::CheckResult::Unproven;
  }));
  const bool thin =
      fail_on.coverage_percent > 0 && (checks - unproven) * 100 < fail_on.coverage_percent * checks;
  return counts.unproven > 0 || thin || checks == 0 ? Exit::Unproven : Exit::Ok;
}

}  // namespace reachproof::cli
