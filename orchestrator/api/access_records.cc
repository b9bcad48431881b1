#include <fmt/core.h>

#include <boost/json.hpp>

#include "core/hex.h"
#include "evidence/json_text.h"
#include "orchestrator/api/access.h"

/// Tokens of the API as evidence records, and back.
namespace reachproof::orchestrator::api {
namespace {

namespace json = boost::json;

const std::string kKind(kAccessKind);

std::string text_in(const json::object& body, std::string_view name) {
  const auto* value = body.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::vector<std::string> texts_in(const json::object& body, std::string_view name) {
  std::vector<std::string> texts;
  const auto* value = body.if_contains(name);
  if (value == nullptr || !value->is_array()) return texts;
  for (const auto& item : value->get_array()) {
    if (item.is_string()) texts.emplace_back(item.get_string());
  }
  return texts;
}

Result<ApiToken> token_in(const json::object& body) {
  ApiToken token{.id = text_in(body, "id"),
                 .name = text_in(body, "name"),
                 .segments = texts_in(body, "segments"),
                 .created_by = text_in(body, "by")};
  const auto created = core::parse_wall_time(text_in(body, "time"));
  const auto expires = core::parse_wall_time(text_in(body, "expires"));
  const auto hash = core::from_hex(text_in(body, "secret_sha256"));
  for (const auto& name : texts_in(body, "roles")) {
    // A role of a newer release gives no rights here.
    if (const auto role = role_of(name)) token.roles.push_back(*role);
  }
  if (token.id.empty() || !created || !expires || !hash ||
      hash->size() != token.secret_sha256.size()) {
    return fail(ErrorCode::Corrupt, "an access record is not whole");
  }
  token.created = *created;
  token.expires = *expires;
  std::copy(hash->begin(), hash->end(), token.secret_sha256.begin());
  return token;
}

}  // namespace

evidence::Record record_of_token(const ApiToken& token) {
  std::vector<std::string> roles;
  for (const auto role : token.roles) roles.emplace_back(word(role));
  evidence::JsonText body;
  body.begin_object()
      .field("by", std::string_view(token.created_by))
      .field("change", std::string_view("token-created"))
      .field("expires", std::string_view(core::text(token.expires)))
      .field("id", std::string_view(token.id))
      .field("kind", kAccessKind)
      .field("name", std::string_view(token.name))
      .texts("roles", roles)
      .field("secret_sha256", std::string_view(core::hex(token.secret_sha256)))
      .texts("segments", token.segments)
      .field("time", std::string_view(core::text(token.created)))
      .end_object();
  return {kKind, body.take()};
}

evidence::Record record_of_revocation(const std::string& id, const std::string& by,
                                      core::WallTime now) {
  evidence::JsonText body;
  body.begin_object()
      .field("by", std::string_view(by))
      .field("change", std::string_view("token-revoked"))
      .field("id", std::string_view(id))
      .field("kind", kAccessKind)
      .field("time", std::string_view(core::text(now)))
      .end_object();
  return {kKind, body.take()};
}

Result<void> AccessBook::apply(std::string_view text) {
  boost::system::error_code failed;
  const auto body = json::parse(text, failed);
  if (failed || !body.is_object()) {
    return fail(ErrorCode::Corrupt, "an access record is not JSON");
  }
  const auto change = text_in(body.get_object(), "change");
  if (change == "token-created") {
    auto token = token_in(body.get_object());
    if (!token) return tl::unexpected(token.error());
    tokens_[token->id] = std::move(*token);
  } else if (change == "token-revoked") {
    const auto found = tokens_.find(text_in(body.get_object(), "id"));
    if (found == tokens_.end()) {
      return fail(ErrorCode::Corrupt, "an access record revokes a token that there never was");
    }
    found->second.revoked = true;
    found->second.revoked_by = text_in(body.get_object(), "by");
  }
  return {};
}

Result<AccessBook> load_access_book(const evidence::LogReader& log) {
  AccessBook book;
  Result<void> applied;
  auto scanned = log.scan(0, ~evidence::LeafIndex{0}, {kKind}, [&](const auto& record) {
    applied = book.apply(record.body);
    if (!applied) applied.error().message += fmt::format(" (record {})", record.index);
    return applied.has_value();
  });
  if (!scanned) return tl::unexpected(scanned.error());
  if (!applied) return tl::unexpected(applied.error());
  return book;
}

}  // namespace reachproof::orchestrator::api
