#pragma once

#include <map>
#include <string>
#include <string_view>

#include "tests/integration/second_opinion/probe_opinion.h"

namespace reachproof::second_opinion {

enum class Scan : std::uint8_t {
  Syn,      ///< -sS: raw packets, sees ICMP errors itself
  Connect,  ///< -sT: connect(), sees errno only
  Udp,      ///< -sU
};

/// What nmap says of one port.
struct PortOpinion {
  std::string state;      ///< "open", "closed", "filtered", "open|filtered"
  std::string reason;     ///< "syn-ack", "reset", "admin-prohibited", ...
  std::string reason_ip;  ///< who sent the answer, where it was not the target
};

/// Reads the ports out of nmap's XML: https://nmap.org/book/nmap-dtd.html, <port> and its <state>.
[[nodiscard]] std::map<core::Port, PortOpinion> ports_in(std::string_view xml);

[[nodiscard]] bool nmap_is_here();

/// nmap in a host of the lab.
class NmapOpinion {
 public:
  NmapOpinion(const lab::Lab& lab, const std::string& host, Scan scan, const Question& question);
  std::map<core::Port, PortOpinion> ports() { return ports_in(task_.rest()); }

 private:
  Task task_;
};

}  // namespace reachproof::second_opinion
