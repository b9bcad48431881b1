#include "orchestrator/api/router.h"

#include <algorithm>
#include <optional>

#include "core/check.h"

namespace reachproof::orchestrator::api {
namespace {

constexpr std::size_t kSegmentsMax = 12;

/// The segments of a path that begins with a slash; nothing for one that has too many.
std::optional<std::vector<std::string>> split(std::string_view path) {
  std::vector<std::string> segments;
  if (path.empty() || path.front() != '/') return std::nullopt;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
    if (segments.size() > kSegmentsMax) return std::nullopt;
  }
  return segments;
}

bool segment_fits(std::string_view pattern, std::string_view segment,
                  std::map<std::string, std::string>& path) {
  const auto colon = pattern.rfind(':');
  const auto verb = colon == std::string_view::npos ? std::string_view() : pattern.substr(colon);
  const auto stem = pattern.substr(0, pattern.size() - verb.size());
  if (!stem.starts_with('{')) return pattern == segment;
  if (!segment.ends_with(verb)) return false;
  const auto value = percent_decoded(segment.substr(0, segment.size() - verb.size()));
  if (!value || !is_id(*value)) return false;
  path[std::string(stem.substr(1, stem.size() - 2))] = *value;
  return true;
}

}  // namespace

void Router::add(Route route) {
  auto segments = split(route.pattern);
  CHECK(segments.has_value());
  entries_.push_back({std::move(route), std::move(*segments)});
}

Router::Match Router::match(std::string_view method, std::string_view path) const {
  Match match;
  const auto segments = split(path);
  if (!segments) return match;
  const auto wanted = method == "HEAD" ? std::string_view("GET") : method;
  for (const auto& entry : entries_) {
    if (entry.segments.size() != segments->size()) continue;
    std::map<std::string, std::string> found;
    bool fits = true;
    for (std::size_t i = 0; fits && i < segments->size(); ++i) {
      fits = segment_fits(entry.segments[i], (*segments)[i], found);
    }
    if (!fits) continue;
    match.allowed.push_back(entry.route.method);
    if (entry.route.method == "GET") match.allowed.emplace_back("HEAD");
    if (entry.route.method != wanted) continue;
    match.route = &entry.route;
    match.path = std::move(found);
    return match;
  }
  return match;
}

std::vector<const Route*> Router::routes() const {
  std::vector<const Route*> all;
  for (const auto& entry : entries_) all.push_back(&entry.route);
  return all;
}

}  // namespace reachproof::orchestrator::api
