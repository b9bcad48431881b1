#include "tests/integration/verdict_lab/cells.h"

#include <fmt/core.h>

#include <iterator>
#include <map>
#include <ostream>

#include "tests/integration/verdict_lab/facts.h"

namespace reachproof::testing {
namespace {

constexpr int kListening = 1000;  ///< plus the network's number
constexpr int kClosed = 1100;
constexpr std::array<const char*, 2> kFamilies{"v4", "v6"};
constexpr std::array<const char*, 3> kTargets{"seen", "blind", "gone"};

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what)) {
    text.replace(at, what.size(), with);
  }
  return text;
}

std::string port(const char* protocol, int number) {
  return fmt::format("{}/{}", protocol, number);
}

/// Calls take(network, protocol, number) for each network of both protocols.
template <class Take>
void each_network(Take take) {
  for (std::size_t i = 0; i < kTcp.size(); ++i) take(kTcp[i], "tcp", static_cast<int>(i));
  for (std::size_t i = 0; i < kUdp.size(); ++i) take(kUdp[i], "udp", static_cast<int>(i));
}

std::string router_rules() {
  std::string rules;
  each_network([&](const Network& network, const char* protocol, int number) {
    if (std::string(network.rule).empty() || network.rule == kBlackhole) return;
    if (network.rule == kSynProxy) return;
    for (const auto* target : kTargets) {
      for (const auto* family : kFamilies) {
        for (const int base : {kListening, kClosed}) {
          auto rule = replaced(network.rule, "%1", fmt::format("{}-{}", target, family));
          fmt::format_to(std::back_inserter(rules), "      - {}\n",
                         replaced(rule, "%2", port(protocol, base + number)));
        }
      }
    }
  });
  for (std::size_t i = 0; i < kEcho.size(); ++i) {
    if (std::string(kEcho[i].rule).empty()) continue;
    for (const auto* target : {"seen", "blind"}) {
      for (const auto* family : kFamilies) {
        fmt::format_to(
            std::back_inserter(rules), "      - {}\n",
            replaced(kEcho[i].rule, "%1", fmt::format("echo{}-{}-{}", i, target, family)));
      }
    }
  }
  return rules;
}

std::string echo_host(std::size_t network, const char* target, const char* family) {
  return fmt::format("echo{}-{}-{}", network, target, family);
}

/// Calls take(network, number, target, family) for each host that is pinged.
template <class Take>
void each_echo(Take take) {
  for (std::size_t i = 0; i < kEcho.size(); ++i) {
    for (const auto* target : {"seen", "blind"}) {
      for (const auto* family : kFamilies) take(kEcho[i], i, target, family);
    }
  }
}

std::string listeners() {
  std::string out;
  each_network([&](const Network& network, const char* protocol, int number) {
    const bool resets = std::string(network.name) == "reset-after-handshake";
    const bool tcp = protocol == std::string("tcp");
    fmt::format_to(std::back_inserter(out), "      {}: {}\n      {}: closed\n",
                   port(protocol, kListening + number),
                   !tcp     ? "echo"
                   : resets ? "reset"
                            : "accept",
                   port(protocol, kClosed + number));
  });
  return out;
}

std::string address_of(const std::string& name, const char* family) {
  static const std::map<std::string, int> kNumbers{{"seen", 20},    {"blind", 30}, {"gone", 40},
                                                   {"hard", 50},    {"plain", 60}, {"named", 70},
                                                   {"hostless", 80}};
  const int number = kNumbers.at(name);
  return family == std::string("v4") ? fmt::format("10.2.0.{}", number)
                                     : fmt::format("\"fd00:2::{}\"", number);
}

template <std::size_t N>
std::string host_rules(const std::array<HostCell, N>& cells) {
  std::string out;
  for (const auto& cell : cells) {
    fmt::format_to(std::back_inserter(out), "        - {}\n", replaced(cell.rule, "%2", cell.port));
  }
  return out;
}

template <std::size_t N>
std::string host_listeners(const std::array<HostCell, N>& cells) {
  std::string out;
  for (const auto& cell : cells) {
    const bool tcp = std::string(cell.port).starts_with("tcp");
    fmt::format_to(std::back_inserter(out), "      {}: {}\n", cell.port, tcp ? "accept" : "echo");
  }
  return out;
}

}  // namespace

