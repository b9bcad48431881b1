#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/verb.h"
#include "evidence/stored_run.h"
#include "orchestrator/run_service.h"
#include "reports/compared.h"

/// When a run fails whoever called it: `--fail-on`, `--baseline`.
namespace reachproof::cli {

struct GateOptions {
  std::string fail_on = "violation,broken,unproven";
  std::string baseline;       ///< a run's id, `previous` or `last-green`
  std::string baseline_from;  ///< the evidence file that holds it; empty: the run's own
};
void add_gate_options(CLI::App& verb, GateOptions& options);

/// What turns a run into a failure.
struct FailOn {
  bool violation = false;
  bool broken = false;
  bool unproven = false;
  bool new_violation = false;
  bool new_broken = false;
  bool new_unproven = false;
  int coverage_percent = 0;

  /// Usage where a word is not known, or needs a baseline that there is not.
  static Result<FailOn> parse(const GateOptions& options);
};

/// The run to compare with, read before a run is made: nothing where none was asked for. Another
/// evidence file must verify with the key beside it.
[[nodiscard]] Result<std::optional<evidence::StoredRun>> load_gate_baseline(
    const GateOptions& options, const EvidenceOptions& evidence, const std::string& scenario);

/// `compared` may be null.
[[nodiscard]] Exit exit_of(const evidence::StoredRun& run, const FailOn& fail_on,
                           const reports::Compared* compared,
                           const orchestrator::RunResult& result);

}  // namespace reachproof::cli
