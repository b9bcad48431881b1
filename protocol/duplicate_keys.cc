#include "protocol/duplicate_keys.h"

#include <algorithm>
#include <vector>

namespace reachproof::protocol {
namespace {

/// Where the text that begins at `at`, after its quote, ends: at the closing quote.
std::size_t end_of_text(std::string_view json, std::size_t at) {
  while (at < json.size() && json[at] != '"') at += json[at] == '\\' ? 2 : 1;
  return std::min(at, json.size());
}

bool names_a_field(std::string_view json, std::size_t after) {
  const auto next = json.find_first_not_of(" \t\r\n", after);
  return next != std::string_view::npos && json[next] == ':';
}

}  // namespace

bool has_ambiguous_keys(std::string_view json) {
  std::vector<std::string_view> keys;  // of all objects that are open
  std::vector<std::size_t> first;      // where the keys of each begin
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '{') first.push_back(keys.size());
    if (json[i] == '}' && !first.empty()) {
      const auto own = keys.begin() + static_cast<std::ptrdiff_t>(first.back());
      std::sort(own, keys.end());
      if (std::adjacent_find(own, keys.end()) != keys.end()) return true;
      keys.erase(own, keys.end());
      first.pop_back();
    }
    if (json[i] != '"') continue;
    const auto end = end_of_text(json, i + 1);
    const auto text = json.substr(i + 1, end - i - 1);
    if (names_a_field(json, end + 1)) {
      if (text.find('\\') != std::string_view::npos) return true;
      keys.push_back(text);
    }
    i = end;
  }
  return false;
}

}  // namespace reachproof::protocol
