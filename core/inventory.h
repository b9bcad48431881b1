#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/flow.h"
#include "core/scenario.h"

/// Where workloads run, and how a probe gets there. `scenarios::load_inventory` makes one.
namespace reachproof::core {

/// How the orchestrator gets a probe onto an endpoint's host.
struct Launch {
  enum class Kind {
    None,      ///< no probe: the endpoint is a target only
    Local,     ///< a child process on this machine, in this network
    Netns,     ///< a child process in the named network namespace of this machine
    Enrolled,  ///< a probe of the fleet, by its name there
    Command,   ///< the given command, which must become a probe that speaks on its standard streams
  };
  Kind kind = Kind::None;
  std::string netns;
  std::string enrolled;
  std::vector<std::string> command;
};

/// Another way that leads to an endpoint: a service address, a node port, a load balancer.
struct Variant {
  std::string name;  ///< "service-address"
  IpAddress address;
  /// Where a port of the endpoint is reached there; a variant that lists some leads to these alone.
  std::map<ProtocolPort, Port> ports;
};

/// One running instance of a workload.
struct Endpoint {
  std::string name;
  std::string workload;  ///< never empty after loading: named, or found by the scenario's `match`
  std::vector<IpAddress> addresses;
  /// The name by which clients find it, empty for none: attempts then resolve it on the vantage.
  std::string hostname;
  std::vector<Variant> variants;
  Launch launch;
  /// Ports that are known to be served here; default deny is tried on them too.
  std::vector<PortRange> listens;
  /// Ports on which a witness must not open a listener of its own, even where they are free.
  std::vector<PortRange> keep_closed;
  std::map<std::string, std::string> attributes;  ///< keys as in Match::attributes
  SourceMark mark;
};

struct Inventory {
  std::string file;
  std::string text;
  std::vector<Endpoint> endpoints;
};

}  // namespace reachproof::core