void PrintTo(const Cell& cell, std::ostream* out) {
  *out << cell.check << ", " << cell.expected;
}

std::string lab_text() {
  std::string text =
      "version: 1\nname: LAB\nsegments:\n  left: [10.1.0.0/24, \"fd00:1::/64\"]\n"
      "  right: [10.2.0.0/24, \"fd00:2::/64\"]\n  dmz: [10.3.0.0/24, \"fd00:3::/64\"]\n"
      "routers:\n  fw:\n    segments: [left, right, dmz]\n    policy: accept\n    rules:\n" +
      router_rules() +
      "hosts:\n  client: { segment: left, workload: client }\n"
      "  peer: { segment: dmz, workload: peer }\n"
      "  stray: { segment: left, workload: stray, gateway: false }\n"
      "  decoy: { segment: dmz, listeners: { tcp/7: accept, udp/7: echo } }\n"
      "  names: { segment: dmz, listeners: { udp/53: dns nxdomain } }\n"
      "  mute: { segment: dmz, listeners: { udp/53: mute } }\n"
      "  failing: { segment: dmz, listeners: { udp/53: dns servfail } }\n"
      "  asker-nxdomain: { segment: left, workload: asker-nxdomain, resolver: names }\n"
      "  asker-silence: { segment: left, workload: asker-silence, resolver: mute }\n"
      "  asker-servfail: { segment: left, workload: asker-servfail, resolver: failing }\n";
  fmt::format_to(std::back_inserter(text),
                 "  lonely:\n    segment: left\n    workload: lonely\n    output:\n      policy: "
                 "accept\n      rules:\n{}",
                 host_rules(kSource));
  for (const auto* family : kFamilies) {
    const auto host = [&](const char* name, const char* more, const std::string& ports) {
      fmt::format_to(std::back_inserter(text),
                     "  {0}-{1}:\n    segment: right\n    workload: {0}-{1}\n    addresses: "
                     "[{2}]\n{3}{4}{5}",
                     name, family, address_of(name, family), more,
                     ports.empty() ? "" : "    listeners:\n", ports);
    };
    host("seen", "", listeners());
    host("blind", "    probe: false\n", listeners());
    host("gone", "    probe: false\n    down: true\n", "");
    host("hard",
         ("    input:\n      policy: accept\n      rules:\n" + host_rules(kDestination)).c_str(),
         host_listeners(kDestination));
    host("plain", "", host_listeners(kSource));
    host("named", fmt::format("    hostname: named-{}.example\n", family).c_str(),
         "      tcp/80: accept\n");
  }
  each_echo([&](const EchoNetwork& network, std::size_t number, const char* target,
                const char* family) {
    const bool blind = std::string(target) == "blind";
    const auto last = 100 + number * 2 + (blind ? 1 : 0);
    const auto address = family == std::string("v4") ? fmt::format("10.2.0.{}", last)
                                                     : fmt::format("\"fd00:2::{}\"", last);
    fmt::format_to(
        std::back_inserter(text),
        "  {0}:\n    segment: right\n    workload: {0}\n    addresses: [{1}]\n{2}{3}",
        echo_host(number, target, family), address, blind ? "    probe: false\n" : "",
        std::string(network.input).empty()
            ? ""
            : fmt::format("    input:\n      policy: accept\n      rules: [{}]\n", network.input));
  });
  return text;
}

std::string blackhole_commands() {
  std::string commands =
      "nft add table inet holes\nnft add chain inet holes marked '{ type filter hook prerouting "
      "priority -150; }'\n";
  each_network([&](const Network& network, const char* protocol, int number) {
    if (network.rule != kBlackhole) return;
    for (const int base : {kListening, kClosed}) {
      fmt::format_to(
          std::back_inserter(commands),
          "nft add rule inet holes marked ip saddr 10.1.0.0/24 {0} dport {1} meta mark set "
          "7\nnft add rule inet holes marked ip6 saddr fd00:1::/64 {0} dport {1} meta mark "
          "set 7\n",
          protocol, base + number);
    }
  });
  // A handshake that conntrack did not see must not look established (nft(8), synproxy).
  commands +=
      "echo 0 > /proc/sys/net/netfilter/nf_conntrack_tcp_loose\nnft add table inet syns\n"
      "nft add chain inet syns raw '{ type filter hook prerouting priority -300; }'\n"
      "nft add chain inet syns forward '{ type filter hook forward priority -1; }'\n";
  each_network([&](const Network& network, const char*, int number) {
    if (network.rule != kSynProxy) return;
    for (const int base : {kListening, kClosed}) {
      fmt::format_to(std::back_inserter(commands),
                     "nft add rule inet syns raw iifname left tcp dport {0} 'tcp flags & "
                     "(fin|syn|rst|ack) == syn' notrack\nnft add rule inet syns forward tcp dport "
                     "{0} ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp "
                     "sack-perm\n",
                     base + number);
    }
  });
  for (const auto* family : {"-4", "-6"}) {
    fmt::format_to(std::back_inserter(commands),
                   "ip {0} rule add fwmark 7 lookup 77\nip {0} route add blackhole default table "
                   "77\n",
                   family);
  }
  return commands;
}

