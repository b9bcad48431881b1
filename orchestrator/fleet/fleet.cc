#include "orchestrator/fleet/fleet.h"

#include <fmt/core.h>

#include <boost/asio/post.hpp>

#include "core/utf8.h"
#include "evidence/json_text.h"
#include "host/wall_clock.h"
#include "protocol/certificate.h"
#include "protocol/keyed_answer.h"

namespace reachproof::orchestrator {
namespace {

constexpr std::size_t kRefusalsRecordedInAMinute = 20;
constexpr std::size_t kJoinsWaitingMax = 256;

using host::wall_now;

std::string problem(const std::string& detail) {
  evidence::JsonText body;
  body.begin_object().field("detail", detail).end_object();
  return body.take();
}

}  // namespace

Fleet::Fleet(boost::asio::io_context& loop, EvidenceKeeper& keeper, const Authority& authority,
             Registry registry, Options options, Events events)
    : loop_(loop),
      keeper_(keeper),
      authority_(authority),
      registry_(std::move(registry)),
      options_(std::move(options)),
      events_(std::move(events)) {
  FleetLink::Events link_events;
  link_events.changed = [this](const std::string& probe) { events_.changed(probe); };
  link_events.cloned = [this](const std::string& probe, const std::string& why) {
    events_.noted("a probe's key is used twice", why);
    set_state(probe, ProbeState::Quarantined, "orchestrator", why, {});
  };
  link_events.rolled_back = [this](const std::string& probe, std::uint64_t size) {
    const auto detail = fmt::format("probe {} has seen a log of {} records, this one has {}",
                                    probe.substr(0, 16), size, keeper_.size());
    events_.noted("the evidence log was rolled back", detail);
    evidence::JsonText body;
    body.begin_object().field("detail", detail).field("kind", "rollback-seen");
    body.field("probe", probe).field("time", core::text(wall_now())).end_object();
    keeper_.append({{"rollback-seen", body.take()}}, {});
  };
  link_events.refused = [this](const EnrolledProbe& probe, std::string_view reason,
                               const std::string& detail) {
    ++refused_[std::string(reason)];
    record_refusal({.path = std::string(protocol::kExchangePath),
                    .peer = live_address(probe.id),
                    .key = probe.id},
                   reason, detail);
  };
  link_ = std::make_unique<FleetLink>(loop, keeper, authority.heartbeat_key(), options_.link,
                                      std::move(link_events));
}

Fleet::~Fleet() = default;

Result<std::unique_ptr<Fleet>> Fleet::start(boost::asio::io_context& loop, EvidenceKeeper& keeper,
                                            const Authority& authority, Registry registry,
                                            Options options, Events events) {
  auto issued = authority.issue_server(options.names, wall_now());
  if (!issued) return tl::unexpected(issued.error());
  options.plane.certificate_pem = issued->certificate;
  options.plane.key_pem = issued->key;
  options.plane.authority_pem = authority.certificate();
  std::unique_ptr<Fleet> fleet(new Fleet(loop, keeper, authority, std::move(registry),
                                         std::move(options), std::move(events)));
  auto* raw = fleet.get();
  auto handler = [raw, &loop, alive = std::weak_ptr<bool>(fleet->alive_)](PlaneRequest request,
                                                                          PlaneReply reply) {
    boost::asio::post(
        loop, [raw, alive, request = std::move(request), reply = std::move(reply)]() mutable {
          if (!alive.expired()) raw->handle(std::move(request), std::move(reply));
        });
  };
  auto plane = ProbePlane::start(fleet->options_.plane, std::move(handler));
  if (!plane) return tl::unexpected(plane.error());
  fleet->plane_ = std::move(*plane);
  if (fleet->options_.url.empty()) {
    const auto& name = fleet->options_.names.front();
    const bool v6 = name.find(':') != std::string::npos;
    fleet->options_.url =
        fmt::format("https://{}{}{}:{}", v6 ? "[" : "", name, v6 ? "]" : "", fleet->plane_->port());
  }
  return fleet;
}

// ---- requests ----

void Fleet::handle(PlaneRequest request, PlaneReply reply) {
  if (request.path == protocol::kExchangePath) return handle_exchange(request, std::move(reply));
  if (request.path == protocol::kRenewPath) return handle_join(request, std::move(reply), true);
  if (request.path == protocol::kJoinPath) {
    // One at a time: each sees the book as the one before it left it.
    if (joins_waiting_.size() >= kJoinsWaitingMax) {
      return refuse(request, reply, 429, "too-many-joins", "too many join at once; try again");
    }
    joins_waiting_.emplace_back([this, request = std::move(request), reply = std::move(reply)] {
      handle_join(request, reply, false);
    });
    next_join();
    return;
  }
  refuse(request, reply, 404, "path", "nothing is there");
}

void Fleet::next_join() {
  while (!join_under_way_ && !joins_waiting_.empty()) {
    auto next = std::move(joins_waiting_.front());
    joins_waiting_.pop_front();
    next();
  }
}

void Fleet::refuse(const PlaneRequest& request, const PlaneReply& reply, int status,
                   std::string_view reason, const std::string& detail) {
  ++refused_[std::string(reason)];
  reply({.status = status, .body = problem(detail), .close = true});
  record_refusal(request, reason, detail);
}

std::string Fleet::live_address(const std::string& probe) const {
  const auto it = link_->live().find(probe);
  return it == link_->live().end() ? "" : it->second.address;
}

/// A flood of them becomes few records a minute, of which the next says how many there were.
void Fleet::record_refusal(const PlaneRequest& request, std::string_view reason,
                           const std::string& detail) {
  const auto now = std::chrono::steady_clock::now();
  const bool joined = registry_.probe(request.key) != nullptr;
  auto& budget = refusal_budgets_[joined ? request.key : ""];
  std::size_t missed = 0;
  if (now - budget.minute_began > std::chrono::minutes(1)) {
    missed = budget.unrecorded;
    budget = {.minute_began = now};
  }
  if (budget.recorded >= kRefusalsRecordedInAMinute) {
    ++budget.unrecorded;
    return;
  }
  ++budget.recorded;
  evidence::JsonText body;
  body.begin_object().field("address", request.peer).field("detail", core::cut_utf8(detail, 300));
  body.field("key", request.key).field("kind", "plane-refusal");
  body.field("path", core::cut_utf8(request.path, 64)).field("reason", reason);
  body.field("time", core::text(wall_now())).field("unrecorded_before", missed).end_object();
  keeper_.append({{"plane-refusal", body.take()}}, {});
}

void Fleet::handle_join(const PlaneRequest& request, PlaneReply reply, bool renewal) {
  const auto join = protocol::decode_join_request(request.body);
  if (!join) return refuse(request, reply, 400, "message", join.error().message);
  if (join->version != protocol::kFleetVersion) {
    return refuse(request, reply, 400, "version",
                  fmt::format("this probe speaks version {} of the fleet's protocol, the "
                              "orchestrator {}: install the same release",
                              join->version, protocol::kFleetVersion));
  }
  const auto key = protocol::key_of_request(join->request);
  if (!key || key->fingerprint() != request.key) {
    return refuse(request, reply, 400, "key",
                  "the certificate request is not of the key that the connection proved");
  }
  const auto* known = registry_.probe(request.key);
  if (renewal && known == nullptr) {
    return refuse(request, reply, 403, "unknown-probe", "this probe has not joined here");
  }
  const JoinFacts facts{.key = request.key,
                        .key_der = request.key_der,
                        .secret = join->token,
                        .host = join->host,
                        .software = join->software,
                        .address = request.peer};
  auto decision = registry_.join(facts, wall_now());
  if (decision.refused) return refuse(request, reply, 403, "join", decision.refused->message);
  join_under_way_ = join_under_way_ || !renewal;
  keep(std::move(decision.records), [this, key = request.key, reply, renewal](Result<void> kept) {
    if (!renewal) {
      join_under_way_ = false;
      boost::asio::post(loop_, [this, alive = std::weak_ptr<bool>(alive_)] {
        if (!alive.expired()) next_join();
      });
    }
    if (kept) return welcome(key, reply);
    reply({.status = 503, .body = problem(kept.error().message)});
  });
}

void Fleet::welcome(const std::string& key, const PlaneReply& reply) {
  const auto* probe = registry_.probe(key);
  protocol::JoinAnswer answer{.state = std::string(word(probe->state)),
                              .id = probe->id,
                              .segment = probe->segment,
                              .authority = authority_.certificate(),
                              .heartbeat_key = authority_.heartbeat_key().public_key().pem()};
  const bool works = probe->state == ProbeState::Active || probe->state == ProbeState::Drained;
  if (works) {
    const auto public_key = protocol::PublicKey::from_der(probe->key_der);
    auto certificate = public_key ? authority_.issue_probe(*public_key, options_.trust_domain,
                                                           wall_now(), options_.certificate_life)
                                  : fail(ErrorCode::Internal, "a stored key cannot be read");
    if (!certificate) {
      reply({.status = 503, .body = problem(certificate.error().message)});
      return;
    }
    answer.certificate = std::move(*certificate);
    certificate_ends_[key] = wall_now() + options_.certificate_life;
    answer.detail = "welcome";
  } else if (probe->state == ProbeState::Pending) {
    answer.detail = fmt::format(
        "waiting for approval: compare the key and run `reachproof probe "
        "approve {}`",
        probe->id.substr(0, 16));
  } else {
    answer.detail = probe->why;
  }
  events_.changed(key);
  reply({.status = works ? 200 : 202, .body = protocol::encode(answer)});
}

void Fleet::handle_exchange(const PlaneRequest& request, PlaneReply reply) {
  const auto* probe = registry_.probe(request.key);
  if (probe == nullptr) {
    return refuse(request, reply, 403, "unknown-probe", "this probe has not joined here");
  }
  if (!request.certified || request.spiffe != spiffe_id(options_.trust_domain, request.key)) {
    return refuse(request, reply, 401, "certificate",
                  "the certificate is not one of this orchestrator's, or has run out");
  }
  if (probe->state != ProbeState::Active && probe->state != ProbeState::Drained) {
    return refuse(request, reply, 403, word(probe->state),
                  fmt::format("this probe is {}: {}", word(probe->state), probe->why));
  }
  const auto exchange = protocol::decode_exchange_request(request.body);
  if (!exchange) return refuse(request, reply, 400, "message", exchange.error().message);
  if (exchange->version != protocol::kFleetVersion) {
    return refuse(request, reply, 400, "version", "another version of the fleet's protocol");
  }
  link_->exchange(*probe, *exchange, request.peer, std::move(reply));
}

// ---- changes of the book ----

void Fleet::keep(std::vector<evidence::Record> records, Done<void> done) {
  if (records.empty()) {
    if (done) done({});
    return;
  }
  auto kept_records = records;
  keeper_.append(std::move(records), [this, kept_records = std::move(kept_records), done,
                                      alive = std::weak_ptr<bool>(alive_)](auto kept) {
    if (alive.expired()) return;
    if (!kept) {
      if (done) done(tl::unexpected(kept.error()));
      return;
    }
    for (const auto& record : kept_records) {
      if (auto applied = registry_.apply(record.kind, record.body); !applied) {
        events_.noted("a fleet record cannot be read", applied.error().message);
      }
    }
    if (done) done({});
  });
}

std::optional<core::WallTime> Fleet::certificate_end(const std::string& probe) const {
  const auto it = certificate_ends_.find(probe);
  if (it == certificate_ends_.end()) return std::nullopt;
  return it->second;
}

void Fleet::create_token(Registry::TokenOrder order, Done<NewJoinToken> done) {
  const auto first = protocol::random_nonce();
  const auto second = protocol::random_nonce();
  std::string random(first.begin(), first.end());
  random.append(second.begin(), second.begin() + 8);
  auto token = Registry::new_token(order, random, wall_now());
  auto text = protocol::encode(
      protocol::JoinToken{.url = options_.url, .ca_pin = authority_.pin(), .secret = token.secret});
  NewJoinToken made{.id = token.secret.substr(0, token.secret.find('.')), .text = std::move(text)};
  keep({std::move(token.record)}, [made = std::move(made), done](Result<void> kept) {
    if (!kept) return done(tl::unexpected(kept.error()));
    done(made);
  });
}

void Fleet::revoke_token(const std::string& id, const std::string& by, Done<void> done) {
  auto decision = registry_.revoke_token(id, by, wall_now());
  if (decision.refused) return done(tl::unexpected(*decision.refused));
  keep(std::move(decision.records), std::move(done));
}

void Fleet::set_state(const std::string& name, ProbeState state, const std::string& by,
                      const std::string& why, Done<void> done) {
  auto decision = registry_.set_state(name, state, by, why, wall_now());
  if (decision.refused) {
    if (done) done(tl::unexpected(*decision.refused));
    return;
  }
  const auto* probe = registry_.probe(name);
  if (probe == nullptr) probe = registry_.find(name);
  const auto id = probe->id;
  const bool out = state == ProbeState::Banned || state == ProbeState::Quarantined;
  // A ban acts at once, and not only when its record is on disk.
  if (out) {
    link_->drop(id, fmt::format("the probe was {}", word(state)));
    plane_->close_key(id);
  }
  keep(std::move(decision.records), [this, id, out, done](Result<void> kept) {
    if (out && kept) plane_->close_key(id);
    if (kept) events_.changed(id);
    if (done) done(std::move(kept));
  });
}

}  // namespace reachproof::orchestrator
