#include "orchestrator/fleet/registry.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>

#include "core/base64.h"
#include "core/words.h"
#include "evidence/json_text.h"
#include "protocol/key_pair.h"

namespace reachproof::orchestrator {
namespace {

namespace json = boost::json;
using evidence::JsonText;

constexpr core::Words<ProbeState, 5> kStates{{
    {ProbeState::Pending, "pending"},
    {ProbeState::Active, "active"},
    {ProbeState::Drained, "drained"},
    {ProbeState::Quarantined, "quarantined"},
    {ProbeState::Banned, "banned"},
}};

constexpr std::size_t kTextMax = 200;

std::string_view cut(std::string_view text) {
  return text.substr(0, kTextMax);
}

evidence::Record state_record(const EnrolledProbe& probe, ProbeState state, const std::string& by,
                              const std::string& why, core::WallTime now) {
  JsonText body;
  body.begin_object().field("by", cut(by)).field("event", "state").field("id", probe.id);
  body.field("kind", "probe").field("name", cut(probe.name)).field("state", word(state));
  body.field("time", core::text(now)).field("why", cut(why)).end_object();
  return {"probe", body.take()};
}

evidence::Record joined_record(const JoinFacts& facts, const JoinTokenEntry& token,
                               const std::string& name, core::WallTime now) {
  JsonText body;
  body.begin_object().field("address", cut(facts.address)).field("event", "joined");
  body.field("host", cut(facts.host)).field("id", facts.key);
  body.field("key", core::base64(core::bytes_of(facts.key_der))).field("kind", "probe");
  body.field("name", cut(name)).field("segment", cut(token.segment));
  body.field("software", cut(facts.software));
  body.field("state", word(token.automatic ? ProbeState::Active : ProbeState::Pending));
  body.field("time", core::text(now)).field("token", token.id).end_object();
  return {"probe", body.take()};
}

/// In a time that does not tell how much of it fits.
bool same_secret(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0U : 1U;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

std::string text_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::int64_t number_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

core::WallTime time_in(const json::object& object, std::string_view key) {
  return core::parse_wall_time(text_in(object, key)).value_or(core::WallTime{});
}

}  // namespace

std::string_view word(ProbeState state) {
  return core::word_in(kStates, state);
}

std::optional<ProbeState> probe_state_of(std::string_view w) {
  return core::value_in(kStates, w);
}

const std::vector<std::string>& Registry::kinds() {
  static const std::vector<std::string> kKinds{"probe", "probe-token"};
  return kKinds;
}

const EnrolledProbe* Registry::probe(const std::string& id) const {
  const auto it = probes_.find(id);
  return it == probes_.end() ? nullptr : &it->second;
}

const EnrolledProbe* Registry::find(const std::string& name) const {
  constexpr std::size_t kIdDigitsMin = 8;
  const EnrolledProbe* banned = nullptr;
  for (const auto& [id, probe] : probes_) {
    const bool fits = probe.name == name || (name.size() >= kIdDigitsMin && id.starts_with(name));
    if (!fits) continue;
    if (probe.state != ProbeState::Banned) return &probe;
    if (id.starts_with(name)) banned = &probe;
  }
  return banned;
}

std::optional<Error> Registry::objection_to_token(const JoinFacts& facts,
                                                  core::WallTime now) const {
  const auto dot = facts.secret.find('.');
  const auto it = tokens_.find(facts.secret.substr(0, dot));
  const bool right = dot != std::string::npos && it != tokens_.end() &&
                     same_secret(protocol::sha256_hex(facts.secret), it->second.secret_sha256);
  if (!right) {
    return Error{ErrorCode::Refused,
                 "this join token is not known here: make a new one with "
                 "`reachproof probe token create`"};
  }
  const auto& token = it->second;
  if (token.revoked) return Error{ErrorCode::Refused, "this join token was revoked"};
  if (now >= token.expires) {
    return Error{ErrorCode::Refused,
                 "this join token expired at " + core::text(token.expires) + ": make a new one"};
  }
  if (token.uses_left <= 0) {
    return Error{ErrorCode::Refused, "this join token is used up: by " +
                                         (token.used_by.empty() ? "?" : token.used_by.back())};
  }
  return std::nullopt;
}

Registry::Decision Registry::join(const JoinFacts& facts, core::WallTime now) const {
  if (const auto* known = probe(facts.key)) {
    if (known->state == ProbeState::Banned) {
      return {{}, Error{ErrorCode::Refused, "this probe was banned: " + known->why}};
    }
    return {};  // joined before: a lost answer, a restart or an expired certificate
  }
  if (auto objection = objection_to_token(facts, now)) return {{}, std::move(objection)};
  const auto& token = tokens_.at(facts.secret.substr(0, facts.secret.find('.')));
  const auto name = token.name.empty() ? facts.host : token.name;
  const auto* namesake = find(name);
  if (namesake != nullptr && namesake->state != ProbeState::Banned) {
    return {{},
            Error{ErrorCode::Refused,
                  fmt::format("there is a probe named {} already ({}, joined {}): ban that "
                              "one, or give the token another --name",
                              name, namesake->id.substr(0, 16), core::text(namesake->joined))}};
  }
  return {{joined_record(facts, token, name, now)}, std::nullopt};
}

Registry::Decision Registry::set_state(const std::string& name, ProbeState state,
                                       const std::string& by, const std::string& why,
                                       core::WallTime now) const {
  const auto* known = probe(name);
  if (known == nullptr) known = find(name);
  if (known == nullptr) return {{}, Error{ErrorCode::NotFound, "there is no probe " + name}};
  if (known->state == ProbeState::Banned && state != ProbeState::Banned) {
    return {{}, Error{ErrorCode::Refused, "a ban is for good: have the host join with a new key"}};
  }
  if (known->state == state) return {};
  return {{state_record(*known, state, by, why, now)}, std::nullopt};
}

Registry::NewToken Registry::new_token(const TokenOrder& order, std::string_view random,
                                       core::WallTime now) {
  const auto id = protocol::sha256_hex(random.substr(0, 8)).substr(0, 12);
  const auto secret = id + "." + core::base64url(core::bytes_of(random.substr(8)));
  JsonText body;
  body.begin_object().flag("automatic", order.automatic).field("by", cut(order.by));
  body.field("event", "created").field("expires", core::text(now + order.life));
  body.field("id", id).field("kind", "probe-token").field("name", cut(order.name));
  body.field("segment", cut(order.segment)).field("sha256", protocol::sha256_hex(secret));
  body.field("time", core::text(now)).field("uses", order.uses).end_object();
  return {secret, {"probe-token", body.take()}};
}

Registry::Decision Registry::revoke_token(const std::string& id, const std::string& by,
                                          core::WallTime now) const {
  if (!tokens_.contains(id)) return {{}, Error{ErrorCode::NotFound, "there is no token " + id}};
  JsonText body;
  body.begin_object().field("by", cut(by)).field("event", "revoked").field("id", id);
  body.field("kind", "probe-token").field("time", core::text(now)).end_object();
  return {{{"probe-token", body.take()}}, std::nullopt};
}

Result<void> Registry::apply(std::string_view kind, std::string_view body) {
  if (kind != "probe" && kind != "probe-token") return {};
  json::error_code error;
  const auto value = json::parse(body, error);
  if (error || !value.is_object()) return fail(ErrorCode::Corrupt, "a fleet record is not JSON");
  const auto& o = value.get_object();
  const auto event = text_in(o, "event");
  const auto id = text_in(o, "id");
  if (kind == "probe-token" && event == "created") {
    tokens_[id] = {.id = id,
                   .secret_sha256 = text_in(o, "sha256"),
                   .segment = text_in(o, "segment"),
                   .name = text_in(o, "name"),
                   .by = text_in(o, "by"),
                   .created = time_in(o, "time"),
                   .expires = time_in(o, "expires"),
                   .uses_left = static_cast<int>(number_in(o, "uses")),
                   .automatic = o.contains("automatic") && o.at("automatic") == true};
  } else if (kind == "probe-token" && event == "revoked") {
    tokens_[id].revoked = true;
  } else if (event == "joined") {
    const auto der = core::from_base64(text_in(o, "key")).value_or(std::vector<std::uint8_t>{});
    probes_[id] = {.id = id,
                   .name = text_in(o, "name"),
                   .segment = text_in(o, "segment"),
                   .state = probe_state_of(text_in(o, "state")).value_or(ProbeState::Pending),
                   .host = text_in(o, "host"),
                   .software = text_in(o, "software"),
                   .key_der = std::string(der.begin(), der.end()),
                   .address = text_in(o, "address"),
                   .token = text_in(o, "token"),
                   .joined = time_in(o, "time")};
    if (const auto it = tokens_.find(text_in(o, "token")); it != tokens_.end()) {
      --it->second.uses_left;
      it->second.used_by.push_back(fmt::format("{} on {} from {} at {}", id.substr(0, 16),
                                               text_in(o, "host"), text_in(o, "address"),
                                               text_in(o, "time")));
    }
  } else if (event == "state") {
    const auto it = probes_.find(id);
    const auto state = probe_state_of(text_in(o, "state"));
    if (it == probes_.end() || !state) return fail(ErrorCode::Corrupt, "a state of no probe");
    it->second.state = *state;
    it->second.decided_by = text_in(o, "by");
    it->second.why = text_in(o, "why");
  }
  return {};
}

}  // namespace reachproof::orchestrator
