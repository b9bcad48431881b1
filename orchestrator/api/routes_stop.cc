#include "orchestrator/api/body.h"
#include "orchestrator/api/objects.h"
#include "orchestrator/api/parts.h"

/// The stop: everybody sees it, many may engage it, few may release it. It is the whole fleet's, so
/// a token of some segments can do neither.
namespace reachproof::orchestrator::api {
namespace {

void change(const CallPtr& call, StopSwitch& stop, bool engage) {
  if (!call->caller.reach.everything()) return call->not_yours();
  BodyReader body(call->request.body);
  const auto reason = body.text("reason", {.required = true, .bytes_max = 500});
  if (auto wrong = body.problem()) return call->problem(std::move(*wrong));
  auto done = then<void>(call, [call, &stop](const Result<void>&) {
    call->json(200, boost::json::serialize(view(stop.state())));
  });
  if (engage) {
    stop.engage(call->actor(), reason, std::move(done));
  } else {
    stop.release(call->actor(), reason, std::move(done));
  }
}

}  // namespace

void add_stop_routes(Router& router, Parts& parts) {
  auto& stop = parts.backend.stop;
  router.add({"GET", "/api/v1/stop", Permission::SeeStop, [&stop](const CallPtr& call) {
                call->json(200, boost::json::serialize(view(stop.state())));
              }});
  router.add({"POST", "/api/v1/stop:engage", Permission::EngageStop,
              [&stop](const CallPtr& call) { change(call, stop, true); }});
  router.add({"POST", "/api/v1/stop:release", Permission::ReleaseStop,
              [&stop](const CallPtr& call) { change(call, stop, false); }});
}

}  // namespace reachproof::orchestrator::api
