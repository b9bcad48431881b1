#include "evidence/bundle_control.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "evidence/bundle.h"

namespace reachproof::evidence {
namespace {

/// Ids of runs and checks hold letters, digits and `/._-:` only, so nothing has to be quoted; what
/// is not ours to choose is.
std::string cell(std::string_view text) {
  if (text.find_first_of("\",\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string record(const std::optional<LeafIndex>& place) {
  return place ? std::to_string(*place) : "";
}

}  // namespace

std::string control_path(std::string_view control) {
  return "controls/" + file_name_of(control) + ".csv";
}

std::string control_table(std::string_view control, std::span<const StoredRun> runs) {
  std::string table;
  for (const auto& run : runs) {
    for (const auto& check : run.checks) {
      const auto& controls = check.check.controls;
      if (std::ranges::find(controls, control) == controls.end()) continue;
      const auto& verdict = check.verdict.verdict;
      table += fmt::format(
          "{},{},{},{},{},{},{},{},{},{}\r\n", cell(run.header.run), core::text(run.header.started),
          cell(check.check.id), check.has_verdict ? core::word(verdict.result) : "not finished",
          check.has_verdict ? core::word(verdict.reachability) : "",
          check.has_verdict ? core::word(verdict.proof) : "",
          check.has_verdict ? core::word(verdict.reason) : "", record(check.plan_record),
          record(check.observation_record), record(check.verdict_record));
    }
  }
  if (table.empty()) return table;
  return "run,started,check,result,reachability,proof,reason,plan_record,observation_record,"
         "verdict_record\r\n" +
         table;
}

std::vector<std::string> controls_in(std::span<const StoredRun> runs) {
  std::set<std::string> controls;
  for (const auto& run : runs) {
    for (const auto& check : run.checks) {
      controls.insert(check.check.controls.begin(), check.check.controls.end());
    }
  }
  return {controls.begin(), controls.end()};
}

}  // namespace reachproof::evidence
