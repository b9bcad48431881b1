#pragma once

#include <string>

#include "reports/report.h"

namespace reachproof::reports {

/// A summary for a ticket, a pull request or a chat: what was not tested, the counts, the worst
/// departures (at most kMarkdownDepartures, then their number), what changed. GitHub's Markdown.
[[nodiscard]] std::string markdown(const Report& report);
inline constexpr std::size_t kMarkdownDepartures = 25;

}  // namespace reachproof::reports
