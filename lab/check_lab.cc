#include "lab/check_lab.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "lab/load.h"
#include "lab/places.h"
#include "lab/routes.h"
#include "lab/rule.h"

namespace reachproof::lab {
namespace {

using scenarios::Problems;

template <class T>
std::vector<std::string> names_of(const std::vector<T>& things) {
  std::vector<std::string> names;
  names.reserve(things.size());
  for (const auto& thing : things) names.push_back(thing.name);
  return names;
}

void check_name(const std::string& name, const std::string& kind, SourceMark mark,
                std::map<std::string, std::string>& owners, Problems& problems) {
  if (!is_name(name)) {
    problems.error(mark, fmt::format("`{}` cannot name a {}", name, kind),
                   "use 1 to 32 letters, digits, `-` and `_`, beginning with a letter");
  }
  if (is_rule_word(name) || name == "switch") {
    problems.error(
        mark, fmt::format("`{}` cannot name a {}: the word has a meaning of its own", name, kind));
  }
  const auto [first, fresh] = owners.emplace(name, kind);
  if (fresh) return;
  problems.error(mark,
                 fmt::format("{} `{}`: a {} has this name already", kind, name, first->second),
                 "every segment, router and host needs a name of its own");
}

void check_known(const std::string& name, const std::vector<std::string>& known,
                 const std::string& what, SourceMark mark, Problems& problems) {
  if (std::ranges::find(known, name) != known.end()) return;
  problems.error(mark, fmt::format("{} does not exist", what),
                 scenarios::did_you_mean(name, known));
}

void check_subnets(const Lab& lab, Problems& problems) {
  const auto transit = {*core::Cidr::parse(kTransitV4), *core::Cidr::parse(kTransitV6)};
  for (std::size_t i = 0; i < lab.segments.size(); ++i) {
    const auto& segment = lab.segments[i];
    for (const auto& block : segment.subnets) {
      for (const auto& reserved : transit) {
        if (!reserved.overlaps(block)) continue;
        problems.error(segment.mark, fmt::format("{} of segment {} overlaps {}, which the links "
                                                 "between routers use",
                                                 block.text(), segment.name, reserved.text()));
      }
      for (std::size_t k = 0; k < i; ++k) {
        for (const auto& other : lab.segments[k].subnets) {
          if (!block.overlaps(other)) continue;
          problems.error(segment.mark,
                         fmt::format("{} of segment {} overlaps {} of segment {}", block.text(),
                                     segment.name, other.text(), lab.segments[k].name));
        }
      }
    }
  }
}

void check_router(const Router& router, const Lab& lab, Problems& problems) {
  for (const auto& segment : router.segments) {
    check_known(segment, names_of(lab.segments),
                fmt::format("segment `{}` of router {}", segment, router.name), router.mark,
                problems);
  }
  for (const auto& peer : router.transit) {
    check_known(peer, names_of(lab.routers),
                fmt::format("router `{}` in the transit of router {}", peer, router.name),
                router.mark, problems);
    if (peer == router.name) {
      problems.error(router.mark, fmt::format("router {} is cabled to itself", router.name));
    }
  }
  auto sorted = router.segments;
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end()) {
    problems.error(router.mark, fmt::format("router {} names a segment twice", router.name));
  }
}

/// Every rule of a firewall with a function applied to it.
template <class Visit>
void each_rule(const Firewall& firewall, const Visit& visit) {
  for (const auto* chain : {&firewall.forward, &firewall.input, &firewall.output}) {
    if (!*chain) continue;
    for (const auto& rule : (*chain)->rules) visit(rule);
  }
}

bool check_places(const Lab& lab, const Rule& rule, Problems& problems) {
  bool sound = true;
  auto mentioned = rule.from;
  mentioned.insert(mentioned.end(), rule.to.begin(), rule.to.end());
  if (!rule.into.empty()) mentioned.push_back(rule.into);
  for (const auto& place : mentioned) {
    if (blocks_of(lab, place)) continue;
    sound = false;
    auto known = names_of(lab.segments);
    for (const auto& name : names_of(lab.hosts)) known.push_back(name);
    for (const auto& name : names_of(lab.routers)) known.push_back(name);
    problems.error(rule.mark,
                   fmt::format("the rule names `{}`, which is no segment, host, router, "
                               "address or subnet",
                               place),
                   scenarios::did_you_mean(place, known));
  }
  return sound;
}

void check_blackholes(const Lab& lab, const Router& router, Problems& problems) {
  for (const auto& place : router.blackhole) {
    if (!blocks_of(lab, place)) {
      problems.error(router.mark,
                     fmt::format("the blackhole `{}` of router {} is no segment, host, "
                                 "router, address or subnet",
                                 place, router.name));
    }
    if (std::ranges::find(router.segments, place) == router.segments.end()) continue;
    problems.error(
        router.mark,
        fmt::format("router {} stands in segment {}, so its routes lead there", router.name, place),
        "name hosts, or a part of the segment");
  }
}

void check_rule(const Lab& lab, const Rule& rule, Problems& problems) {
  if (rule.action == Rule::Action::Raw || !check_places(lab, rule, problems)) return;
  const bool v4 = ends_of(lab, rule, core::Family::V4).has_value();
  const bool v6 = ends_of(lab, rule, core::Family::V6).has_value();
  if (!v4 && !v6) {
    problems.error(rule.mark,
                   "the rule can match nothing: its two ends have no address family in "
                   "common");
    return;
  }
  if (rule.into.empty()) return;
  const auto into = *blocks_of(lab, rule.into);
  const bool fits = std::ranges::any_of(into, [&](const core::Cidr& block) {
    const bool single = block.prefix_bits == static_cast<int>(block.base.size()) * 8;
    return single && (block.base.family() == core::Family::V4 ? v4 : v6);
  });
  if (!fits) {
    problems.error(rule.mark,
                   fmt::format("`{}` has no single address of the family that the rule "
                               "speaks of",
                               rule.into),
                   "name a host or an address");
  }
}

}  // namespace

