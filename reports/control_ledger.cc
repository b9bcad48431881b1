#include "reports/control_ledger.h"

#include <algorithm>
#include <boost/json.hpp>

namespace reachproof::reports {
namespace {

namespace json = boost::json;

}  // namespace

ControlLedger::ControlLedger(const core::Scenario& scenario, core::WallTime now) : now_(now) {
  for (const auto& control : scenario.controls) {
    entries_.push_back({.control = &control, .overdue = control.cadence.has_value()});
  }
}

void ControlLedger::add(const evidence::StoredRun& run) {
  if (!run.end) return;
  for (auto& entry : entries_) {
    std::map<std::string, int> results;
    bool proven = false;
    for (const auto& check : run.checks) {
      const auto& named = check.check.controls;
      if (std::ranges::find(named, entry.control->id) == named.end() || !check.has_verdict)
        continue;
      ++results[std::string(core::word(check.verdict.verdict.result))];
      proven = proven || check.verdict.verdict.proof != core::Proof::None;
    }
    if (!proven) continue;
    ++entry.runs;
    if (!entry.run.empty()) continue;
    entry.run = run.header.run;
    entry.when = run.end->finished;
    entry.results = std::move(results);
    if (entry.control->cadence) {
      entry.due = entry.control->cadence->after(entry.when);
      entry.overdue = *entry.due < now_;
    }
  }
}

std::vector<RunAfterChange> runs_after_changes(const std::vector<evidence::RunSummary>& runs,
                                               const std::string& scenario) {
  std::vector<RunAfterChange> found;
  for (const auto& run : runs) {
    if (run.header.scenario != scenario || run.header.change.empty()) continue;
    found.push_back({run.header.change, run.header.run, run.header.started, run.end.has_value()});
  }
  return found;
}

std::string ledger_json(const ControlLedger& ledger, const std::vector<RunAfterChange>& changes) {
  json::array controls;
  for (const auto& entry : ledger.entries()) {
    json::object results;
    for (const auto& [word, count] : entry.results) results[word] = count;
    json::object item{{"id", entry.control->id},
                      {"framework", entry.control->framework},
                      {"ref", entry.control->ref},
                      {"title", entry.control->title},
                      {"cadence", nullptr},
                      {"run", nullptr},
                      {"when", nullptr},
                      {"due", nullptr},
                      {"overdue", entry.overdue},
                      {"runs", entry.runs},
                      {"results", std::move(results)}};
    if (entry.control->cadence) item["cadence"] = entry.control->cadence->text();
    if (!entry.run.empty()) {
      item["run"] = entry.run;
      item["when"] = core::text(entry.when);
    }
    if (entry.due) item["due"] = core::text(*entry.due);
    controls.push_back(std::move(item));
  }
  json::array after;
  for (const auto& run : changes) {
    after.push_back({{"change", run.change},
                     {"run", run.run},
                     {"started", core::text(run.started)},
                     {"finished", run.finished}});
  }
  const json::object object{{"apiVersion", "reachproof/v1"},
                            {"kind", "ControlLedger"},
                            {"says",
                             "these runs support evidence for the controls; whether a "
                             "control is met is for an assessor to say"},
                            {"controls", std::move(controls)},
                            {"after_changes", std::move(after)}};
  return json::serialize(object) + "\n";
}

}  // namespace reachproof::reports
