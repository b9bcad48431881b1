#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/flow.h"
#include "core/scenario.h"
#include "lab/rule.h"

/// A lab file as plain values, after everything in it was validated and every address was given.
/// docs/lab-format.md is the language that people write.
namespace reachproof::lab {

using core::SourceMark;

struct Segment {
  std::string name;
  std::vector<core::Cidr> subnets;  ///< at most one of each family
  bool isolated = false;            ///< may stand without a way to the others
  SourceMark mark;

  [[nodiscard]] const core::Cidr* subnet(core::Family family) const;
};

/// nft text as the user wrote it, with the place that each of its lines came from.
struct RawNft {
  std::string text;
  std::string file;          ///< the lab file, or the file that `nft-file` names
  int first_line = 1;        ///< where the text's first line stands in that file
  bool line_by_line = true;  ///< false where YAML folded the lines: all stand at first_line
};

/// One base chain of a node: a list of rules, or a body in nft's own words.
struct Chain {
  enum class Policy { Accept, Drop };
  Policy policy = Policy::Accept;
  std::vector<Rule> rules;
  std::optional<RawNft> body;
  SourceMark mark;
};

struct Firewall {
  std::optional<Chain> forward;  ///< routers only
  std::optional<Chain> input;
  std::optional<Chain> output;
  std::vector<RawNft> raw;  ///< whole tables
  [[nodiscard]] bool empty() const { return !forward && !input && !output && raw.empty(); }
};

/// What a host does on one port.
struct Listener {
  enum class Kind {
    Accept,  ///< takes connections, reads, answers nothing, closes when the peer does
    Close,   ///< takes a connection and closes it at once
    Reset,   ///< takes a connection and resets it
    Echo,    ///< sends back what comes (TCP and UDP)
    Http,    ///< answers one request; `argument` is the status, and a text where one is given
    Banner,  ///< sends `argument` first, then reads
    Mute,    ///< UDP: bound, never answers
    Dns,     ///< UDP: answers from the lab's names; `argument` is the error that it answers instead
    Closed,  ///< nothing listens, and nothing may
  };
  core::PortRange ports;  ///< one port, but for Closed
  Kind kind = Kind::Closed;
  std::string argument;
  SourceMark mark;
};

[[nodiscard]] std::string_view word(Listener::Kind kind);

struct Host {
  std::string name;
  std::string segment;
  std::string workload;  ///< its name in the scenario, empty for none
  std::string hostname;  ///< the name by which clients find it, empty for none
  std::string resolver;  ///< address of the name server, empty for the machine's own
  std::vector<core::IpAddress> addresses;
  bool probe = true;
  bool down = false;    ///< planned, but no such host answers
  bool gateway = true;  ///< whether a route leads out of its segment
  std::vector<Listener> listeners;
  Firewall firewall;
  SourceMark mark;
};

struct Router {
  std::string name;
  std::vector<std::string> segments;
  std::vector<std::string> transit;    ///< routers that it is cabled to directly
  std::vector<std::string> blackhole;  ///< places to which its routes lead nowhere
  std::vector<core::IpAddress> addresses;
  Firewall firewall;
  SourceMark mark;
};

struct Lab {
  std::string name;
  std::string file;  ///< as the user named it
  std::string text;  ///< the bytes that were read
  std::vector<Segment> segments;
  std::vector<Router> routers;
  std::vector<Host> hosts;
  std::map<std::string, std::vector<core::IpAddress>> names;  ///< what `dns` listeners answer

  [[nodiscard]] const Segment* segment(const std::string& segment_name) const;
  [[nodiscard]] const Host* host(const std::string& host_name) const;
  [[nodiscard]] const Router* router(const std::string& router_name) const;
};

/// Transit links take their addresses from here; no segment may overlap them.
inline constexpr std::string_view kTransitV4 = "198.18.0.0/15";
inline constexpr std::string_view kTransitV6 = "fd72:6561:6368::/48";

}  // namespace reachproof::lab
