#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "reports/run_text.h"

namespace reachproof::reports {
namespace {

using core::CheckResult;
using evidence::StoredCheck;
using evidence::StoredRun;

/// Smaller is worse: a cell shows its worst check, so that nothing is averaged away.
int rank(CheckResult result) {
  switch (result) {
    case CheckResult::Violation:
      return 0;
    case CheckResult::Broken:
      return 1;
    case CheckResult::Excepted:
      return 2;
    case CheckResult::Unproven:
      return 3;
    case CheckResult::InUseNoted:
      return 4;
    case CheckResult::InUse:
      return 5;
    case CheckResult::Idle:
      return 6;
    case CheckResult::Pass:
      return 7;
  }
  return 8;
}

struct Cell {
  const StoredCheck* worst = nullptr;
  int checks = 0;
  int departures = 0;  ///< violations and broken
  int denied = 0;
  int allowed = 0;
  int open = 0;
};

std::string intended(const Cell& cell) {
  if (cell.denied > 0 && cell.allowed > 0) return fmt::format("some {}", cell.allowed);
  return cell.allowed > 0 ? "allow" : "deny";
}

std::string observed(const Cell& cell) {
  if (cell.open == 0)
    return cell.worst->verdict.verdict.result == CheckResult::Unproven ? "?" : ".";
  return fmt::format("open {}", cell.open);
}

std::string difference(const Cell& cell) {
  const auto mark = symbol(cell.worst->verdict.verdict);
  return cell.departures > 0 ? fmt::format("{} {}", mark, cell.departures) : mark;
}

class Grid {
 public:
  Grid(const StoredRun& run, MatrixBy by) {
    for (const auto& check : run.checks) {
      const bool segments = by == MatrixBy::Segment;
      const auto& from = segments ? check.check.source_segment : check.check.source;
      const auto& to = segments ? check.check.destination_segment : check.check.destination;
      add(from.empty() ? check.check.source : from, to.empty() ? check.check.destination : to,
          check);
    }
  }

  std::string text(MatrixView view, const Look& look) const {
    std::string out;
    const std::size_t first = widest(names_) + 2;
    out += std::string(first, ' ');
    for (std::size_t i = 0; i < names_.size(); ++i) out += fmt::format("{:>8}", i + 1);
    out += "\n";
    for (std::size_t row = 0; row < names_.size(); ++row) {
      out += fmt::format("{:<{}}", fmt::format("{:>2} {}", row + 1, names_[row]), first);
      for (const auto& column : names_) out += cell_text(names_[row], column, view, look);
      out += "\n";
    }
    return out;
  }

 private:
  void add(const std::string& from, const std::string& to, const StoredCheck& check) {
    for (const auto& name : {from, to}) {
      if (std::ranges::find(names_, name) == names_.end()) names_.push_back(name);
    }
    auto& cell = cells_[{from, to}];
    const auto& verdict = check.verdict.verdict;
    const bool worse = cell.worst == nullptr ||
                       rank(verdict.result) < rank(cell.worst->verdict.verdict.result) ||
                       (verdict.result == cell.worst->verdict.verdict.result &&
                        verdict.reachability < cell.worst->verdict.verdict.reachability);
    if (worse) cell.worst = &check;
    ++cell.checks;
    cell.departures += core::is_failure(verdict.result) ? 1 : 0;
    cell.denied += check.check.expectation == core::Expectation::Deny ? 1 : 0;
    cell.allowed += check.check.expectation == core::Expectation::Deny ? 0 : 1;
    cell.open += core::is_reachable(verdict.reachability) ? 1 : 0;
  }

  static std::size_t widest(const std::vector<std::string>& names) {
    std::size_t width = 0;
    for (const auto& name : names) width = std::max(width, name.size());
    return width + 3;
  }

  std::string cell_text(const std::string& from, const std::string& to, MatrixView view,
                        const Look& look) const {
    const auto it = cells_.find({from, to});
    if (it == cells_.end()) return std::string(8, ' ');
    std::string text;
    switch (view) {
      case MatrixView::Intended:
        text = intended(it->second);
        break;
      case MatrixView::Observed:
        text = observed(it->second);
        break;
      case MatrixView::Difference:
        text = difference(it->second);
        break;
    }
    const auto padded = fmt::format("{:>8}", text);
    const auto paint = view == MatrixView::Difference
                           ? paint_of(it->second.worst->verdict.verdict.result)
                           : Paint::Plain;
    return painted(look, paint, padded);
  }

  std::vector<std::string> names_;
  std::map<std::pair<std::string, std::string>, Cell> cells_;
};

}  // namespace

std::string matrix(const StoredRun& run, MatrixView view, MatrixBy by, const Look& look) {
  if (run.checks.empty()) return "This run has no checks.\n";
  std::string out = painted(look, Paint::Dim, "from (down) to (across)") + "\n";
  out += Grid(run, by).text(view, look);
  if (view == MatrixView::Difference) {
    out += painted(look, Paint::Dim, legend()) + "\n";
    out +=
        painted(look, Paint::Dim, "A number behind a symbol counts violations and broken flows.") +
        "\n";
  }
  return out;
}

}  // namespace reachproof::reports
