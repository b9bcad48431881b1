#include "lab/model.h"

#include <algorithm>

namespace reachproof::lab {
namespace {

template <class T>
const T* named(const std::vector<T>& things, const std::string& name) {
  const auto found = std::ranges::find(things, name, &T::name);
  return found == things.end() ? nullptr : &*found;
}

}  // namespace

std::string_view word(Listener::Kind kind) {
  switch (kind) {
    case Listener::Kind::Accept:
      return "accept";
    case Listener::Kind::Close:
      return "close";
    case Listener::Kind::Reset:
      return "reset";
    case Listener::Kind::Echo:
      return "echo";
    case Listener::Kind::Http:
      return "http";
    case Listener::Kind::Banner:
      return "banner";
    case Listener::Kind::Mute:
      return "mute";
    case Listener::Kind::Dns:
      return "dns";
    case Listener::Kind::Closed:
      return "closed";
  }
  return "?";
}

const core::Cidr* Segment::subnet(core::Family family) const {
  const auto fits = [&](const core::Cidr& cidr) { return cidr.base.family() == family; };
  const auto found = std::ranges::find_if(subnets, fits);
  return found == subnets.end() ? nullptr : &*found;
}

const Segment* Lab::segment(const std::string& segment_name) const {
  return named(segments, segment_name);
}
const Host* Lab::host(const std::string& host_name) const {
  return named(hosts, host_name);
}
const Router* Lab::router(const std::string& router_name) const {
  return named(routers, router_name);
}

}  // namespace reachproof::lab
