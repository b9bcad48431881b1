#include "orchestrator/api/media.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace reachproof::orchestrator::api {
namespace {

/// The next part before `mark`, without blanks, in lower case; `text` loses it.
std::string next_part(std::string_view& text, char mark) {
  const auto end = std::min(text.find(mark), text.size());
  auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  while (!part.empty() && (part.front() == ' ' || part.front() == '\t')) part.remove_prefix(1);
  while (!part.empty() && (part.back() == ' ' || part.back() == '\t')) part.remove_suffix(1);
  std::string lower(part);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

/// "q=0", "q=0.0", "q=0.000": not acceptable.
bool is_zero_weight(std::string_view parameter) {
  if (!parameter.starts_with("q=0")) return false;
  parameter.remove_prefix(3);
  return std::ranges::all_of(parameter, [](char c) { return c == '.' || c == '0'; });
}

}  // namespace

bool accepts(std::string_view accept, std::string_view type) {
  if (accept.empty()) return true;
  const auto main = std::string(type.substr(0, type.find('/')));
  // The most particular range that fits decides.
  int best = 0;
  bool allowed = false;
  while (!accept.empty()) {
    auto item = next_part(accept, ',');
    std::string_view rest = item;
    const auto range = next_part(rest, ';');
    const int rank = range == type ? 3 : range == main + "/*" ? 2 : range == "*/*" ? 1 : 0;
    if (rank <= best) continue;
    best = rank;
    allowed = true;
    while (!rest.empty()) {
      if (is_zero_weight(next_part(rest, ';'))) allowed = false;
    }
  }
  return allowed;
}

bool is_json(std::string_view content_type) {
  return next_part(content_type, ';') == "application/json";
}

}  // namespace reachproof::orchestrator::api
