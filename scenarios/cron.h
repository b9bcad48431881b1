#pragma once

#include <string>
#include <string_view>

namespace reachproof::scenarios {

/// What is wrong with a cron expression of five fields (minute, hour, day of month, month, day of
/// week; numbers, `*`, ranges, steps, lists), or "" if it is sound. Names of months and days are
/// not part of the language.
[[nodiscard]] std::string cron_fault(std::string_view expression);

}  // namespace reachproof::scenarios
