#pragma once

#include <chrono>

#include "probe/first_hop.h"

namespace reachproof::probe {

enum class NeighbourAnswer {
  Answered,
  Silent,
  CouldNotAsk,  ///< no right to (CAP_NET_RAW), or a link without neighbours
};

/// Asks a neighbour whether it is there: an ARP request (RFC 826), or a neighbour solicitation
/// (RFC 4861 section 7.2.2), one each 100 ms until it answers or the time is over. It is what a
/// host's own kernel asks all the time; nothing leaves the link. Blocks for that long.
[[nodiscard]] NeighbourAnswer ask_neighbour(const NextHop& hop, std::chrono::milliseconds wait_max);

}  // namespace reachproof::probe