std::vector<Cell> all_cells() {
  std::vector<Cell> cells;
  for (const auto* family : kFamilies) {
    each_network([&](const Network& network, const char* protocol, int number) {
      const auto add = [&](const char* target, const char* workload, int base, bool witnessed,
                           Words expected) {
        const bool loss = std::string(network.name) == "loss-30-percent";
        cells.push_back({.group = protocol == std::string("tcp") ? "TCP" : "UDP",
                         .network = network.name,
                         .target = target,
                         .family = family,
                         .witnessed = witnessed,
                         .check = fmt::format("{}/client/{}-{}/{}", loss ? "XL" : "X", workload,
                                              family, port(protocol, base + number)),
                         .expected = expected});
      };
      add("listening", "seen", kListening, true, network.listening_seen);
      add("closed", "seen", kClosed, true, network.closed_seen);
      add("listening", "blind", kListening, false, network.listening_blind);
      add("closed", "blind", kClosed, false, network.closed_blind);
      add("down", "gone", kListening, false, network.down);
    });
    const auto host = [&](const HostCell& cell, const char* rule, const char* from, const char* to,
                          const char* where) {
      cells.push_back({.group = "host",
                       .network = fmt::format("{} {}", where, cell.name),
                       .target = "listening",
                       .family = family,
                       .witnessed = true,
                       .check = fmt::format("{}/{}/{}-{}/{}", rule, from, to, family, cell.port),
                       .expected = cell.expected});
    };
    for (const auto& cell : kDestination) host(cell, "XD", "client", "hard", "destination");
    for (const auto& cell : kSource) host(cell, "XS", "lonely", "plain", "source");
    for (std::size_t i = 0; i < kEcho.size(); ++i) {
      for (const bool witnessed : {true, false}) {
        const auto* target = witnessed ? "seen" : "blind";
        const bool loss = std::string(kEcho[i].name) == "loss-30-percent";
        cells.push_back({.group = "ICMP",
                         .network = kEcho[i].name,
                         .target = "listening",
                         .family = family,
                         .witnessed = witnessed,
                         .check = fmt::format("{}/client/{}/icmp/echo", loss ? "XL" : "X",
                                              echo_host(i, target, family)),
                         .expected = witnessed ? kEcho[i].seen : kEcho[i].blind});
      }
    }
    for (const auto* protocol : {"tcp", "udp"}) {
      cells.push_back({.group = "no route",
                       .network = std::string("no route at the source, ") + protocol,
                       .target = "listening",
                       .family = family,
                       .witnessed = true,
                       .check = fmt::format("XN/stray/seen-{}/{}/{}", family, protocol, kListening),
                       .expected = kLocalError});
    }
    for (const auto* fault : {"nxdomain", "servfail", "silence"}) {
      cells.push_back({.group = "DNS",
                       .network = fault,
                       .target = "listening",
                       .family = family,
                       .witnessed = true,
                       .check = fmt::format("XQ/asker-{}/named-{}/tcp/80", fault, family),
                       .expected = kDnsFailed});
    }
  }
  return cells;
}

