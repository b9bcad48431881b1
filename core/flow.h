#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reachproof::core {

enum class Protocol : std::uint8_t {
  Tcp,
  Udp,
  Icmp,  ///< echo request and reply, in the version of the address; it has no port, which is 0
};

/// 1 to 65535; 0 is "no port" and never planned.
using Port = std::uint16_t;

/// A protocol with a range of ports, both ends included: "tcp/443", "tcp/5985-5986", "icmp/echo".
struct PortRange {
  Protocol protocol = Protocol::Tcp;
  Port first = 0;
  Port last = 0;

  static std::optional<PortRange> parse(std::string_view text);
  [[nodiscard]] bool contains(Protocol proto, Port port) const {
    return proto == protocol && port >= first && port <= last;
  }
  [[nodiscard]] bool overlaps(const PortRange& other) const {
    return protocol == other.protocol && first <= other.last && other.first <= last;
  }
  [[nodiscard]] std::uint32_t size() const { return std::uint32_t{last} - first + 1; }
  [[nodiscard]] std::string text() const;

  auto operator<=>(const PortRange&) const = default;
};

/// One protocol and port: the destination side of a check.
struct ProtocolPort {
  Protocol protocol = Protocol::Tcp;
  Port port = 0;

  [[nodiscard]] std::string text() const;
  auto operator<=>(const ProtocolPort&) const = default;
};

[[nodiscard]] std::string_view word(Protocol protocol);  ///< "tcp", "udp", "icmp"
[[nodiscard]] std::optional<Protocol> protocol_of(std::string_view word);

}  // namespace reachproof::core
