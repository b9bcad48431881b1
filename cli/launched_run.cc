#include "cli/launched_run.h"

#include "cli/progress_line.h"

namespace reachproof::cli {

std::optional<LaunchedRun> launch_run(Context& context, const Documents& documents,
                                      const core::Plan& plan, const EvidenceOptions& evidence,
                                      bool quiet, orchestrator::RunRequest request) {
  request.scenario = &documents.scenario;
  request.inventory = &documents.inventory;
  request.plan = &plan;
  request.evidence_path = evidence.file;
  request.key_path = evidence.key_path();
  request.vkey_path = evidence.vkey_path();
  request.probe_path = probe_path();
  Result<orchestrator::RunResult> result = fail(ErrorCode::Internal, "");
  {
    ProgressLine progress(quiet);
    result = orchestrator::execute(request, progress);
  }
  if (!result) {
    complain(context, result.error());
    return std::nullopt;
  }
  const auto reader = evidence::LogReader::open(evidence.file);
  if (!reader) {
    complain(context, reader.error());
    return std::nullopt;
  }
  auto stored = evidence::load_run(*reader, result->run);
  if (!stored) {
    complain(context, stored.error());
    return std::nullopt;
  }
  return LaunchedRun{std::move(*result), std::move(*stored)};
}

}  // namespace reachproof::cli
