#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/address.h"
#include "core/error.h"
#include "core/flow.h"
#include "probe/file_descriptor.h"
#include "protocol/message.h"

namespace reachproof::probe {

/// A socket that sends ICMP echo requests (RFC 792, RFC 4443 section 4.1): an unprivileged one
/// where the host's net.ipv4.ping_group_range lets us, else a raw one, which needs CAP_NET_RAW.
class EchoSocket {
 public:
  static Result<EchoSocket> open(core::Family family);

  /// The socket, handed over; what follows speaks of that one.
  [[nodiscard]] FileDescriptor take() { return std::move(socket_); }

  /// Connects, and says which identifier its requests bear; 0 with errno set where that failed.
  [[nodiscard]] core::Port connect(int fd, const core::IpAddress& to);
  /// One request with the nonce as its data.
  [[nodiscard]] bool send(int fd, const protocol::Nonce& nonce, std::uint16_t sequence) const;
  /// The data of a reply to that request, if the datagram is one: a raw socket sees every other's.
  [[nodiscard]] std::optional<std::span<const std::uint8_t>> reply(
      std::span<const std::uint8_t> datagram, std::uint16_t sequence) const;

 private:
  FileDescriptor socket_;
  core::Family family_ = core::Family::V4;
  bool raw_ = false;
  core::Port identifier_ = 0;
};

}  // namespace reachproof::probe
