#include <boost/json.hpp>
#include <charconv>

#include "core/judge.h"
#include "orchestrator/api/body.h"
#include "orchestrator/api/embedded.h"
#include "orchestrator/api/objects.h"
#include "orchestrator/api/parts.h"
#include "orchestrator/metric_names.h"
#include "protocol/message.h"

/// The service itself: what it is, who asks, whether it is well, its metrics and its news.
namespace reachproof::orchestrator::api {
namespace {

namespace json = boost::json;

void show_version(const CallPtr& call) {
  const json::object object{{"version", REACHPROOF_VERSION},
                            {"api", "v1"},
                            {"protocol", protocol::kVersion},
                            {"judge", core::kJudgeVersion}};
  call->json(200, json::serialize(object));
}

void show_self(const CallPtr& call, const Parts& parts) {
  const auto found = parts.access.tokens().find(call->caller.token);
  if (found == parts.access.tokens().end()) return call->missing();
  const auto* use = parts.access.last_use(call->caller.token);
  call->json(200, json::serialize(view(found->second, use, call->received)));
}

void say_ready(const CallPtr& call, const Parts& parts) {
  const auto reasons = parts.options.unready();
  if (reasons.empty()) return call->json(200, R"({"status":"ready"})");
  Problem problem{.status = 503, .detail = "the service cannot serve now"};
  for (const auto& reason : reasons) problem.faults.push_back({"service", reason});
  call->problem(std::move(problem));
}

void reload(const CallPtr& call, const Parts& parts) {
  BodyReader body(call->request.body);
  if (auto wrong = body.problem()) return call->problem(std::move(*wrong));
  parts.options.reload(then<void>(
      call, [call](const Result<void>&) { call->json(200, R"({"status":"reloaded"})"); }));
}

void show_metrics(const CallPtr& call, Parts& parts) {
  Response response{.body = parts.metrics.scrape()};
  response.headers.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  call->respond(std::move(response));
}

std::set<std::string> types_in(const CallPtr& call) {
  std::set<std::string> types;
  std::string_view rest = call->query.values["types"];
  while (!rest.empty()) {
    const auto end = std::min(rest.find(','), rest.size());
    const std::string type(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (type == "run" || type == "finding" || type == "probe") {
      types.insert(type);
    } else {
      call->query.faults.push_back({"types", "must be some of run, finding, probe"});
      return types;
    }
  }
  return types;
}

void follow(const CallPtr& call, Parts& parts) {
  auto types = types_in(call);
  if (call->refuse_query()) return;
  std::optional<std::uint64_t> last_seen;
  const auto header = call->request.header("last-event-id");
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), id);
  if (error == std::errc{} && end == header.data() + header.size()) last_seen = id;
  auto stream = parts.hub.follow(call->caller, std::move(types), last_seen);
  if (!stream) return call->problem({.status = 429, .detail = stream.error().message});
  Response response{.stream = std::move(*stream)};
  response.headers.emplace_back("Content-Type", "text/event-stream");
  call->respond(std::move(response));
}

Route open_route(std::string pattern, std::function<void(const CallPtr&)> handle) {
  return {.method = "GET",
          .pattern = std::move(pattern),
          .handle = std::move(handle),
          .guard = Guard::Open};
}

Route health_route(std::string pattern, std::function<void(const CallPtr&)> handle) {
  return {.method = "GET",
          .pattern = std::move(pattern),
          .permission = Permission::SeeHealth,
          .handle = std::move(handle),
          .guard = Guard::Health};
}

}  // namespace

void add_service_routes(Router& router, Parts& parts) {
  const auto alive = [](const CallPtr& call) { call->json(200, R"({"status":"alive"})"); };
  const auto ready = [&parts](const CallPtr& call) { say_ready(call, parts); };
  router.add(open_route("/api/v1/openapi.json",
                        [](const CallPtr& call) { call->json(200, std::string(openapi_text())); }));
  router.add({"GET", "/api/v1/version", Permission::SeeSelf, show_version});
  router.add({"GET", "/api/v1/whoami", Permission::SeeSelf,
              [&parts](const CallPtr& call) { show_self(call, parts); }});
  router.add(health_route("/healthz", alive));
  router.add(health_route("/-/healthy", alive));
  router.add(health_route("/readyz", ready));
  router.add(health_route("/-/ready", ready));
  router.add({"POST", "/-/reload", Permission::Reload,
              [&parts](const CallPtr& call) { reload(call, parts); }});
  router.add({.method = "GET",
              .pattern = "/metrics",
              .permission = Permission::SeeMetrics,
              .handle = [&parts](const CallPtr& call) { show_metrics(call, parts); },
              .guard = Guard::Metrics,
              .produces = "text/plain"});
  router.add({.method = "GET",
              .pattern = "/api/v1/events",
              .permission = Permission::FollowEvents,
              .handle = [&parts](const CallPtr& call) { follow(call, parts); },
              .query = {"types"},
              .produces = "text/event-stream"});
}

}  // namespace reachproof::orchestrator::api
