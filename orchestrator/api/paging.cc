#include "orchestrator/api/paging.h"

#include <fmt/core.h>

#include <charconv>

#include "core/base64.h"

namespace reachproof::orchestrator::api {

std::string cursor_text(std::string_view list, std::string_view after) {
  std::string text(list);
  text += '\n';
  text += after;
  return core::base64url(core::bytes_of(text));
}

std::optional<std::string> cursor_after(std::string_view list, std::string_view cursor) {
  const auto bytes = core::from_base64url(cursor);
  if (!bytes) return std::nullopt;
  const std::string text(bytes->begin(), bytes->end());
  if (!text.starts_with(std::string(list) + '\n')) return std::nullopt;
  auto after = text.substr(list.size() + 1);
  if (!is_id(after)) return std::nullopt;
  return after;
}

Page page_of(Query& query, std::string_view list) {
  Page page{.after = {}, .limit = kLimitDefault};
  if (const auto found = query.values.find("limit"); found != query.values.end()) {
    const auto& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), page.limit);
    if (error != std::errc{} || end != text.data() + text.size() || page.limit < 1 ||
        page.limit > kLimitMax) {
      query.faults.push_back({"limit", "must be a whole number from 1 to 500"});
    }
  }
  if (const auto found = query.values.find("cursor"); found != query.values.end()) {
    if (auto after = cursor_after(list, found->second)) {
      page.after = std::move(*after);
    } else {
      query.faults.push_back({"cursor", "is not a cursor of this list"});
    }
  }
  return page;
}

Response list_response(std::string_view items, std::string_view list, std::string_view next_after) {
  const auto next = next_after.empty() ? std::string("null")
                                       : fmt::format("\"{}\"", cursor_text(list, next_after));
  return json_response(200, fmt::format("{{\"items\":{},\"next\":{}}}", items, next));
}

}  // namespace reachproof::orchestrator::api
