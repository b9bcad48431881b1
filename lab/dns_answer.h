#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/address.h"

namespace reachproof::lab {

/// The answer of a lab's name server: A and AAAA from the table (its names in lower case), no data
/// for other types, NXDOMAIN for other names. Empty for what is no query: it gets no answer.
[[nodiscard]] std::vector<std::uint8_t> dns_answer(
    std::span<const std::uint8_t> query,
    const std::map<std::string, std::vector<core::IpAddress>>& names);

}  // namespace reachproof::lab