void check_names(const Lab& lab, Problems& problems) {
  std::map<std::string, std::string> owners;
  for (const auto& it : lab.segments) check_name(it.name, "segment", it.mark, owners, problems);
  for (const auto& it : lab.routers) check_name(it.name, "router", it.mark, owners, problems);
  for (const auto& it : lab.hosts) check_name(it.name, "host", it.mark, owners, problems);
  check_subnets(lab, problems);
  for (const auto& router : lab.routers) check_router(router, lab, problems);
  const auto segments = names_of(lab.segments);
  for (const auto& host : lab.hosts) {
    if (host.segment.empty()) continue;
    check_known(host.segment, segments,
                fmt::format("segment `{}` of host {}", host.segment, host.name), host.mark,
                problems);
  }
}

void check_reachability(const Lab& lab, Problems& problems) {
  const auto routes = next_hops(lab);
  for (std::size_t a = 0; a < lab.segments.size(); ++a) {
    if (lab.segments[a].isolated) continue;
    for (std::size_t b = 0; b < a; ++b) {
      if (lab.segments[b].isolated || routes.segment_reaches(a, b)) continue;
      problems.error(lab.segments[a].mark,
                     fmt::format("no router leads from segment {} to segment {}",
                                 lab.segments[a].name, lab.segments[b].name),
                     "add it to a router's `segments`, or mark it `isolated: true`");
      break;
    }
  }
}

void check_rules(const Lab& lab, Problems& problems) {
  const auto visit = [&](const Rule& rule) { check_rule(lab, rule, problems); };
  for (const auto& router : lab.routers) {
    check_blackholes(lab, router, problems);
    each_rule(router.firewall, visit);
  }
  for (const auto& host : lab.hosts) each_rule(host.firewall, visit);
}

}  // namespace reachproof::lab
