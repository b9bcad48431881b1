#include "evidence/record_kind.h"

#include <fmt/core.h>

#include <boost/json.hpp>

namespace reachproof::evidence {
namespace {

/// Whether a canonical body says `"kind":"<kind>"` of itself: at its own level, not inside a list
/// or text. False may also mean that the body is not canonical.
bool says_kind(std::string_view body, std::string_view kind) {
  // A kind with a quote in it could go on where the body goes on.
  if (kind.find_first_of("\"\\") != std::string_view::npos) return false;
  const std::string wanted = fmt::format("\"kind\":\"{}\"", kind);
  int depth = 0;
  for (std::size_t at = 0; at < body.size(); ++at) {
    const char c = body[at];
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != '"') continue;
    if (depth == 1 && body.substr(at).starts_with(wanted)) return true;
    for (++at; at < body.size() && body[at] != '"'; ++at) {
      if (body[at] == '\\') ++at;
    }
  }
  return false;
}

}  // namespace

std::optional<std::string> other_kind(std::string_view body, std::string_view kind) {
  if (says_kind(body, kind)) return std::nullopt;
  boost::json::error_code error;
  const auto value = boost::json::parse(body, error);
  if (error || !value.is_object()) return std::nullopt;
  const auto* own = value.get_object().if_contains("kind");
  if (own == nullptr || !own->is_string() || own->get_string() == kind) return std::nullopt;
  return std::string(own->get_string()).substr(0, 64);
}

}  // namespace reachproof::evidence
