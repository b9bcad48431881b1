#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/api/backend.h"
#include "orchestrator/api/query.h"

/// Lists in parts. A cursor is opaque to callers: it names the list that it came from and the last
/// object of the part before. It gives no right: what is beyond it is asked for as always. Pure.
namespace reachproof::orchestrator::api {

inline constexpr std::size_t kLimitDefault = 100;
inline constexpr std::size_t kLimitMax = 500;

[[nodiscard]] std::string cursor_text(std::string_view list, std::string_view after);
/// The last object of the part before; nothing where that is not a cursor of this list.
[[nodiscard]] std::optional<std::string> cursor_after(std::string_view list,
                                                      std::string_view cursor);

/// `limit` and `cursor` of a query. What is wrong with them is added to its faults.
[[nodiscard]] Page page_of(Query& query, std::string_view list);

/// {"items": [...], "next": cursor or null}; `items` are JSON already.
[[nodiscard]] Response list_response(std::string_view items, std::string_view list,
                                     std::string_view next_after);

}  // namespace reachproof::orchestrator::api
