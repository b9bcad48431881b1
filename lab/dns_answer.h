#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.h"

namespace reachproof::lab {

/// The answer of a lab's name server: A and AAAA from the table (its names in lower case), no data
/// for other types, NXDOMAIN for other names. Empty for what is no query: it gets no answer.
[[nodiscard]] std::vector<std::uint8_t> dns_answer(
    std::span<const std::uint8_t> query,
    const std::map<std::string, std::vector<core::IpAddress>>& names);

/// A name server's refusal to know anything: the response code of RFC 1035.
enum class DnsError : std::uint8_t { ServerFailure = 2, NoSuchName = 3 };

/// The error that a lab file calls "servfail" or "nxdomain".
[[nodiscard]] std::optional<DnsError> dns_error_of(std::string_view word);

/// The answer of a name server that has this error for every question. Empty for what is no query.
[[nodiscard]] std::vector<std::uint8_t> dns_answer(std::span<const std::uint8_t> query,
                                                   DnsError error);

}  // namespace reachproof::lab
