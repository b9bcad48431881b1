#pragma once

#include <array>
#include <iosfwd>
#include <string>
#include <vector>

/// The verdict lab: every kind of network between a source and every kind of target, with the
/// verdict that must come of it. The lab, the scenario and docs/verdict-lab.md are made of this
/// table; nothing else says what is expected.
namespace reachproof::testing {

/// "reachability proof reason".
using Words = const char*;

/// What lies between the client and one port of each target.
struct Network {
  const char* name;
  const char* rule;  ///< of the router, %1 the target, %2 the port; empty for none
  bool over_udp;     ///< exists over UDP as well
  // With a witness on the target's host.
  Words listening_seen;
  Words closed_seen;
  // Without one; an allowed vantage proves the target before and after, where it can.
  Words listening_blind;
  Words closed_blind;
  Words down;  ///< no such host
};

inline constexpr Words kOpenProved = "open proved handshake-seen";
inline constexpr Words kOpen = "open corroborated connected";
inline constexpr Words kLatent = "latent proved nothing-listens";
inline constexpr Words kOneWay = "one-way proved reply-lost";
inline constexpr Words kDropped = "blocked proved dropped-on-the-way";
inline constexpr Words kRejected = "blocked proved rejected-on-the-way";
inline constexpr Words kIcmp = "blocked proved rejected-by-icmp";
inline constexpr Words kDroppedBlind = "blocked corroborated dropped-on-the-way";
inline constexpr Words kRejectedBlind = "blocked corroborated rejected-on-the-way";
inline constexpr Words kIcmpBlind = "blocked corroborated rejected-by-icmp";
inline constexpr Words kByHost = "blocked proved host-firewall";
inline constexpr Words kIntercepted = "inconclusive none intercepted";
inline constexpr Words kByWhom = "inconclusive none refused-by-whom";
inline constexpr Words kNotAlive = "inconclusive none target-not-alive";
inline constexpr Words kUdpSilence = "inconclusive none udp-silence";
/// Silent where any try was lost: the dice say which.
inline constexpr Words kSilenceOrByWhom = "inconclusive none udp-silence or refused-by-whom";
inline constexpr Words kLocalError = "inconclusive none local-error";
inline constexpr Words kDnsFailed = "inconclusive none dns-failed";

// What is dropped for want of a route is marked by port, and sent to a blackhole (see lab_text()).
inline constexpr const char* kBlackhole = "BLACKHOLE";
// The router answers in the target's place, and asks the target only who finished the handshake.
inline constexpr const char* kSynProxy = "SYN PROXY";

inline constexpr std::array<Network, 12> kTcp{{
    {"accept", "", true, kOpenProved, kLatent, kOpen, kByWhom, kNotAlive},
    {"drop", "drop from client to %1 %2", true, kDropped, kDropped, kDroppedBlind, kNotAlive,
     kNotAlive},
    {"reject-rst", "reject rst from client to %1 %2", false, kRejected, kRejected, kRejectedBlind,
     kByWhom, kByWhom},
    {"reject-port-unreachable", "reject port-unreachable from client to %1 %2", true, kIcmp, kIcmp,
     kIcmpBlind, kNotAlive, kNotAlive},
    {"reject-admin-prohibited", "reject admin-prohibited from client to %1 %2", true, kIcmp, kIcmp,
     kIcmpBlind, kNotAlive, kNotAlive},
    {"blackhole-route", kBlackhole, true, kDropped, kDropped, kDroppedBlind, kNotAlive, kNotAlive},
    // A lost reply looks like a drop where nobody watches: the one weak pass that is left. Where
    // nothing listens the host says so, and only that answer is lost: latent, not one-way.
    {"replies-lost", "drop-replies from client to %1 %2", true, kOneWay, kLatent, kDroppedBlind,
     kNotAlive, kNotAlive},
    {"dnat", "dnat from client to %1 %2 into decoy port 7", true, kIntercepted, kIntercepted, kOpen,
     kOpen, kIntercepted},
    {"loss-30-percent", "lose 30% from client to %1 %2", true, kOpenProved, kLatent, kOpen, kByWhom,
     kNotAlive},
    {"reset-after-handshake", "", false, kOpenProved, kLatent, kOpen, kByWhom, kNotAlive},
    // The target sees the router's address and another port: found again by mark and nonce.
    {"masquerade", "masquerade from client to %1 %2", true, kOpenProved, kLatent, kOpen, kByWhom,
     kNotAlive},
    {"syn-proxy", kSynProxy, false, kOpenProved, kIntercepted, kOpen, kOpen, kIntercepted},
}};

inline constexpr std::array<Network, 9> kUdp{{
    {"accept", "", true, kOpenProved, kLatent, kOpen, kByWhom, kUdpSilence},
    {"drop", "drop from client to %1 %2", true, kDropped, kDropped, kUdpSilence, kUdpSilence,
     kUdpSilence},
    {"reject-port-unreachable", "reject port-unreachable from client to %1 %2", true, kIcmp, kIcmp,
     kIcmpBlind, kNotAlive, kNotAlive},
    {"reject-admin-prohibited", "reject admin-prohibited from client to %1 %2", true, kIcmp, kIcmp,
     kIcmpBlind, kNotAlive, kNotAlive},
    {"blackhole-route", kBlackhole, true, kDropped, kDropped, kUdpSilence, kUdpSilence,
     kUdpSilence},
    {"replies-lost", "drop-replies from client to %1 %2", true, kOneWay, kLatent, kUdpSilence,
     kUdpSilence, kUdpSilence},
    {"dnat", "dnat from client to %1 %2 into decoy port 7", true, kIntercepted, kIntercepted, kOpen,
     kOpen, kIntercepted},
    {"loss-30-percent", "lose 30% from client to %1 %2", true, kOpenProved, kLatent, kOpen,
     kUdpSilence, kUdpSilence},
    {"masquerade", "masquerade from client to %1 %2", true, kOpenProved, kLatent, kOpen, kByWhom,
     kUdpSilence},
}};

/// Pings, each network with hosts of its own: an echo request has no port that could tell them
/// apart.
struct EchoNetwork {
  const char* name;
  const char* rule;   ///< of the router, %1 the target; empty for none
  const char* input;  ///< of the target's own firewall; empty for none
  Words seen;
  Words blind;
};
inline constexpr std::array<EchoNetwork, 6> kEcho{{
    {"accept", "", "", kOpenProved, kOpen},
    {"drop", "drop from client to %1 icmp", "", kDropped, kUdpSilence},
    {"reject-admin-prohibited", "reject admin-prohibited from client to %1 icmp", "", kIcmp,
     kIcmpBlind},
    {"replies-lost", "drop-replies from client to %1 icmp", "", kOneWay, kUdpSilence},
    {"loss-30-percent", "lose 30% from client to %1 icmp", "", kOpenProved, kOpen},
    {"host-drop", "", "drop from any to any icmp", kByHost, kUdpSilence},
}};

/// Enforcement on a host itself.
struct HostCell {
  const char* name;
  const char* port;
  const char* rule;  ///< of the host's input (destination) or output (source); %2 the port
  Words expected;
};
inline constexpr std::array<HostCell, 5> kDestination{{
    {"tcp-drop", "tcp/3001", "drop from any to any %2", kByHost},
    {"tcp-rst", "tcp/3002", "reject rst from any to any %2", kByHost},
    {"tcp-port-unreachable", "tcp/3003", "reject port-unreachable from any to any %2", kByHost},
    {"udp-drop", "udp/3001", "drop from any to any %2", kByHost},
    {"udp-port-unreachable", "udp/3003", "reject port-unreachable from any to any %2", kByHost},
}};
inline constexpr std::array<HostCell, 5> kSource{{
    {"tcp-drop", "tcp/3011", "drop from any to any %2", kDropped},
    {"tcp-rst", "tcp/3012", "reject rst from any to any %2", kRejected},
    {"tcp-admin-prohibited", "tcp/3013", "reject admin-prohibited from any to any %2", kIcmp},
    {"udp-drop", "udp/3011", "drop from any to any %2", kLocalError},
    {"udp-admin-prohibited", "udp/3013", "reject admin-prohibited from any to any %2", kLocalError},
}};

/// One cell, with the check that decides it.
struct Cell {
  std::string group;    ///< "TCP", "UDP", "host", "no route", "DNS"
  std::string network;  ///< what lies in between
  std::string target;   ///< "listening", "closed", "down"
  std::string family;   ///< "v4", "v6"
  bool witnessed = false;
  std::string check;  ///< id in the scenario
  std::string expected;
};

/// For GoogleTest's messages.
void PrintTo(const Cell& cell, std::ostream* out);

[[nodiscard]] std::vector<Cell> all_cells();
/// The lab in which they all are, and the scenario that checks them.
[[nodiscard]] std::string lab_text();
[[nodiscard]] std::string scenario_text();
/// nft and ip commands for the router, which the lab's language does not have.
[[nodiscard]] std::string blackhole_commands();
/// docs/verdict-lab.md.
[[nodiscard]] std::string matrix_markdown();

}  // namespace reachproof::testing
