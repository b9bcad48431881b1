#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>

#include "core/address.h"
#include "orchestrator/api/event_stream.h"

namespace reachproof::orchestrator::api {

/// The connections of one server, within their bounds. Internal to the server.
class ConnectionBook {
 public:
  struct Connection {
    core::IpAddress peer;
    std::function<void()> cut;
    bool busy = false;  ///< a request is being read or answered
    std::shared_ptr<EventStream> stream;
  };
  using Place = std::list<Connection>::iterator;  ///< valid until leave()

  ConnectionBook(std::size_t connections_max, std::size_t of_address_max)
      : connections_max_(connections_max), of_address_max_(of_address_max) {}

  /// A place for one more connection of that peer; nothing where a bound is reached.
  [[nodiscard]] std::optional<Place> admit(const core::IpAddress& peer);
  void leave(Place place);
  void close_streams();
  void cut_idle();
  void cut_all();
  [[nodiscard]] std::size_t size() const { return connections_.size(); }

 private:
  std::size_t connections_max_;
  std::size_t of_address_max_;
  std::list<Connection> connections_;
  std::map<core::IpAddress, std::size_t> by_address_;
};

}  // namespace reachproof::orchestrator::api
