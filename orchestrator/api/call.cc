#include "orchestrator/api/call.h"

#include <fmt/format.h>

#include <algorithm>

namespace reachproof::orchestrator::api {

void Call::json(int status, std::string body) {
  respond(json_response(status, std::move(body)));
}

void Call::list(std::string items, std::string_view list, std::string_view next_after) {
  respond(list_response(items, list, next_after));
}

void Call::problem(Problem problem) {
  respond(problem_response(problem));
}

bool Call::refuse_query() {
  if (query.faults.empty()) return false;
  problem({.status = 400, .detail = "the query is not as it should be", .faults = query.faults});
  return true;
}

std::string Call::one_of(const std::string& name, const std::vector<std::string_view>& words) {
  const auto found = query.values.find(name);
  if (found == query.values.end()) return {};
  if (std::ranges::find(words, found->second) == words.end()) {
    query.faults.push_back({name, fmt::format("must be one of {}", fmt::join(words, ", "))});
  }
  return found->second;
}

void Call::missing() {
  problem(missing_object());
}

void Call::hidden() {
  denied = true;
  missing();
}

void Call::not_yours() {
  denied = true;
  problem(
      {.status = 403, .detail = "that concerns segments which are not among those of this token"});
}

}  // namespace reachproof::orchestrator::api
