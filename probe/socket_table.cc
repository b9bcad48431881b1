#include "probe/socket_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
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

/// The kernel writes each 32-bit word of the address as a number of this machine's byte order.
std::optional<core::IpAddress> address_in(std::string_view digits) {
  std::array<std::uint8_t, 16> bytes{};
  if (digits.size() != 8 && digits.size() != 32) return std::nullopt;
  for (std::size_t word = 0; word * 8 < digits.size(); ++word) {
    std::uint32_t value = 0;
    const auto* begin = digits.data() + word * 8;
    const auto [end, error] = std::from_chars(begin, begin + 8, value, 16);
    if (error != std::errc{} || end != begin + 8) return std::nullopt;
    std::memcpy(&bytes[word * 4], &value, sizeof value);
  }
  return digits.size() == 8 ? core::IpAddress::v4(bytes.data())
                            : core::IpAddress::v6(bytes.data()).unmapped();
}

bool is_wildcard(const core::IpAddress& address) {
  return std::all_of(address.bytes(), address.bytes() + address.size(),
                     [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

std::set<ServedSocket> sockets_in_table(std::string_view table, core::Protocol protocol) {
  std::set<ServedSocket> sockets;
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
    const auto address = address_in(std::string_view(local).substr(0, colon));
    unsigned port = 0;
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), port, 16);
    if (!address || port == 0 || port > 65535) continue;
    sockets.insert({{protocol, static_cast<core::Port>(port)}, *address});
  }
  return sockets;
}

std::set<ServedSocket> served_sockets() {
  std::set<ServedSocket> served;
  const auto add = [&](const char* path, core::Protocol protocol) {
    served.merge(sockets_in_table(whole_file(path), protocol));
  };
  add("/proc/self/net/tcp", core::Protocol::Tcp);
  add("/proc/self/net/tcp6", core::Protocol::Tcp);
  add("/proc/self/net/udp", core::Protocol::Udp);
  add("/proc/self/net/udp6", core::Protocol::Udp);
  return served;
}

Served served_at(const std::set<ServedSocket>& sockets, core::ProtocolPort port,
                 const core::IpAddress& address) {
  auto served = Served::No;
  for (const auto& socket : sockets) {
    if (socket.port != port) continue;
    const bool all = is_wildcard(socket.address);
    const bool same_family = socket.address.family() == address.family();
    if (socket.address == address || (all && same_family)) return Served::Yes;
    if (all && address.family() == core::Family::V4) served = Served::Perhaps;
  }
  return served;
}

}  // namespace reachproof::probe
