#include "evidence/token_record.h"

#include <fmt/core.h>

#include <boost/json.hpp>
#include <limits>

#include "core/base64.h"
#include "core/utf8.h"
#include "evidence/json_text.h"

namespace reachproof::evidence {
namespace {

namespace json = boost::json;

constexpr std::size_t kTextBytesMax = 500;
constexpr auto kAll = std::numeric_limits<LeafIndex>::max();

std::string written(const TokenRecord& token, std::string_view authority_pem) {
  JsonText out;
  out.begin_object().field("authority", core::cut_utf8(token.authority, kTextBytesMax));
  out.field("authority_pem", authority_pem).field("kind", "timestamp");
  out.field("size", token.size).field("time", token.time);
  out.field("token", core::base64(core::bytes_of(token.token))).end_object();
  return out.take();
}

struct Fields {
  std::string authority;
  std::string authority_pem;
  std::string why;
  std::uint64_t size = 0;
};

std::optional<Fields> fields_in(std::string_view body) {
  json::error_code error;
  const auto value = json::parse(body, error);
  if (error || !value.is_object()) return std::nullopt;
  const auto text = [&](std::string_view name) -> std::string {
    const auto* field = value.get_object().if_contains(name);
    return field != nullptr && field->is_string() ? std::string(field->get_string()) : "";
  };
  const auto* size = value.get_object().if_contains("size");
  if (size == nullptr || !size->is_int64() || size->get_int64() < 0) return std::nullopt;
  return Fields{text("authority"), text("authority_pem"), text("why"),
                static_cast<std::uint64_t>(size->get_int64())};
}

}  // namespace

Record record_of_token(const TokenRecord& token) {
  auto body = written(token, token.authority_pem);
  if (body.size() > kBodyBytesMax) body = written(token, "");
  return {"timestamp", std::move(body)};
}

Record record_of_missing_anchor(const MissingAnchor& missing) {
  JsonText out;
  out.begin_object().field("authority", core::cut_utf8(missing.authority, kTextBytesMax));
  out.field("kind", "anchor-missing").field("size", missing.size);
  out.field("time", core::text(missing.time));
  out.field("why", core::cut_utf8(missing.why, kTextBytesMax)).end_object();
  return {"anchor-missing", out.take()};
}

Result<TokenAuthorities> token_authorities(const LogReader& log) {
  TokenAuthorities authorities;
  auto scanned = log.scan(0, kAll, {"timestamp"}, [&](const StoredRecord& record) {
    const auto fields = fields_in(record.body);
    if (fields && !fields->authority_pem.empty()) authorities[fields->size] = fields->authority_pem;
    return true;
  });
  if (!scanned) return tl::unexpected(scanned.error());
  return authorities;
}

Result<std::string> missing_anchor(const LogReader& log) {
  std::string missing;
  auto scanned = log.scan_back(kAll, {"timestamp", "anchor-missing"}, [&](const StoredRecord& r) {
    const auto fields = fields_in(r.body);
    if (r.kind == "anchor-missing" && fields) {
      missing = fmt::format("the checkpoint of {} records has no time stamp: {} ({}, record {})",
                            fields->size, fields->why, fields->authority, r.index);
    }
    return false;
  });
  if (!scanned) return tl::unexpected(scanned.error());
  return missing;
}

}  // namespace reachproof::evidence
