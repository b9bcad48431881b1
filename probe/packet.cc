#include "probe/packet.h"

#include <netinet/in.h>

namespace reachproof::probe {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kSll2HeaderBytes = 20;
constexpr std::uint8_t kPacketOutgoing = 4;  // PACKET_OUTGOING, packet(7)
constexpr int kExtensionHeadersMax = 8;

std::uint16_t u16(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}

/// The transport part of an IP packet, found behind whatever headers stand before it.
struct Transport {
  core::IpAddress source;
  core::IpAddress destination;
  std::uint8_t protocol = 0;
  Bytes bytes;
};

std::optional<Transport> transport_v4(Bytes ip) {
  if (ip.size() < 20 || ip[0] >> 4U != 4) return std::nullopt;
  const std::size_t header = std::size_t{ip[0] & 0xfU} * 4;
  const bool later_fragment = (u16(ip, 6) & 0x1fffU) != 0;
  if (header < 20 || ip.size() < header || later_fragment) return std::nullopt;
  return Transport{core::IpAddress::v4(&ip[12]), core::IpAddress::v4(&ip[16]), ip[9],
                   ip.subspan(header)};
}

std::optional<Transport> transport_v6(Bytes ip) {
  if (ip.size() < 40 || ip[0] >> 4U != 6) return std::nullopt;
  std::uint8_t next = ip[6];
  std::size_t at = 40;
  for (int i = 0; i < kExtensionHeadersMax; ++i) {
    const bool options =
        next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS;
    if (!options && next != IPPROTO_FRAGMENT) break;
    if (ip.size() < at + 8) return std::nullopt;
    if (next == IPPROTO_FRAGMENT && (u16(ip, at + 2) & 0xfff8U) != 0) return std::nullopt;
    next = ip[at];
    at += options ? (std::size_t{ip[at + 1]} + 1) * 8 : 8;
    if (ip.size() < at) return std::nullopt;
  }
  return Transport{core::IpAddress::v6(&ip[8]), core::IpAddress::v6(&ip[24]), next, ip.subspan(at)};
}

std::optional<Transport> transport_of(Bytes ip) {
  if (ip.empty()) return std::nullopt;
  return ip[0] >> 4U == 6 ? transport_v6(ip) : transport_v4(ip);
}

Ends ends_of(const Transport& transport, core::Protocol protocol) {
  return {protocol, transport.source, u16(transport.bytes, 0), transport.destination,
          u16(transport.bytes, 2)};
}

/// The MSS option of a SYN (RFC 9293 3.2), 0 where it has none.
std::uint16_t mss_option(Bytes tcp) {
  const std::size_t end = std::min(tcp.size(), std::size_t{tcp[12]} / 16 * 4);
  std::size_t at = 20;
  while (at < end) {
    const auto kind = tcp[at];
    if (kind == 0) return 0;
    if (kind == 1) {
      ++at;
      continue;
    }
    if (at + 1 >= end || tcp[at + 1] < 2) return 0;
    if (kind == 2 && tcp[at + 1] == 4 && at + 4 <= end) return u16(tcp, at + 2);
    at += tcp[at + 1];
  }
  return 0;
}

std::optional<Packet> tcp_packet(const Transport& transport) {
  if (transport.bytes.size() < 20) return std::nullopt;
  const auto flags = transport.bytes[13];
  const bool syn = (flags & 0x02U) != 0;
  const bool reset = (flags & 0x04U) != 0;
  const bool ack = (flags & 0x10U) != 0;
  if (!syn && !reset) return std::nullopt;
  Packet packet;
  packet.kind = reset ? Packet::Kind::Reset : ack ? Packet::Kind::SynAck : Packet::Kind::Syn;
  packet.ends = ends_of(transport, core::Protocol::Tcp);
  if (packet.kind == Packet::Kind::Syn) packet.mss = mss_option(transport.bytes);
  return packet;
}

std::optional<Packet> udp_packet(const Transport& transport) {
  if (transport.bytes.size() < 8 || u16(transport.bytes, 4) < 8) return std::nullopt;
  Packet packet;
  packet.kind = Packet::Kind::Datagram;
  packet.ends = ends_of(transport, core::Protocol::Udp);
  packet.payload_bytes = static_cast<std::uint16_t>(u16(transport.bytes, 4) - 8);
  packet.payload = transport.bytes.subspan(8);
  if (packet.payload.size() > packet.payload_bytes) {
    packet.payload = packet.payload.first(packet.payload_bytes);
  }
  return packet;
}

/// The ends of an echo request or reply: who asks has the identifier as its port, who answers 0.
std::optional<Ends> echo_ends(const Transport& transport) {
  const auto bytes = transport.bytes;
  if (bytes.size() < 8) return std::nullopt;
  const bool v4 = transport.protocol == IPPROTO_ICMP;
  const bool request = bytes[0] == (v4 ? 8 : 128);
  const bool reply = bytes[0] == (v4 ? 0 : 129);
  if (!request && !reply) return std::nullopt;
  const auto id = u16(bytes, 4);
  return Ends{core::Protocol::Icmp, transport.source, request ? id : core::Port{0},
              transport.destination, reply ? id : core::Port{0}};
}

std::optional<Packet> icmp_packet(const Transport& transport) {
  const auto bytes = transport.bytes;
  if (const auto ends = echo_ends(transport)) {
    Packet packet;
    packet.kind = Packet::Kind::Datagram;
    packet.ends = *ends;
    packet.payload = bytes.subspan(8);
    packet.payload_bytes = static_cast<std::uint16_t>(packet.payload.size());
    return packet;
  }
  if (bytes.size() < 8 + 20) return std::nullopt;
  const std::uint8_t unreachable = transport.protocol == IPPROTO_ICMP ? 3 : 1;
  if (bytes[0] != unreachable) return std::nullopt;
  const auto quoted = transport_of(bytes.subspan(8));
  if (!quoted || quoted->bytes.size() < 4) return std::nullopt;
  const bool echo = quoted->protocol == transport.protocol;
  if (quoted->protocol != IPPROTO_TCP && quoted->protocol != IPPROTO_UDP && !echo) {
    return std::nullopt;
  }
  const auto asked = echo ? echo_ends(*quoted) : std::nullopt;
  if (echo && (!asked || asked->source_port == 0)) return std::nullopt;  // not of a request
  Packet packet;
  packet.kind = Packet::Kind::IcmpError;
  packet.icmp_type = bytes[0];
  packet.icmp_code = bytes[1];
  packet.ends = asked ? *asked
                      : ends_of(*quoted, quoted->protocol == IPPROTO_TCP ? core::Protocol::Tcp
                                                                         : core::Protocol::Udp);
  return packet;
}

std::optional<Packet> packet_in(const Transport& transport) {
  switch (transport.protocol) {
    case IPPROTO_TCP:
      return tcp_packet(transport);
    case IPPROTO_UDP:
      return udp_packet(transport);
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      return icmp_packet(transport);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<Packet> parse_sll2(Bytes frame) {
  if (frame.size() < kSll2HeaderBytes) return std::nullopt;
  const auto transport = transport_of(frame.subspan(kSll2HeaderBytes));
  if (!transport) return std::nullopt;
  auto packet = packet_in(*transport);
  if (packet) packet->outgoing = frame[10] == kPacketOutgoing;
  return packet;
}

}  // namespace reachproof::probe
