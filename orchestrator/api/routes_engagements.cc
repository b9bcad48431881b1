#include "orchestrator/api/body.h"
#include "orchestrator/api/objects.h"
#include "orchestrator/api/parts.h"

/// Engagements: who allowed what, where and until when. Approving them is the approvers' alone.
namespace reachproof::orchestrator::api {
namespace {

void list_engagements(const CallPtr& call, const Engagements& engagements) {
  const auto state = call->one_of("state", {"draft", "approved", "active", "expired", "revoked"});
  answer_list<EngagementView>(
      call,
      {.name = "engagements",
       .list = [&](const Page& page, const auto& wanted) { return engagements.list(page, wanted); },
       .wanted =
           [&](const EngagementView& view) {
             return call->caller.reach.sees(view.segments) &&
                    (state.empty() || view.state == state);
           },
       .id = [](const EngagementView& view) { return view.id; }});
}

void show_engagement(const CallPtr& call, const Engagements& engagements) {
  const auto engagement = engagements.find(call->object());
  if (engagement && !may_see(call, engagement->segments)) return;
  answer_object(call, engagement);
}

void change(const CallPtr& call, Engagements& engagements, bool approve) {
  const auto engagement = engagements.find(call->object());
  if (!engagement) return call->missing();
  if (!may_change(call, engagement->segments)) return;
  BodyReader body(call->request.body);
  const auto reason = approve ? std::string() : body.text("reason", {.bytes_max = 500});
  if (auto wrong = body.problem()) return call->problem(std::move(*wrong));
  auto done = then<void>(call, [call, &engagements](const Result<void>&) {
    answer_object(call, engagements.find(call->object()));
  });
  if (approve) {
    engagements.approve(engagement->id, call->actor(), std::move(done));
  } else {
    engagements.revoke(engagement->id, call->actor(), reason, std::move(done));
  }
}

}  // namespace

void add_engagement_routes(Router& router, Parts& parts) {
  auto& engagements = parts.backend.engagements;
  router.add({"GET",
              "/api/v1/engagements",
              Permission::SeeEngagements,
              [&engagements](const CallPtr& call) { list_engagements(call, engagements); },
              {"limit", "cursor", "state"}});
  router.add({"GET", "/api/v1/engagements/{id}", Permission::SeeEngagements,
              [&engagements](const CallPtr& call) { show_engagement(call, engagements); }});
  router.add({"POST", "/api/v1/engagements/{id}:approve", Permission::ApproveEngagement,
              [&engagements](const CallPtr& call) { change(call, engagements, true); }});
  router.add({"POST", "/api/v1/engagements/{id}:revoke", Permission::RevokeEngagement,
              [&engagements](const CallPtr& call) { change(call, engagements, false); }});
}

}  // namespace reachproof::orchestrator::api
