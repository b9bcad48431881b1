#include "reports/report_json.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "reports/report_json_parts.h"

namespace reachproof::reports {
namespace {

namespace json = boost::json;

/// Writes an object member by member, and lists item by item, so that nothing large is held.
class Stream {
 public:
  explicit Stream(const Sink& sink) : sink_(sink) { sink_("{"); }

  void member(std::string_view name, const json::value& value) {
    begin(name);
    sink_(json::serialize(value));
  }
  template <class Range, class Item>
  void list(std::string_view name, const Range& range, Item item) {
    begin(name);
    sink_("[");
    bool any = false;
    for (const auto& element : range) {
      const auto value = item(element);
      sink_((any ? "," : "") + json::serialize(value));
      any = true;
    }
    sink_("]");
  }
  void end() { sink_("}\n"); }

 private:
  void begin(std::string_view name) {
    sink_((any_ ? ",\"" : "\"") + std::string(name) + "\":");
    any_ = true;
  }
  const Sink& sink_;
  bool any_ = false;
};

using GridCell = std::pair<const std::pair<std::uint32_t, std::uint32_t>, Cell>;

std::vector<const GridCell*> cells_shown(const Grid& grid) {
  std::vector<const GridCell*> shown;
  const bool all = grid.cells.size() <= kWorkloadCellsMax;
  for (const auto& cell : grid.cells) {
    const auto& c = cell.second;
    if (all || c.failing + c.unproven + c.excepted > 0) shown.push_back(&cell);
  }
  return shown;
}

json::value workload_json(const Grid& grid, const std::string& name) {
  const auto place = static_cast<std::size_t>(&name - grid.names.data());
  return json::object{{"name", name}, {"segment", grid.segments[place]}};
}

/// Segments of the scenario that no check speaks of stand behind the others.
std::vector<std::string> all_segments(const Report& report) {
  auto names = report.segments.names;
  if (report.from.scenario == nullptr) return names;
  for (const auto& segment : report.from.scenario->segments) {
    if (std::ranges::find(names, segment.name) == names.end()) names.push_back(segment.name);
  }
  return names;
}

}  // namespace

void write_report_json(const Report& report, std::size_t checks_max, const Sink& sink) {
  const auto workload_cells = cells_shown(report.workloads);
  const auto& checks = report.run.checks;
  const bool every_check = checks.size() <= checks_max;
  Stream out(sink);
  out.member("apiVersion", "reachproof/v1");
  out.member("kind", "Report");
  out.member("not_tested", not_tested_json(report));
  out.member("summary", summary_json(report));
  out.member("run", run_json(report));
  out.member("baseline", change_json(report));
  out.list("history", report.history, [](const auto& run) { return point_json(run); });
  out.member("scope", scope_json(report));
  out.list("segments", all_segments(report), [](const auto& name) { return json::value(name); });
  out.list("outside", report.outside, [](const auto& name) { return json::value(name); });
  out.list("workloads", report.workloads.names,
           [&](const auto& name) { return workload_json(report.workloads, name); });
  out.list("segment_cells", report.segments.cells,
           [](const auto& cell) { return cell_json(cell.first, cell.second); });
  out.list("workload_cells", workload_cells,
           [](const auto* cell) { return cell_json(cell->first, cell->second); });
  out.member("workload_cells_left_out", report.workloads.cells.size() - workload_cells.size());
  out.list("departures", report.departures,
           [&](const auto& departure) { return departure_json(report, departure); });
  out.list("checks", every_check ? std::span(checks) : std::span(checks).first(0),
           [&](const auto& check) { return check_json(report, check); });
  out.member("checks_left_out", every_check ? 0 : checks.size());
  out.list("rules", report.rules, [](const auto& rule) { return rule_json(rule); });
  out.list("exceptions", report.exceptions, [](const auto& use) { return exception_json(use); });
  out.list("controls", report.controls, [](const auto& control) { return control_json(control); });
  out.list("techniques", report.techniques,
           [](const auto& technique) { return technique_json(technique); });
  out.member("evidence", evidence_json(report));
  out.list("limitations", standing_limitations(),
           [](const auto& limitation) { return json::value(limitation); });
  out.list("to_be_attached", to_be_attached(),
           [](const auto& attached) { return json::value(attached); });
  out.end();
}

}  // namespace reachproof::reports
