#pragma once

#include <cstddef>
#include <vector>

#include "lab/model.h"

namespace reachproof::lab {

/// Where a packet goes next on its way to a segment. Indices are those of Lab's vectors.
struct Hop {
  enum class Kind {
    None,     ///< there is no way
    Here,     ///< the segment stands at this node
    Router,   ///< a router of this segment, or over a transit link
    Segment,  ///< a segment that this router shares with the next one
  };
  Kind kind = Kind::None;
  std::size_t index = 0;
};

/// Shortest ways between all segments over the graph of segments and routers.
///
/// The way there is the way back: ties are broken by a fixed preference of each link, so that a
/// stateful firewall sees both directions of a flow.
struct NextHops {
  /// from_segment[s][t]: the router by which hosts of s go to t.
  std::vector<std::vector<Hop>> from_segment;
  /// from_router[r][t]: a router (over transit), a segment to cross, or Here.
  std::vector<std::vector<Hop>> from_router;

  [[nodiscard]] bool segment_reaches(std::size_t from, std::size_t to) const {
    return from == to || from_segment[from][to].kind != Hop::Kind::None;
  }
};

/// Wants a lab whose names are sound.
[[nodiscard]] NextHops next_hops(const Lab& lab);

/// A direct cable between two routers, each once.
struct TransitLink {
  std::size_t a = 0;
  std::size_t b = 0;
};

[[nodiscard]] std::vector<TransitLink> transit_links(const Lab& lab);

}  // namespace reachproof::lab
