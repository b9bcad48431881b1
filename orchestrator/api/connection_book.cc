#include "orchestrator/api/connection_book.h"

namespace reachproof::orchestrator::api {

std::optional<ConnectionBook::Place> ConnectionBook::admit(const core::IpAddress& peer) {
  const auto known = by_address_.find(peer);
  const std::size_t of_peer = known == by_address_.end() ? 0 : known->second;
  if (connections_.size() >= connections_max_ || of_peer >= of_address_max_) return std::nullopt;
  connections_.push_front({.peer = peer});
  ++by_address_[peer];
  return connections_.begin();
}

void ConnectionBook::leave(Place place) {
  if (place->stream) place->stream->close();
  const auto known = by_address_.find(place->peer);
  if (--known->second == 0) by_address_.erase(known);
  connections_.erase(place);
}

void ConnectionBook::close_streams() {
  for (auto& connection : connections_) {
    if (connection.stream) connection.stream->close();
  }
}

void ConnectionBook::cut_idle() {
  for (auto& connection : connections_) {
    if (!connection.busy) connection.cut();
  }
}

void ConnectionBook::cut_all() {
  for (auto& connection : connections_) connection.cut();
}

}  // namespace reachproof::orchestrator::api
