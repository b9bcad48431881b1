#include "orchestrator/api/access.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/base64.h"

namespace reachproof::orchestrator::api {
namespace {

constexpr std::string_view kTokenPrefix = "rpt_";
constexpr std::string_view kSetupPrefix = "rps_";
constexpr std::size_t kIdLength = 8;

/// No early end: how long it takes says nothing about where two secrets differ.
bool same(const evidence::Hash& a, const evidence::Hash& b) {
  volatile std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
  }
  return difference == 0;
}

/// Eight characters of RFC 4648's base32 alphabet, in lower case.
std::string id_of(const Secret& random) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
  const auto hash = evidence::sha256({reinterpret_cast<const char*>(random.data()), random.size()});
  std::string id;
  for (std::size_t i = 0; i < kIdLength; ++i) id += kAlphabet[hash[i] % kAlphabet.size()];
  return id;
}

}  // namespace

bool Reach::sees(const std::vector<std::string>& of_object) const {
  if (everything()) return true;
  return std::ranges::any_of(of_object, [this](const std::string& segment) {
    return std::ranges::find(segments_, segment) != segments_.end();
  });
}

bool Reach::owns(const std::vector<std::string>& of_object) const {
  if (everything()) return true;
  return !of_object.empty() && std::ranges::all_of(of_object, [this](const std::string& segment) {
    return std::ranges::find(segments_, segment) != segments_.end();
  });
}

std::optional<Caller> AccessBook::authenticate(std::string_view text, core::WallTime now) const {
  if (!text.starts_with(kTokenPrefix)) return std::nullopt;
  text.remove_prefix(kTokenPrefix.size());
  if (text.size() <= kIdLength || text.size() > 100 || text[kIdLength] != '_') return std::nullopt;
  const auto found = tokens_.find(std::string(text.substr(0, kIdLength)));
  if (found == tokens_.end()) return std::nullopt;
  const auto& token = found->second;
  if (!same(evidence::sha256(text.substr(kIdLength + 1)), token.secret_sha256)) {
    return std::nullopt;
  }
  if (!token.lives(now)) return std::nullopt;
  return Caller{token.id, token.name, token.roles, Reach(token.segments)};
}

void AccessBook::note_use(const std::string& id, core::WallTime now, const std::string& from) {
  if (tokens_.contains(id)) uses_[id] = {now, from};
}

const LastUse* AccessBook::last_use(const std::string& id) const {
  const auto found = uses_.find(id);
  return found == uses_.end() ? nullptr : &found->second;
}

Result<NewApiToken> AccessBook::make(const TokenOrder& order, const Secret& random,
                                     core::WallTime now) const {
  const auto live =
      std::ranges::count_if(tokens_, [&](const auto& entry) { return entry.second.lives(now); });
  if (static_cast<std::size_t>(live) >= kLiveTokensMax) {
    return fail(ErrorCode::Refused,
                fmt::format("there are {} tokens; revoke some first", kLiveTokensMax));
  }
  const std::string secret = core::base64url(random);
  ApiToken token{.id = id_of(random),
                 .name = order.name,
                 .roles = order.roles,
                 .segments = order.segments,
                 .created_by = order.created_by,
                 .created = now,
                 .expires = now + order.life,
                 .secret_sha256 = evidence::sha256(secret)};
  if (tokens_.contains(token.id)) return fail(ErrorCode::Busy, "that id is taken; try again");
  auto record = record_of_token(token);
  auto text = fmt::format("{}{}_{}", kTokenPrefix, token.id, secret);
  return NewApiToken{std::move(token), std::move(text), std::move(record)};
}

Result<evidence::Record> AccessBook::revocation(const std::string& id, const std::string& by,
                                                core::WallTime now) const {
  const auto found = tokens_.find(id);
  if (found == tokens_.end()) return fail(ErrorCode::NotFound, "there is no such token");
  if (found->second.revoked) return fail(ErrorCode::Refused, "that token is revoked already");
  AccessBook after = *this;
  after.tokens_[id].revoked = true;
  if (has_admin(now) && !after.has_admin(now)) {
    return fail(ErrorCode::Refused,
                "that is the last token of an administrator; make another one first");
  }
  return record_of_revocation(id, by, now);
}

bool AccessBook::has_admin(core::WallTime now) const {
  return std::ranges::any_of(tokens_, [&](const auto& entry) {
    const auto& token = entry.second;
    return token.lives(now) && token.segments.empty() &&
           allows(token.roles, Permission::CreateToken);
  });
}

std::string AccessBook::offer_setup(const Secret& random, core::WallTime now) {
  const std::string secret = core::base64url(random);
  setup_ = SetupOffer{evidence::sha256(secret), now + kSetupLife};
  return std::string(kSetupPrefix) + secret;
}

bool AccessBook::setup_open(core::WallTime now) const {
  return setup_ && !setup_->taken && now < setup_->expires;
}

bool AccessBook::take_setup(std::string_view text, core::WallTime now) {
  if (!setup_open(now) || !text.starts_with(kSetupPrefix)) return false;
  text.remove_prefix(kSetupPrefix.size());
  if (!same(evidence::sha256(text), setup_->secret_sha256)) return false;
  setup_->taken = true;
  return true;
}

void AccessBook::return_setup() {
  if (setup_) setup_->taken = false;
}

}  // namespace reachproof::orchestrator::api
