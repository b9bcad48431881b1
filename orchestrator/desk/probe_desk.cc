#include "orchestrator/desk/probe_desk.h"

#include <fmt/core.h>

namespace reachproof::orchestrator {

// ---- probes ----

api::ProbeView ProbeDesk::view(const EnrolledProbe& probe) const {
  api::ProbeView view{.id = probe.id,
                      .name = probe.name,
                      .segment = probe.segment,
                      .state = std::string(word(probe.state)),
                      .connected = fleet_.link().is_connected(probe.id),
                      .host = probe.host,
                      .software = probe.software,
                      .address = probe.address,
                      .why = probe.why,
                      .joined = probe.joined,
                      .certificate_expires = fleet_.certificate_end(probe.id)};
  const auto it = fleet_.link().live().find(probe.id);
  if (it == fleet_.link().live().end()) return view;
  const auto& live = it->second;
  if (!live.software.empty()) view.software = live.software;
  if (!live.address.empty()) view.address = live.address;
  if (!live.stopped.empty()) view.why = "idle: " + live.stopped;
  if (live.seen_wall != core::WallTime{}) view.last_seen = live.seen_wall;
  view.can_capture = live.can_capture;
  if (live.offset) view.clock_offset_ms = live.offset->ms;
  return view;
}

std::vector<api::ProbeView> ProbeDesk::list(const api::Page& page,
                                            const api::Wanted<api::ProbeView>& wanted) const {
  return page_of_map<api::ProbeView>(
      fleet_.registry().probes(), page, wanted,
      [&](const auto&, const EnrolledProbe& probe) { return view(probe); });
}

std::optional<api::ProbeView> ProbeDesk::find(const std::string& id) const {
  const auto* probe = fleet_.registry().probe(id);
  if (probe == nullptr) probe = fleet_.registry().find(id);
  if (probe == nullptr) return std::nullopt;
  return view(*probe);
}

void ProbeDesk::approve(const std::string& id, const Actor& actor, Done<void> done) {
  fleet_.set_state(id, ProbeState::Active, actor.name, "", std::move(done));
}

void ProbeDesk::drain(const std::string& id, const Actor& actor, const std::string& reason,
                      Done<void> done) {
  fleet_.set_state(id, ProbeState::Drained, actor.name, reason, std::move(done));
}

void ProbeDesk::ban(const std::string& id, const Actor& actor, const std::string& reason,
                    Done<void> done) {
  fleet_.set_state(id, ProbeState::Banned, actor.name, reason, std::move(done));
}

// ---- tokens to join with ----

namespace {

api::ProbeTokenView view_of(const std::string& id, const JoinTokenEntry& token) {
  return {.id = id,
          .segment = token.segment,
          .name = token.name,
          .created_by = token.by,
          .created = token.created,
          .expires = token.expires,
          .uses_left = token.uses_left,
          .automatic = token.automatic,
          .revoked = token.revoked};
}

}  // namespace

std::vector<api::ProbeTokenView> ProbeTokenDesk::list(
    const api::Page& page, const api::Wanted<api::ProbeTokenView>& wanted) const {
  return page_of_map<api::ProbeTokenView>(fleet_.registry().tokens(), page, wanted, view_of);
}

std::optional<api::ProbeTokenView> ProbeTokenDesk::find(const std::string& id) const {
  const auto& tokens = fleet_.registry().tokens();
  const auto it = tokens.find(id);
  if (it == tokens.end()) return std::nullopt;
  return view_of(id, it->second);
}

void ProbeTokenDesk::create(const api::ProbeTokenOrder& order, const Actor& actor,
                            Done<api::NewProbeToken> done) {
  if (!knows_(order.segment)) {
    return done(
        fail(ErrorCode::NotFound, fmt::format("the scenario has no segment `{}`", order.segment)));
  }
  Registry::TokenOrder inner{.segment = order.segment,
                             .name = order.name,
                             .life = order.life,
                             .uses = order.uses,
                             .automatic = order.automatic,
                             .by = actor.name};
  fleet_.create_token(std::move(inner), [this, done](Result<Fleet::NewJoinToken> made) {
    if (!made) return done(tl::unexpected(made.error()));
    const auto token = find(made->id);
    if (!token) return done(fail(ErrorCode::Internal, "the new token is not in the book"));
    done(api::NewProbeToken{
        .token = *token, .text = made->text, .command = "reachproof-probe join " + made->text});
  });
}

void ProbeTokenDesk::revoke(const std::string& id, const Actor& actor, Done<void> done) {
  fleet_.revoke_token(id, actor.name, std::move(done));
}

}  // namespace reachproof::orchestrator
