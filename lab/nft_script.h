#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lab/model.h"

/// Firewalls as nft text. Pure: what nft says to it is firewall.h's business.
namespace reachproof::lab {

/// Text for `nft -f`, every line with the place in the user's files that caused it.
struct NftScript {
  struct Origin {
    std::string file;
    int line = 0;
  };
  std::string text;
  std::vector<Origin> origins;  ///< one for each line
  std::size_t rules = 0;        ///< rules of `table inet lab`, to be found again when read back

  [[nodiscard]] bool empty() const { return text.empty(); }
  /// Where line `number` (from 1) came from; a line of 0 for "nowhere".
  [[nodiscard]] Origin origin(std::size_t number) const;
};

/// The rule set of one node. Raw text may use `$NAME.v4` and `$NAME.v6` for the addresses of every
/// segment, router and host.
[[nodiscard]] NftScript nft_script(const Lab& lab, const Firewall& firewall);

/// How many rules `table inet lab` has in what `nft -a list ruleset` printed.
[[nodiscard]] std::size_t rules_listed(std::string_view listing);

/// nft's complaints with the user's file and line before them instead of its own.
[[nodiscard]] std::string located(std::string_view complaint, const NftScript& script);

}  // namespace reachproof::lab
