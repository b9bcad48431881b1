#include "reports/table.h"

#include <algorithm>

#include "core/check.h"

namespace reachproof::reports {
namespace {

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

}  // namespace

Table::Table(std::vector<std::string> heading) : heading_(std::move(heading)) {}

void Table::add(std::vector<Cell> row) {
  CHECK(row.size() == heading_.size());
  rows_.push_back(std::move(row));
}

std::string Table::text(const Look& look) const {
  std::vector<std::size_t> widths;
  for (const auto& name : heading_) widths.push_back(characters(name));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], characters(row[i].text));
    }
  }
  std::string out;
  const auto line = [&](auto cell) {
    for (std::size_t i = 0; i < heading_.size(); ++i) {
      const auto [text, shown] = cell(i);
      out += shown;
      if (i + 1 < heading_.size()) out += std::string(widths[i] - characters(text) + 2, ' ');
    }
    out += '\n';
  };
  line([&](std::size_t i) {
    return std::pair{heading_[i], painted(look, Paint::Dim, heading_[i])};
  });
  for (const auto& row : rows_) {
    line([&](std::size_t i) {
      return std::pair{row[i].text, painted(look, row[i].paint, row[i].text)};
    });
  }
  return out;
}

}  // namespace reachproof::reports
