#pragma once

#include <string>
#include <vector>

#include "probe/packet.h"

/// Frames as a capture hands them over (DLT_LINUX_SLL2), written by hand.
namespace reachproof::test {

using Bytes = std::vector<std::uint8_t>;

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Bytes u16(unsigned value) {
  return {static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value)};
}

inline Bytes raw(const char* address) {
  const auto ip = *core::IpAddress::parse(address);
  return {ip.bytes(), ip.bytes() + ip.size()};
}

enum class Direction : std::uint8_t { In = 0, Out = 4 };

inline Bytes sll2(const Bytes& ip, Direction direction = Direction::In) {
  Bytes header(20, 0);
  header[10] = static_cast<std::uint8_t>(direction);
  return header + ip;
}

inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;
inline constexpr std::uint8_t kIcmp = 1;
inline constexpr std::uint8_t kIcmpV6 = 58;
inline constexpr std::uint8_t kSyn = 0x02;
inline constexpr std::uint8_t kRst = 0x04;
inline constexpr std::uint8_t kAck = 0x10;

inline Bytes v4(std::uint8_t protocol, const char* from, const char* to, const Bytes& payload,
                unsigned fragment = 0, const Bytes& options = {}) {
  const auto words = static_cast<std::uint8_t>(5 + options.size() / 4);
  return Bytes{static_cast<std::uint8_t>(0x40U | words), 0} +
         u16(static_cast<unsigned>(words * 4U + payload.size())) + Bytes{0, 0} + u16(fragment) +
         Bytes{64, protocol, 0, 0} + raw(from) + raw(to) + options + payload;
}

inline Bytes v6(std::uint8_t next, const char* from, const char* to, const Bytes& payload) {
  return Bytes{0x60, 0, 0, 0} + u16(static_cast<unsigned>(payload.size())) + Bytes{next, 64} +
         raw(from) + raw(to) + payload;
}

inline Bytes tcp(unsigned from, unsigned to, std::uint8_t flags, const Bytes& options = {}) {
  const auto words = static_cast<std::uint8_t>(5 + options.size() / 4);
  return u16(from) + u16(to) + Bytes(8, 0) + Bytes{static_cast<std::uint8_t>(words << 4U), flags} +
         Bytes(6, 0) + options;
}
inline Bytes mss(unsigned value) {
  return Bytes{2, 4} + u16(value);
}

inline Bytes udp(unsigned from, unsigned to, const Bytes& payload) {
  return u16(from) + u16(to) + u16(static_cast<unsigned>(8 + payload.size())) + Bytes{0, 0} +
         payload;
}

inline Bytes icmp(std::uint8_t type, std::uint8_t code, const Bytes& quoted) {
  return Bytes{type, code, 0, 0, 0, 0, 0, 0} + quoted;
}

}  // namespace reachproof::test
