#include <algorithm>

#include "orchestrator/api/body.h"
#include "orchestrator/api/objects.h"
#include "orchestrator/api/parts.h"

/// Where findings are told, and how that went.
namespace reachproof::orchestrator::api {
namespace {

std::optional<IntegrationView> find(const CallPtr& call, const Integrations& integrations) {
  for (auto& view : integrations.all()) {
    if (view.name == call->path.at("name")) return std::move(view);
  }
  return std::nullopt;
}

void list_integrations(const CallPtr& call, const Integrations& integrations) {
  boost::json::array items;
  for (const auto& integration : integrations.all()) {
    if (call->caller.reach.sees(integration.segments)) items.push_back(view(integration));
  }
  call->list(boost::json::serialize(items), "integrations", {});
}

void list_deliveries(const CallPtr& call, const Integrations& integrations) {
  const auto integration = find(call, integrations);
  if (!integration) return call->missing();
  if (!may_see(call, integration->segments)) return;
  answer_list<DeliveryView>(
      call, {.name = "deliveries",
             .list = [&](const Page& page,
                         const auto&) { return integrations.deliveries(integration->name, page); },
             .wanted = {},
             .id = [](const DeliveryView& delivery) { return delivery.id; }});
}

void test_or_redeliver(const CallPtr& call, Integrations& integrations, bool redeliver) {
  const auto integration = find(call, integrations);
  if (!integration) return call->missing();
  if (!may_change(call, integration->segments)) return;
  BodyReader body(call->request.body);
  if (auto wrong = body.problem()) return call->problem(std::move(*wrong));
  auto done = then<void>(call, [call](const Result<void>&) { call->respond({.status = 204}); });
  if (redeliver) {
    integrations.redeliver(integration->name, call->path.at("delivery"), call->actor(),
                           std::move(done));
  } else {
    integrations.test(integration->name, call->actor(), std::move(done));
  }
}

}  // namespace

void add_integration_routes(Router& router, Parts& parts) {
  auto& integrations = parts.backend.integrations;
  router.add({"GET", "/api/v1/integrations", Permission::SeeIntegrations,
              [&integrations](const CallPtr& call) { list_integrations(call, integrations); }});
  router.add(
      {"POST", "/api/v1/integrations/{name}:test", Permission::TestIntegration,
       [&integrations](const CallPtr& call) { test_or_redeliver(call, integrations, false); }});
  router.add({"GET",
              "/api/v1/integrations/{name}/deliveries",
              Permission::SeeIntegrations,
              [&integrations](const CallPtr& call) { list_deliveries(call, integrations); },
              {"limit", "cursor"}});
  router.add(
      {"POST", "/api/v1/integrations/{name}/deliveries/{delivery}:redeliver", Permission::Redeliver,
       [&integrations](const CallPtr& call) { test_or_redeliver(call, integrations, true); }});
}

}  // namespace reachproof::orchestrator::api
