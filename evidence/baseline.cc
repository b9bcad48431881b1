#include "evidence/baseline.h"

#include <fmt/core.h>

namespace reachproof::evidence {
namespace {

bool is_green(const RunSummary& run) {
  const auto count = [&](core::CheckResult result) {
    const auto it = run.end->results.find(std::string(core::word(result)));
    return it == run.end->results.end() ? 0 : it->second;
  };
  return count(core::CheckResult::Violation) == 0 && count(core::CheckResult::Broken) == 0 &&
         !run.end->results.empty();
}

bool is_finished(const RunSummary& run) {
  return run.end && run.end->interrupted.empty();
}

}  // namespace

Result<StoredRun> load_baseline(const LogReader& log, const std::string& name,
                                const std::string& scenario, const std::string& before) {
  const bool green = name == "last-green";
  if (!green && name != "previous") {
    auto run = load_run(log, name);
    if (!run || run->header.scenario == scenario) return run;
    return fail(ErrorCode::Usage, fmt::format("{} is a run of `{}`, not of `{}`", run->header.run,
                                              run->header.scenario, scenario));
  }
  const auto runs = list_runs(log);
  if (!runs) return tl::unexpected(runs.error());
  std::string found;
  int others = 0;
  for (const auto& run : *runs) {
    if (run.header.run == before) break;
    if (run.header.scenario != scenario || !is_finished(run)) continue;
    if (green && !is_green(run)) {
      ++others;
    } else {
      found = run.header.run;
    }
  }
  if (!found.empty()) return load_run(log, found);
  return fail(ErrorCode::NotFound,
              fmt::format("there is no {}run of `{}` to compare with ({} finished with violations "
                          "or broken flows): name one by its id, or make one from the state that "
                          "the change starts from",
                          green ? "green " : "finished ", scenario, others));
}

}  // namespace reachproof::evidence
