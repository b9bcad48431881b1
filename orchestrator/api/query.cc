#include "orchestrator/api/query.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/utf8.h"

namespace reachproof::orchestrator::api {
namespace {

constexpr std::size_t kParametersMax = 20;
constexpr std::size_t kValueBytesMax = 512;

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void read_parameter(std::string_view part, const std::vector<std::string>& known, Query& out) {
  const auto equals = part.find('=');
  const auto name = percent_decoded(part.substr(0, equals), true);
  if (!name || std::ranges::find(known, *name) == known.end()) {
    out.faults.push_back({name.value_or("query"), "there is no such parameter"});
    return;
  }
  const auto value = percent_decoded(
      equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1), true);
  if (!value || value->size() > kValueBytesMax) {
    out.faults.push_back({*name, "is not percent-encoded UTF-8 of at most 512 bytes"});
    return;
  }
  if (!out.values.emplace(*name, *value).second) out.faults.push_back({*name, "is given twice"});
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = digit(text[i + 1]);
      const int low = digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    out += c;
  }
  if (core::valid_utf8_prefix(out) != out.size()) return std::nullopt;
  return out;
}

Query read_query(std::string_view query, const std::vector<std::string>& known) {
  Query out;
  std::size_t count = 0;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.empty()) continue;
    if (++count > kParametersMax) {
      out.faults.push_back({"query", fmt::format("has more than {} parameters", kParametersMax)});
      break;
    }
    read_parameter(part, known, out);
  }
  return out;
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 && is_alphanumeric(text.front()) &&
         std::ranges::all_of(
             text, [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace reachproof::orchestrator::api
