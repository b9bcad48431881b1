#pragma once

#include <string>

#include "tests/integration/verdict_lab/cells.h"

/// What a probe and a witness must see in each cell, before anything is concluded of it.
namespace reachproof::testing {

struct Facts {
  /// What may come of a try: "connected", "refused", "timed-out", "unreachable 3/13" (ICMP type and
  /// code of the cell's family), "local-error", "dns-failed". Several with " or ".
  std::string outcome;
  /// What the witness sees of a try: "arrives", "nothing", "either" where the dice say; empty where
  /// nothing is sent.
  std::string sighting;
};
/// Every cell has its facts; one that the table lacks fails its test.
[[nodiscard]] Facts facts_of(const Cell& cell);

/// The same for the page: both families' codes in one.
[[nodiscard]] Facts facts_for_page(const Cell& cell);

}  // namespace reachproof::testing
