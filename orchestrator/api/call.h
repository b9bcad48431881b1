#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/api/access.h"
#include "orchestrator/api/backend.h"
#include "orchestrator/api/http_message.h"
#include "orchestrator/api/idempotency.h"
#include "orchestrator/api/paging.h"
#include "orchestrator/api/problem.h"
#include "orchestrator/api/query.h"

namespace reachproof::orchestrator::api {

struct Route;

/// One request on its way through a route. The route answers it once, now or later, by one of the
/// functions below; the API does the rest: audit, idempotency, metrics, headers.
struct Call {
  Request request;
  const Route* route = nullptr;
  std::string id;  ///< X-Request-Id
  std::map<std::string, std::string> path;
  Query query;
  Caller caller;
  core::WallTime received{};
  bool denied = false;        ///< somebody wanted what is not theirs
  bool holds_secret = false;  ///< the answer is shown once, and remembered by nobody
  bool repeated = false;      ///< the answer is that of an earlier call
  std::optional<IdempotencyBook::Key> idempotency;
  std::shared_ptr<const bool> open;  ///< false once the API is gone
  std::function<void(Response)> finish;

  [[nodiscard]] const std::string& object() const { return path.at("id"); }
  [[nodiscard]] Actor actor() const { return {caller.token, caller.name}; }

  void respond(Response response) { finish(std::move(response)); }
  void json(int status, std::string body);
  /// {"items": [...], "next": cursor or null}; `items` are JSON values already.
  void list(std::string items, std::string_view list, std::string_view next_after);
  void problem(Problem problem);
  /// True, and answered, where the query has faults.
  [[nodiscard]] bool refuse_query();
  /// A query parameter that must be one of these words, or missing.
  [[nodiscard]] std::string one_of(const std::string& name,
                                   const std::vector<std::string_view>& words);
  void error(const Error& error) { problem(problem_of(error)); }
  /// There is no such thing.
  void missing();
  /// There is one, and it is another tenant's: the same answer, and an entry in the audit log.
  void hidden();
  /// Seen, but not altogether within the caller's segments.
  void not_yours();
};
using CallPtr = std::shared_ptr<Call>;

}  // namespace reachproof::orchestrator::api
