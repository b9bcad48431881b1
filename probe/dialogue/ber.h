#pragma once

#include <optional>
#include <string>
#include <string_view>

/// The little of BER (ITU-T X.690) that LDAP, Kerberos and SNMP messages need: definite lengths
/// only.
namespace reachproof::probe {

/// One element, whose contents are within the input.
struct BerElement {
  std::uint8_t tag = 0;
  std::string_view contents;
  std::string_view rest;  ///< of the input, behind it
};

/// Where the element is not whole yet: nothing, and `whole_bytes` says how many it would have; 0
/// where that cannot be known yet, SIZE_MAX where it can be none.
[[nodiscard]] std::optional<BerElement> read_ber(std::string_view input, std::size_t& whole_bytes);
[[nodiscard]] std::optional<BerElement> read_ber(std::string_view input);
/// A small non-negative INTEGER or ENUMERATED's contents; -1 where it is none.
[[nodiscard]] int ber_number(std::string_view contents);

[[nodiscard]] std::string ber(std::uint8_t tag, std::string_view contents);
[[nodiscard]] std::string ber_integer(std::uint32_t value, std::uint8_t tag = 0x02);

}  // namespace reachproof::probe