std::string scenario_text() {
  std::string text =
      "version: 1\nname: verdict-lab\ndefaults: { check: { attempts: 3, timeout: 700ms } }\n"
      "limits: { rate: 400/s, per-target: 100/s }\n"
      "segments: { left: { mode: observe }, right: { mode: observe }, dmz: { mode: observe } }\n"
      "workloads:\n  client: { segment: left }\n  lonely: { segment: left }\n  stray: { segment: "
      "left }\n  peer: { segment: dmz }\n";
  for (const auto* fault : {"nxdomain", "servfail", "silence"}) {
    fmt::format_to(std::back_inserter(text), "  asker-{}: {{ segment: left }}\n", fault);
  }
  for (const auto* family : kFamilies) {
    for (const auto* target : {"seen", "blind", "gone", "hard", "plain", "named"}) {
      fmt::format_to(std::back_inserter(text), "  {}-{}: {{ segment: right }}\n", target, family);
    }
  }
  each_echo([&](const EchoNetwork&, std::size_t number, const char* target, const char* family) {
    fmt::format_to(std::back_inserter(text), "  {}: {{ segment: right }}\n",
                   echo_host(number, target, family));
  });
  std::map<std::string, std::map<std::string, std::string>> ports;  // rule and target to ports
  for (const auto& cell : all_cells()) {
    const auto first = cell.check.find('/');
    const auto second = cell.check.find('/', first + 1);
    const auto third = cell.check.find('/', second + 1);
    auto& list =
        ports[cell.check.substr(0, second)][cell.check.substr(second + 1, third - second - 1)];
    list += (list.empty() ? "" : ", ") + cell.check.substr(third + 1);
  }
  text += "flows:\n";
  int number = 0;
  for (const auto& [rule, targets] : ports) {
    for (const auto& [target, list] : targets) {
      const bool blind = target.find("blind") != std::string::npos;
      if (!blind && !target.starts_with("gone")) continue;
      fmt::format_to(std::back_inserter(text),
                     "  - {{ id: F{}, from: peer, to: {}, service: [{}], need: permitted }}\n",
                     ++number, target, list);
    }
  }
  // The lonely one must reach something, or nothing of it would count.
  for (const auto* family : kFamilies) {
    fmt::format_to(
        std::back_inserter(text),
        "  - {{ id: F{}, from: lonely, to: seen-{}, service: tcp/{}, need: required }}\n", ++number,
        family, kListening);
  }
  text += "forbids:\n";
  // A rule has one id; its targets differ in their ports, so that each has a forbid of its own. The
  // ids of checks then begin with the rule's, which all_cells() says without its number.
  number = 0;
  for (const auto& [rule, targets] : ports) {
    const auto slash = rule.find('/');
    for (const auto& [target, list] : targets) {
      fmt::format_to(std::back_inserter(text),
                     "  - {{ id: {}.{}, from: {}, to: {}, service: [{}]{} }}\n",
                     rule.substr(0, slash), ++number, rule.substr(slash + 1), target, list,
                     rule.starts_with("XL") ? ", check: { attempts: 30 }" : "");
    }
  }
  return text;
}

std::string matrix_markdown() {
  std::string out =
      "# The verdict lab\n\n"
      "Every kind of network between a source and every kind of target, as real traffic over "
      "namespaces, with the verdict that must come of it "
      "(`tests/integration/verdict_lab/cells.h`; `tools/dev golden` writes this page again, and a "
      "test compares the two). *Watched*: a witness stands on the target's host; else an allowed "
      "vantage proves the target before and after, where it can. IPv4 and IPv6 must agree. "
      "*Outcome* is what comes of each try, ICMP codes over IPv6 in brackets; *at the host* is "
      "what the witness sees of it.\n\n"
      "| | network | target | watched | outcome | at the host | reachability | proof | reason |\n"
      "|---|---|---|---|---|---|---|---|---|\n";
  for (const auto& cell : all_cells()) {
    if (cell.family != "v4") continue;
    const auto first = cell.expected.find(' ');
    const auto second = cell.expected.find(' ', first + 1);
    const auto facts = facts_for_page(cell);
    fmt::format_to(std::back_inserter(out), "| {} | {} | {} | {} | {} | {} | {} | {} | `{}` |\n",
                   cell.group, cell.network, cell.target, cell.witnessed ? "yes" : "no",
                   facts.outcome, facts.sighting, cell.expected.substr(0, first),
                   cell.expected.substr(first + 1, second - first - 1),
                   cell.expected.substr(second + 1));
  }
  out +=
      "\nA required flow through the same networks passes where it says *open*, and is broken "
      "where "
      "it says *blocked*, *latent* or *one-way*; nothing is concluded where it says "
      "*inconclusive*.\n";
  return out;
}

}  // namespace reachproof::testing
