#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/address.h"
#include "core/flow.h"
#include "core/observation.h"

namespace reachproof::probe {

/// The ends of one conversation, as a packet names them.
struct Ends {
  core::Protocol protocol = core::Protocol::Tcp;
  core::IpAddress source;
  core::Port source_port = 0;
  core::IpAddress destination;
  core::Port destination_port = 0;

  [[nodiscard]] Ends reversed() const {
    return {protocol, destination, destination_port, source, source_port};
  }
  auto operator<=>(const Ends&) const = default;
};

/// What the witness needs of one captured frame.
struct Packet {
  enum class Kind : std::uint8_t {
    Syn,
    SynAck,
    Reset,
    Datagram,   ///< of UDP; or an ICMP echo, whose identifier stands as the port of who asks
    IcmpError,  ///< `ends` are those of the packet that it quotes
  };
  Kind kind = Kind::Syn;
  bool outgoing = false;
  Ends ends;
  std::uint16_t mss = 0;                  ///< of a SYN, 0 where it named none
  std::span<const std::uint8_t> payload;  ///< of a datagram, as far as it was captured
  std::uint16_t payload_bytes = 0;        ///< its whole length
  std::uint8_t icmp_type = 0;
  std::uint8_t icmp_code = 0;
};

/// Reads a frame captured with DLT_LINUX_SLL2. Nothing for anything else than the kinds above,
/// and for frames cut short. Follows IPv6 extension headers; fragments but the first are nothing.
[[nodiscard]] std::optional<Packet> parse_sll2(std::span<const std::uint8_t> frame);

}  // namespace reachproof::probe
