#include "lab/routes.h"

#include <algorithm>
#include <cstdint>
#include <queue>
#include <set>

namespace reachproof::lab {
namespace {

using Cost = std::uint64_t;

struct Edge {
  std::size_t to = 0;
  Cost cost = 0;
};

template <class T>
std::size_t index_of(const std::vector<T>& things, const std::string& name) {
  return static_cast<std::size_t>(std::ranges::find(things, name, &T::name) - things.begin());
}

/// A hop counts far more than the preference, which is scattered (splitmix64) so that the sums of
/// two ways differ, too: numbers in a row would tie around a ring.
Cost cost_of(std::size_t link) {
  Cost mixed = (link + 1) * 0x9e3779b97f4a7c15U;
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
  return (Cost{1} << 48U) + (mixed >> 28U);
}

/// Segments come first, routers after them.
class Graph {
 public:
  explicit Graph(const Lab& lab) : edges_(lab.segments.size() + lab.routers.size()) {
    const auto first_router = lab.segments.size();
    for (std::size_t r = 0; r < lab.routers.size(); ++r) {
      for (const auto& name : lab.routers[r].segments) {
        join(first_router + r, index_of(lab.segments, name));
      }
    }
    for (const auto& link : transit_links(lab)) join(first_router + link.a, first_router + link.b);
  }

  /// For every node the neighbour that is next on the way to `target`; itself where there is none.
  [[nodiscard]] std::vector<std::size_t> towards(std::size_t target) const {
    std::vector<std::size_t> next(edges_.size());
    for (std::size_t i = 0; i < next.size(); ++i) next[i] = i;
    std::vector<Cost> cost(edges_.size(), UINT64_MAX);
    using Entry = std::pair<Cost, std::size_t>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
    cost[target] = 0;
    open.emplace(0, target);
    while (!open.empty()) {
      const auto [so_far, node] = open.top();
      open.pop();
      if (so_far > cost[node]) continue;
      for (const auto& edge : edges_[node]) {
        if (so_far + edge.cost >= cost[edge.to]) continue;
        cost[edge.to] = so_far + edge.cost;
        next[edge.to] = node;
        open.emplace(cost[edge.to], edge.to);
      }
    }
    return next;
  }

 private:
  void join(std::size_t a, std::size_t b) {
    edges_[a].push_back({b, cost_of(links_)});
    edges_[b].push_back({a, cost_of(links_)});
    ++links_;
  }

  std::vector<std::vector<Edge>> edges_;
  std::size_t links_ = 0;
};

}  // namespace

std::vector<TransitLink> transit_links(const Lab& lab) {
  std::vector<TransitLink> links;
  std::set<std::pair<std::size_t, std::size_t>> seen;
  for (std::size_t a = 0; a < lab.routers.size(); ++a) {
    for (const auto& name : lab.routers[a].transit) {
      const auto b = index_of(lab.routers, name);
      if (b == lab.routers.size() || a == b) continue;
      if (seen.insert(std::minmax(a, b)).second) links.push_back({a, b});
    }
  }
  return links;
}

NextHops next_hops(const Lab& lab) {
  const Graph graph(lab);
  const auto segments = lab.segments.size();
  const auto routers = lab.routers.size();
  NextHops hops;
  hops.from_segment.assign(segments, std::vector<Hop>(segments));
  hops.from_router.assign(routers, std::vector<Hop>(segments));
  for (std::size_t target = 0; target < segments; ++target) {
    const auto next = graph.towards(target);
    for (std::size_t s = 0; s < segments; ++s) {
      if (s == target)
        hops.from_segment[s][target] = {Hop::Kind::Here, s};
      else if (next[s] != s)
        hops.from_segment[s][target] = {Hop::Kind::Router, next[s] - segments};
    }
    for (std::size_t r = 0; r < routers; ++r) {
      const auto node = segments + r;
      if (next[node] == node) continue;
      auto& hop = hops.from_router[r][target];
      if (next[node] == target)
        hop = {Hop::Kind::Here, target};
      else if (next[node] < segments)
        hop = {Hop::Kind::Segment, next[node]};
      else
        hop = {Hop::Kind::Router, next[node] - segments};
    }
  }
  return hops;
}

}  // namespace reachproof::lab
