#include "core/scenario.h"

#include <algorithm>

namespace reachproof::core {

const Segment* Scenario::segment(const std::string& segment_name) const {
  const auto it = std::ranges::find(segments, segment_name, &Segment::name);
  return it == segments.end() ? nullptr : &*it;
}

const Workload* Scenario::workload(const std::string& workload_name) const {
  const auto it = std::ranges::find(workloads, workload_name, &Workload::name);
  return it == workloads.end() ? nullptr : &*it;
}

std::string_view word(Severity severity) {
  switch (severity) {
    case Severity::Low:
      return "low";
    case Severity::Medium:
      return "medium";
    case Severity::High:
      return "high";
    case Severity::Critical:
      return "critical";
  }
  return "?";
}

std::optional<Severity> severity_of(std::string_view word_of_severity) {
  for (const auto severity :
       {Severity::Low, Severity::Medium, Severity::High, Severity::Critical}) {
    if (word(severity) == word_of_severity) return severity;
  }
  return std::nullopt;
}

}  // namespace reachproof::core
