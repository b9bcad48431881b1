#pragma once

#include <string>
#include <vector>

#include "reports/look.h"

namespace reachproof::reports {

/// Columns of text, aligned, for a terminal. Widths are counted in characters, not bytes.
class Table {
 public:
  explicit Table(std::vector<std::string> heading);
  struct Cell {
    std::string text;
    Paint paint = Paint::Plain;
  };
  void add(std::vector<Cell> row);
  [[nodiscard]] std::string text(const Look& look) const;
  [[nodiscard]] bool empty() const { return rows_.empty(); }

 private:
  std::vector<std::string> heading_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace reachproof::reports
