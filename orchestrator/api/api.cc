#include "orchestrator/api/api.h"

#include <fmt/core.h>
#include <openssl/rand.h>

#include <algorithm>
#include <boost/json.hpp>

#include "core/check.h"
#include "core/hex.h"
#include "orchestrator/api/media.h"
#include "orchestrator/api/views.h"
#include "orchestrator/metric_names.h"

namespace reachproof::orchestrator::api {
namespace {

using Steady = std::chrono::steady_clock;

core::WallTime system_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

/// The caller's own request id where it is a plain word, else one of ours.
std::string request_id(const Request& request) {
  const auto given = request.header("x-request-id");
  if (given.size() <= 64 && is_id(given)) return std::string(given);
  const auto random = random_secret();
  return core::hex({random.data(), 12});
}

/// Who is really there: the proxy says so where it is one of ours.
core::IpAddress client_of(const Request& request, const std::vector<core::IpAddress>& proxies) {
  if (std::ranges::find(proxies, request.peer) == proxies.end()) return request.peer;
  auto forwarded = request.header("x-forwarded-for");
  if (const auto comma = forwarded.rfind(','); comma != std::string_view::npos) {
    forwarded.remove_prefix(comma + 1);
  }
  while (!forwarded.empty() && forwarded.front() == ' ') forwarded.remove_prefix(1);
  return core::IpAddress::parse(forwarded).value_or(request.peer);
}

/// A proxy on this machine must not make the whole world local.
bool is_forwarded(const Request& request) {
  return !request.header("x-forwarded-for").empty() || !request.header("forwarded").empty();
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string known_method(const std::string& method) {
  for (const auto* known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    if (method == known) return method;
  }
  return "other";
}

}  // namespace

Secret random_secret() {
  Secret secret{};
  CHECK(RAND_bytes(secret.data(), static_cast<int>(secret.size())) == 1);
  return secret;
}

Api::Api(boost::asio::io_context& loop, ApiOptions options, Backend backend, AccessBook access,
         Metrics& metrics)
    : options_(std::move(options)),
      backend_(backend),
      access_(std::move(access)),
      metrics_(metrics),
      limiter_(options_.authentication),
      audit_(backend_.journal),
      hub_(static_cast<std::uint64_t>(system_now().time_since_epoch().count())),
      desk_(loop, options_.evidence_path),
      parts_{options_, backend_, access_, limiter_, desk_, hub_, metrics_},
      timer_(loop) {
  if (!options_.now) options_.now = system_now;
  add_service_routes(router_, parts_);
  add_token_routes(router_, parts_);
  add_run_routes(router_, parts_);
  add_stored_run_routes(router_, parts_);
  add_finding_routes(router_, parts_);
  add_probe_routes(router_, parts_);
  add_schedule_routes(router_, parts_);
  add_engagement_routes(router_, parts_);
  add_stop_routes(router_, parts_);
  add_evidence_routes(router_, parts_);
  add_integration_routes(router_, parts_);
  tick();
}

Api::~Api() {
  *alive_ = false;
  hub_.close_all();
}

void Api::tick() {
  timer_.expires_after(std::chrono::seconds(1));
  timer_.async_wait([this, alive = alive_](const boost::system::error_code& failed) {
    if (failed || !*alive) return;
    const auto now = options_.now();
    audit_.tick(now);
    hub_.close_where([&](const std::string& token) {
      const auto found = access_.tokens().find(token);
      return found == access_.tokens().end() || !found->second.lives(now);
    });
    tick();
  });
}

std::optional<std::string> Api::offer_setup() {
  const auto now = options_.now();
  if (access_.has_admin(now)) return std::nullopt;
  return access_.offer_setup(random_secret(), now);
}

void Api::publish(const RunProgress& progress) {
  hub_.publish("run", progress.segments, boost::json::serialize(view(progress)));
}
void Api::publish(const FindingView& finding) {
  hub_.publish("finding", segments_of(finding), boost::json::serialize(view(finding)));
}
void Api::publish(const ProbeView& probe) {
  hub_.publish("probe", {probe.segment}, boost::json::serialize(view(probe)));
}

void Api::stop() {
  timer_.cancel();
  hub_.close_all();
}

void Api::handle(Request request, Reply reply) {
  const auto call = std::make_shared<Call>();
  const bool from_here = is_loopback(request.peer) && !is_forwarded(request);
  request.peer = client_of(request, options_.proxies);
  call->request = std::move(request);
  call->id = request_id(call->request);
  call->received = options_.now();
  call->open = alive_;
  // The call outlives the routes' closures, not the other way round: no ring of owners.
  call->finish = [this, alive = alive_, weak = std::weak_ptr<Call>(call), reply = std::move(reply),
                  began = Steady::now()](Response response) {
    const auto here = weak.lock();
    if (!here || !*alive) return;
    const std::string route = here->route == nullptr ? "none" : here->route->pattern;
    metrics_.add(metric::kApiRequests,
                 {route, known_method(here->request.method), std::to_string(response.status)});
    metrics_.observe(metric::kApiRequestDuration, {route},
                     std::chrono::duration<double>(Steady::now() - began).count());
    finish(here, std::move(response), reply);
  };
  admit(call, from_here);
}

void Api::admit(const CallPtr& call, bool from_here) {
  auto match = router_.match(call->request.method, call->request.path);
  if (match.allowed.empty()) return call->missing();
  if (match.route == nullptr) {
    auto response = problem_response(
        {.status = 405, .detail = "this path takes " + joined(match.allowed) + " only"});
    response.headers.emplace_back("Allow", joined(match.allowed));
    return call->respond(std::move(response));
  }
  call->route = match.route;
  call->path = std::move(match.path);
  const auto guard = match.route->guard;
  const bool open = guard == Guard::Open ||
                    (guard == Guard::Health && (from_here || options_.open_health)) ||
                    (guard == Guard::Metrics && (from_here || options_.open_metrics));
  if (!open && !authenticate(call)) return;
  check(call);
}

void Api::deny(const CallPtr& call, int status, std::string detail, std::string_view kind) {
  metrics_.add(metric::kAuthFailures, {std::string(kind)});
  auto response = problem_response({.status = status, .detail = std::move(detail)});
  if (status == 429) response.headers.emplace_back("Retry-After", "5");
  call->respond(std::move(response));
}

bool Api::authenticate(const CallPtr& call) {
  const auto credentials = call->request.header("authorization");
  if (credentials.empty()) {
    deny(call, 401, "this needs a token: Authorization: Bearer rpt_...", "missing");
    return false;
  }
  const auto now = Steady::now();
  if (!limiter_.begin(call->request.peer, now)) {
    deny(call, 429, "too many tokens from here were not good", "limited");
    return false;
  }
  constexpr std::string_view kScheme = "bearer ";
  std::optional<Caller> caller;
  std::string scheme(credentials.substr(0, kScheme.size()));
  std::ranges::transform(scheme, scheme.begin(), [](unsigned char c) { return std::tolower(c); });
  if (scheme == kScheme) {
    caller = access_.authenticate(credentials.substr(kScheme.size()), call->received);
  }
  if (!caller) {
    deny(call, 401, "that token is not good, or no longer", "invalid");
    return false;
  }
  limiter_.succeeded(call->request.peer, now);
  access_.note_use(caller->token, call->received, call->request.peer.text());
  call->caller = std::move(*caller);
  if (allows(call->caller.roles, call->route->permission)) return true;
  deny(call, 403, "none of this token's roles allows that", "forbidden");
  return false;
}

/// What can be said of the request without knowing its route's business.
void Api::check(const CallPtr& call) {
  const auto& request = call->request;
  const auto& route = *call->route;
  if (!accepts(request.header("accept"), route.produces)) {
    return call->problem(
        {.status = 406, .detail = fmt::format("this answers with {} only", route.produces)});
  }
  if (route.method != "POST" && !request.body.empty()) {
    return call->problem({.status = 400, .detail = "this takes no body"});
  }
  if (!request.body.empty() && !is_json(request.header("content-type"))) {
    return call->problem({.status = 415, .detail = "the body must be application/json"});
  }
  call->query = read_query(request.query, route.query);
  if (call->refuse_query()) return;
  if (route.method == "POST" && !request.header("idempotency-key").empty()) return run_once(call);
  route.handle(call);
}

void Api::run_once(const CallPtr& call) {
  const IdempotencyBook::Key key{call->caller.token, call->request.path,
                                 std::string(call->request.header("idempotency-key"))};
  if (key.key.size() > 128 || !is_id(key.key)) {
    return call->problem({.status = 400,
                          .detail = "an Idempotency-Key is made of letters, digits, `.`, `_` and "
                                    "`-`, at most 128"});
  }
  Response before;
  const auto known = idempotency_.begin(key, call->request.body, Steady::now(), before);
  switch (known) {
    case IdempotencyBook::Known::New: {
      call->idempotency = key;
      call->route->handle(call);
      return;
    }
    case IdempotencyBook::Known::UnderWay:
      return call->problem({.status = 409, .detail = "the first call with this key is under way"});
    case IdempotencyBook::Known::Different:
      return call->problem(
          {.status = 422, .detail = "this Idempotency-Key was used with another body"});
    case IdempotencyBook::Known::Answered:
      call->repeated = true;
      before.headers.emplace_back("Idempotency-Replayed", "true");
      return call->respond(std::move(before));
    case IdempotencyBook::Known::ShownOnce:
      return call->problem(
          {.status = 409,
           .detail = "that was done; its secret was shown once and is kept nowhere. Revoke what "
                     "was made, and make another with another key"});
    case IdempotencyBook::Known::Full:
      return call->problem({.status = 429, .detail = "too many calls are remembered; try later"});
  }
}

/// Whatever a route answered comes by here: keeps what must be kept, then sends it.
void Api::finish(const CallPtr& call, Response response, const Reply& reply) {
  const int status = response.status;
  const auto now = options_.now();
  const bool tried = call->route != nullptr && call->route->changes();
  if (tried && status < 400 && !call->repeated) {
    const auto kept = std::make_shared<Response>(std::move(response));
    audit_.changed(
        *call, status, now,
        [this, alive = alive_, call, kept, reply](const Result<evidence::LeafIndex>& at) {
          if (!*alive) return;
          if (at) return send(call, std::move(*kept), reply);
          send(call,
               problem_response({.status = 503,
                                 .detail = "it was done, but the audit log could not "
                                           "be written: " +
                                           at.error().message}),
               reply);
        });
    return;
  }
  const bool refused = status == 401 || status == 403 || status == 429 || call->denied;
  const bool failed = tried && (status == 409 || status == 503);
  if (refused || failed) audit_.denied(*call, status, now);
  send(call, std::move(response), reply);
}

void Api::send(const CallPtr& call, Response response, const Reply& reply) {
  if (call->idempotency) {
    if (response.status < 300) {
      idempotency_.finish(*call->idempotency, response, call->holds_secret);
    } else {
      idempotency_.forget(*call->idempotency);
    }
  }
  auto& headers = response.headers;
  headers.emplace_back("X-Request-Id", call->id);
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  headers.emplace_back("Cache-Control", "no-store");
  headers.emplace_back("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  headers.emplace_back("Referrer-Policy", "no-referrer");
  reply(std::move(response));
}

}  // namespace reachproof::orchestrator::api
