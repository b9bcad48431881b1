#pragma once

#include <string>
#include <vector>

#include "lab/model.h"

namespace reachproof::lab {

/// Which chain of the table a piece of a rule belongs to.
enum class Hook {
  Main,         ///< the chain in which the rule stands
  Loss,         ///< before all others: the quality of the line
  Prerouting,   ///< where destinations are translated
  Postrouting,  ///< where sources are
};

struct NftLine {
  Hook hook = Hook::Main;
  std::string text;
};

/// The connection mark of flows whose replies are lost.
inline constexpr std::string_view kLostMark = "0x1057";

/// A short rule in nft's words: one line for each family and protocol that it speaks of.
[[nodiscard]] std::vector<NftLine> nft_lines(const Lab& lab, const Rule& rule);

}  // namespace reachproof::lab
