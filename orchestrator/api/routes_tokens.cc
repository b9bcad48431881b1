#include <algorithm>

#include "orchestrator/api/body.h"
#include "orchestrator/api/objects.h"
#include "orchestrator/api/parts.h"

/// Tokens of this API, and the first administrator.
namespace reachproof::orchestrator::api {
namespace {

constexpr std::int64_t kDay = 24 * 3600;
constexpr std::int64_t kTokenSeconds = 90 * kDay;
constexpr std::int64_t kTokenSecondsMax = 366 * kDay;
constexpr int kTriesMax = 4;

bool is_whole_fleets(const ApiToken& token) {
  return token.segments.empty();
}

/// A token reaches others' segments unless all of its own are within the caller's.
bool within(const CallPtr& call, const ApiToken& token) {
  if (call->caller.reach.everything()) return true;
  return !is_whole_fleets(token) && call->caller.reach.owns(token.segments);
}

std::vector<Role> roles_in(BodyReader& body) {
  std::vector<Role> roles;
  for (const auto& name : body.texts("roles", {.required = true, .items_max = 6})) {
    if (const auto role = role_of(name)) {
      roles.push_back(*role);
    } else {
      body.refuse("roles", "`" + name + "` is not a role");
    }
  }
  return roles;
}

std::string name_in(BodyReader& body) {
  return body.text("name", {.required = true, .bytes_max = 100});
}

/// Keeps a new token; `lost` is told where that failed.
void keep(const CallPtr& call, Parts& parts, const TokenOrder& order,
          const std::function<void()>& lost) {
  auto made = parts.access.make(order, random_secret(), call->received);
  for (int i = 1; i < kTriesMax && !made && made.error().code == ErrorCode::Busy; ++i) {
    made = parts.access.make(order, random_secret(), call->received);
  }
  if (!made) {
    lost();
    return call->error(made.error());
  }
  parts.backend.journal.append(
      {made->record}, [call, &parts, lost, made = *made](const Result<evidence::LeafIndex>& kept) {
        if (!*call->open) return;
        if (!kept) {
          lost();
          return call->error(kept.error());
        }
        if (auto applied = parts.access.apply(made.record.body); !applied) {
          return call->error(applied.error());
        }
        auto object = view(made.token, nullptr, call->received);
        object["token"] = made.text;
        call->holds_secret = true;
        call->json(201, boost::json::serialize(object));
      });
}

void list_tokens(const CallPtr& call, const Parts& parts) {
  auto page = page_of(call->query, "tokens");
  if (call->refuse_query()) return;
  boost::json::array items;
  std::string last;
  bool more = false;
  const auto& tokens = parts.access.tokens();
  for (auto at = tokens.upper_bound(page.after); at != tokens.end(); ++at) {
    if (!within(call, at->second)) continue;
    more = items.size() == page.limit;
    if (more) break;
    items.push_back(view(at->second, parts.access.last_use(at->first), call->received));
    last = at->first;
  }
  call->list(boost::json::serialize(items), "tokens", more ? last : std::string());
}

void create_token(const CallPtr& call, Parts& parts) {
  BodyReader body(call->request.body);
  TokenOrder order;
  order.name = name_in(body);
  order.roles = roles_in(body);
  order.segments = body.texts("segments", {});
  order.life = std::chrono::seconds(
      body.number("ttl_s", {.least = 60, .most = kTokenSecondsMax, .otherwise = kTokenSeconds}));
  order.created_by = call->caller.token;
  if (auto wrong = body.problem()) return call->problem(std::move(*wrong));
  if (!within(call, {.segments = order.segments})) return call->not_yours();
  keep(call, parts, order, [] {});
}

void revoke_token(const CallPtr& call, Parts& parts) {
  const auto& tokens = parts.access.tokens();
  const auto found = tokens.find(call->object());
  if (found == tokens.end()) return call->missing();
  if (!within(call, found->second)) return call->hidden();
  auto record = parts.access.revocation(found->first, call->caller.token, call->received);
  if (!record) return call->error(record.error());
  // Not believed from now on, even where the disk is full: the other way round would be worse.
  if (auto applied = parts.access.apply(record->body); !applied) {
    return call->error(applied.error());
  }
  parts.hub.close_where([&](const std::string& token) { return token == found->first; });
  parts.backend.journal.append(
      {std::move(*record)},
      then<evidence::LeafIndex>(call, [call](const auto&) { call->respond({.status = 204}); }));
}

void set_up(const CallPtr& call, Parts& parts) {
  BodyReader body(call->request.body);
  const auto offered = body.text("setup_token", {.required = true});
  TokenOrder order{.name = name_in(body),
                   .roles = {Role::Admin},
                   .life = std::chrono::seconds(kTokenSeconds),
                   .created_by = "setup"};
  if (auto wrong = body.problem()) return call->problem(std::move(*wrong));
  const auto now = std::chrono::steady_clock::now();
  if (!parts.limiter.begin(call->request.peer, now)) {
    auto response =
        problem_response({.status = 429, .detail = "too many tokens from here were not good"});
    response.headers.emplace_back("Retry-After", "5");
    return call->respond(std::move(response));
  }
  if (!parts.access.take_setup(offered, call->received)) {
    return call->problem({.status = 401,
                          .detail = "that is not the setup token, or it was used, or is too old; "
                                    "a new one is made when the service starts"});
  }
  parts.limiter.succeeded(call->request.peer, now);
  keep(call, parts, order, [&parts] { parts.access.return_setup(); });
}

}  // namespace

void add_token_routes(Router& router, Parts& parts) {
  router.add({"GET",
              "/api/v1/tokens",
              Permission::SeeTokens,
              [&parts](const CallPtr& call) { list_tokens(call, parts); },
              {"limit", "cursor"}});
  router.add({"POST", "/api/v1/tokens", Permission::CreateToken,
              [&parts](const CallPtr& call) { create_token(call, parts); }});
  router.add({"DELETE", "/api/v1/tokens/{id}", Permission::RevokeToken,
              [&parts](const CallPtr& call) { revoke_token(call, parts); }});
  router.add({.method = "POST",
              .pattern = "/api/v1/setup",
              .handle = [&parts](const CallPtr& call) { set_up(call, parts); },
              .guard = Guard::Open});
}

}  // namespace reachproof::orchestrator::api
