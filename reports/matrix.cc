#include <fmt/core.h>

#include <algorithm>

#include "reports/grid.h"

namespace reachproof::reports {
namespace {

using core::CheckResult;
using evidence::StoredRun;

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
  return cell.failing > 0 ? fmt::format("{} {}", mark, cell.failing) : mark;
}

std::string cell_text(const Cell& cell, MatrixView view, const Look& look) {
  std::string text;
  switch (view) {
    case MatrixView::Intended:
      text = intended(cell);
      break;
    case MatrixView::Observed:
      text = observed(cell);
      break;
    case MatrixView::Difference:
      text = difference(cell);
      break;
  }
  const auto paint =
      view == MatrixView::Difference ? paint_of(cell.worst->verdict.verdict.result) : Paint::Plain;
  return painted(look, paint, fmt::format("{:>8}", text));
}

std::string text_of(const Grid& grid, MatrixView view, const Look& look) {
  constexpr std::size_t kNumberWidth = 5;
  std::size_t first = 0;
  for (const auto& name : grid.names) first = std::max(first, name.size() + kNumberWidth);
  std::string out(first, ' ');
  for (std::size_t i = 0; i < grid.names.size(); ++i) out += fmt::format("{:>8}", i + 1);
  out += "\n";
  for (std::uint32_t row = 0; row < grid.names.size(); ++row) {
    out += fmt::format("{:<{}}", fmt::format("{:>2} {}", row + 1, grid.names[row]), first);
    for (std::uint32_t column = 0; column < grid.names.size(); ++column) {
      const auto it = grid.cells.find({row, column});
      out += it == grid.cells.end() ? std::string(8, ' ') : cell_text(it->second, view, look);
    }
    out += "\n";
  }
  return out;
}

}  // namespace

std::string matrix(const StoredRun& run, MatrixView view, MatrixBy by, const Look& look) {
  if (run.checks.empty()) return "This run has no checks.\n";
  std::string out = painted(look, Paint::Dim, "from (down) to (across)") + "\n";
  out += text_of(grid_of(run, by), view, look);
  if (view == MatrixView::Difference) {
    out += painted(look, Paint::Dim, legend()) + "\n";
    out +=
        painted(look, Paint::Dim, "A number behind a symbol counts violations and broken flows.") +
        "\n";
  }
  return out;
}

}  // namespace reachproof::reports
