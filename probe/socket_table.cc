#include "probe/socket_table.h"

#include <charconv>
#include <fstream>
#include <sstream>
#include <string>

namespace reachproof::probe {
namespace {

/// "st" of a listening TCP socket, and of a UDP socket that is not connected.
constexpr std::string_view kTcpListen = "0A";
constexpr std::string_view kUdpUnconnected = "07";

std::string whole_file(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

std::set<core::Port> ports_in_socket_table(std::string_view table, core::Protocol protocol) {
  std::set<core::Port> ports;
  std::istringstream lines{std::string(table)};
  std::string line;
  std::getline(lines, line);  // the heading
  while (std::getline(lines, line)) {
    std::istringstream columns(line);
    std::string number;
    std::string local;
    std::string remote;
    std::string state;
    columns >> number >> local >> remote >> state;
    const auto colon = local.rfind(':');
    if (colon == std::string::npos) continue;
    if (state != (protocol == core::Protocol::Tcp ? kTcpListen : kUdpUnconnected)) continue;
    unsigned port = 0;
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), port, 16);
    if (port > 0 && port <= 65535) ports.insert(static_cast<core::Port>(port));
  }
  return ports;
}

std::set<core::ProtocolPort> served_ports() {
  std::set<core::ProtocolPort> served;
  const auto add = [&](const char* path, core::Protocol protocol) {
    for (const auto port : ports_in_socket_table(whole_file(path), protocol)) {
      served.insert({protocol, port});
    }
  };
  add("/proc/self/net/tcp", core::Protocol::Tcp);
  add("/proc/self/net/tcp6", core::Protocol::Tcp);
  add("/proc/self/net/udp", core::Protocol::Udp);
  add("/proc/self/net/udp6", core::Protocol::Udp);
  return served;
}

}  // namespace reachproof::probe
