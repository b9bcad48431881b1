#pragma once

#include "core/error.h"
#include "reports/report.h"

namespace reachproof::reports {

/// The page with the report's data in it: one file that needs no network. `page` is what web/
/// builds; Internal where it has no place for data. Past kPageChecksMax checks those that came out
/// as intended are counts by pair, and departures are all there.
[[nodiscard]] Result<void> write_html(const Report& report, std::string_view page,
                                      const Sink& sink);
inline constexpr std::size_t kPageChecksMax = 20'000;

/// Of the bodies that a page embeds, so that it can be checked in a browser.
inline constexpr std::size_t kPageBodiesBytesMax = 16U << 20U;

}  // namespace reachproof::reports
