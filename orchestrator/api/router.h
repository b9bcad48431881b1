#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/api/call.h"
#include "orchestrator/api/roles.h"

namespace reachproof::orchestrator::api {

/// What a caller must show before a route looks at the request.
enum class Guard : std::uint8_t {
  Open,     ///< nothing
  Token,    ///< a token whose roles hold the permission
  Health,   ///< as Token; nothing from this machine, or from anywhere where so configured
  Metrics,  ///< likewise
};

struct Route {
  std::string method;   ///< GET (HEAD as well), POST, DELETE
  std::string pattern;  ///< "/api/v1/probes/{id}:approve"
  Permission permission = Permission::SeeSelf;
  std::function<void(const CallPtr&)> handle;
  std::vector<std::string> query;  ///< names of the parameters that it knows
  Guard guard = Guard::Token;
  std::string_view produces = "application/json";

  [[nodiscard]] bool changes() const { return method != "GET"; }
};

/// Which route is asked for. Patterns are made of segments: fixed ones, {name}, and either with a
/// verb behind a colon.
class Router {
 public:
  void add(Route route);

  struct Match {
    const Route* route = nullptr;
    std::map<std::string, std::string> path;
    std::vector<std::string> allowed;  ///< methods of that path; empty: nothing is there
  };
  [[nodiscard]] Match match(std::string_view method, std::string_view path) const;
  [[nodiscard]] std::vector<const Route*> routes() const;

 private:
  struct Entry {
    Route route;
    std::vector<std::string> segments;
  };
  std::vector<Entry> entries_;
};

}  // namespace reachproof::orchestrator::api
