#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace reachproof::evidence {

/// What a bundle leaves out. The hashes always stay, so that inclusion can be proven.
enum class Redaction {
  None,
  /// Bodies of records, and files, in which a network address stands, and every body of a kind that
  /// is there to hold them.
  Addresses,
};

[[nodiscard]] std::string_view word(Redaction redaction);  ///< "none", "addresses"
[[nodiscard]] Result<Redaction> redaction_of(std::string_view word);

/// Whether an IPv4, IPv6 or hardware address stands somewhere in the text. Errs towards yes: four
/// numbers with dots between them count, whatever they are. Pure.
[[nodiscard]] bool mentions_address(std::string_view text);

/// Whether a record's body is left out.
[[nodiscard]] bool is_left_out(Redaction redaction, std::string_view kind, std::string_view body);

}  // namespace reachproof::evidence
