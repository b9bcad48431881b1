#include "scenarios/cron.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <optional>
#include <vector>

namespace reachproof::scenarios {
namespace {

struct CronField {
  const char* name;
  int min;
  int max;
};

constexpr std::array<CronField, 5> kFields{{{"minute", 0, 59},
                                            {"hour", 0, 23},
                                            {"day of the month", 1, 31},
                                            {"month", 1, 12},
                                            {"day of the week", 0, 7}}};
constexpr std::size_t kExpressionBytesMax = 500;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::optional<int> number(std::string_view digits) {
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size() || value < 0) {
    return std::nullopt;
  }
  return value;
}

/// "*", "5", "1-5", each with "/2" behind it or not.
bool part_is_sound(std::string_view part, const CronField& field) {
  const auto slash = part.find('/');
  if (slash != std::string_view::npos) {
    const auto step = number(part.substr(slash + 1));
    if (!step || *step < 1 || *step > field.max) return false;
  }
  const auto range = part.substr(0, slash);
  if (range == "*") return true;
  const auto dash = range.find('-');
  const auto first = number(range.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : number(range.substr(dash + 1));
  if (slash != std::string_view::npos && dash == std::string_view::npos) return false;
  return first && last && field.min <= *first && *first <= *last && *last <= field.max;
}

}  // namespace

std::string cron_fault(std::string_view expression) {
  if (expression.size() > kExpressionBytesMax) return "it is too long";
  const auto fields = split(expression, ' ');
  if (fields.size() != kFields.size()) {
    return fmt::format("it has {} fields, not 5 with one space between them", fields.size());
  }
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    for (const auto part : split(fields[i], ',')) {
      if (part_is_sound(part, kFields[i])) continue;
      return fmt::format("its {} cannot be `{}` (from {} to {})", kFields[i].name, part,
                         kFields[i].min, kFields[i].max);
    }
  }
  return "";
}

}  // namespace reachproof::scenarios
