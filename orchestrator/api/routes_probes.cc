#include "orchestrator/api/body.h"
#include "orchestrator/api/objects.h"
#include "orchestrator/api/parts.h"

/// Enrolled probes, and the tokens with which others join.
namespace reachproof::orchestrator::api {
namespace {

constexpr int kProbeTokenSecondsMax = 7 * 24 * 3600;

void list_probes(const CallPtr& call, const Probes& probes) {
  const auto state =
      call->one_of("state", {"pending", "active", "drained", "quarantined", "banned"});
  const auto segment = call->query.text("segment");
  answer_list<ProbeView>(
      call,
      {.name = "probes",
       .list = [&](const Page& page, const auto& wanted) { return probes.list(page, wanted); },
       .wanted =
           [&](const ProbeView& probe) {
             return call->caller.reach.sees({probe.segment}) &&
                    (state.empty() || probe.state == state) &&
                    (segment.empty() || probe.segment == segment);
           },
       .id = [](const ProbeView& probe) { return probe.id; }});
}

void show_probe(const CallPtr& call, const Probes& probes) {
  const auto probe = probes.find(call->object());
  if (probe && !may_see(call, {probe->segment})) return;
  answer_object(call, probe);
}

using ChangeProbe =
    std::function<void(const std::string& id, const std::string& reason, Done<void>)>;

void change_probe(const CallPtr& call, Probes& probes, bool with_reason,
                  const ChangeProbe& change) {
  const auto probe = probes.find(call->object());
  if (!probe) return call->missing();
  if (!may_change(call, {probe->segment})) return;
  BodyReader body(call->request.body);
  const auto reason = with_reason ? body.text("reason", {.bytes_max = 500}) : std::string();
  if (auto wrong = body.problem()) return call->problem(std::move(*wrong));
  change(probe->id, reason, then<void>(call, [call, &probes, id = probe->id](const Result<void>&) {
           answer_object(call, probes.find(id));
         }));
}

void list_probe_tokens(const CallPtr& call, const ProbeTokens& tokens) {
  answer_list<ProbeTokenView>(
      call,
      {.name = "probe-tokens",
       .list = [&](const Page& page, const auto& wanted) { return tokens.list(page, wanted); },
       .wanted =
           [&](const ProbeTokenView& token) { return call->caller.reach.sees({token.segment}); },
       .id = [](const ProbeTokenView& token) { return token.id; }});
}

void create_probe_token(const CallPtr& call, ProbeTokens& tokens) {
  BodyReader body(call->request.body);
  ProbeTokenOrder order;
  order.segment = body.text("segment", {.required = true});
  order.name = body.text("name", {});
  order.life = std::chrono::seconds(
      body.number("ttl_s", {.least = 60, .most = kProbeTokenSecondsMax, .otherwise = 900}));
  order.uses = static_cast<int>(body.number("uses", {.least = 1, .most = 10'000, .otherwise = 1}));
  order.automatic = body.flag("automatic", false);
  if (auto wrong = body.problem()) return call->problem(std::move(*wrong));
  if (!call->caller.reach.owns({order.segment})) return call->not_yours();
  // Whose probes need no approval are approved by whoever made their token.
  if (order.automatic && !allows(call->caller.roles, Permission::ApproveProbe)) {
    call->denied = true;
    return call->problem(
        {.status = 403, .detail = "only who may approve probes makes tokens that approve"});
  }
  tokens.create(order, call->actor(), then<NewProbeToken>(call, [call](Result<NewProbeToken> made) {
                  auto object = view(made->token);
                  object["token"] = made->text;
                  object["command"] = made->command;
                  call->holds_secret = true;
                  call->json(201, boost::json::serialize(object));
                }));
}

void revoke_probe_token(const CallPtr& call, ProbeTokens& tokens) {
  const auto token = tokens.find(call->object());
  if (!token) return call->missing();
  if (!may_change(call, {token->segment})) return;
  tokens.revoke(token->id, call->actor(),
                then<void>(call, [call](const Result<void>&) { call->respond({.status = 204}); }));
}

}  // namespace

void add_probe_routes(Router& router, Parts& parts) {
  auto& probes = parts.backend.probes;
  auto& tokens = parts.backend.probe_tokens;
  router.add({"GET",
              "/api/v1/probes",
              Permission::SeeProbes,
              [&probes](const CallPtr& call) { list_probes(call, probes); },
              {"limit", "cursor", "state", "segment"}});
  router.add({"GET", "/api/v1/probes/{id}", Permission::SeeProbes,
              [&probes](const CallPtr& call) { show_probe(call, probes); }});
  router.add({"POST", "/api/v1/probes/{id}:approve", Permission::ApproveProbe,
              [&probes](const CallPtr& call) {
                change_probe(call, probes, false,
                             [&](const auto& id, const auto&, Done<void> done) {
                               probes.approve(id, call->actor(), std::move(done));
                             });
              }});
  router.add(
      {"POST", "/api/v1/probes/{id}:drain", Permission::DrainProbe, [&probes](const CallPtr& call) {
         change_probe(call, probes, true, [&](const auto& id, const auto& reason, Done<void> done) {
           probes.drain(id, call->actor(), reason, std::move(done));
         });
       }});
  router.add(
      {"POST", "/api/v1/probes/{id}:ban", Permission::BanProbe, [&probes](const CallPtr& call) {
         change_probe(call, probes, true, [&](const auto& id, const auto& reason, Done<void> done) {
           probes.ban(id, call->actor(), reason, std::move(done));
         });
       }});
  router.add({"GET",
              "/api/v1/probe-tokens",
              Permission::SeeProbeTokens,
              [&tokens](const CallPtr& call) { list_probe_tokens(call, tokens); },
              {"limit", "cursor"}});
  router.add({"POST", "/api/v1/probe-tokens", Permission::CreateProbeToken,
              [&tokens](const CallPtr& call) { create_probe_token(call, tokens); }});
  router.add({"DELETE", "/api/v1/probe-tokens/{id}", Permission::RevokeProbeToken,
              [&tokens](const CallPtr& call) { revoke_probe_token(call, tokens); }});
}

}  // namespace reachproof::orchestrator::api
