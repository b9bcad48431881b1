#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/flow.h"
#include "probe/packet.h"

struct pcap;

namespace reachproof::probe {

/// A packet capture on all interfaces of the host, both directions, filtered in the kernel.
/// libpcap is known to capture.cc alone. Opening costs about 40 ms and needs CAP_NET_RAW.
class Capture {
 public:
  /// Watches the opening packets, answers and ICMP errors of these ports.
  static Result<Capture> open(const std::vector<core::ProtocolPort>& ports);
  Capture(Capture&&) noexcept;
  Capture& operator=(Capture&&) noexcept;
  ~Capture();

  /// Replaces the filter; packets already captured stay.
  [[nodiscard]] Result<void> watch(const std::vector<core::ProtocolPort>& ports);

  /// Hands over what has been captured, without waiting. An error ends the capture.
  [[nodiscard]] Result<void> drain(const std::function<void(const Packet&)>& take);

  struct Losses {
    std::uint64_t received = 0;
    std::uint64_t dropped = 0;  ///< by the kernel for want of room, or by an interface
  };
  [[nodiscard]] Result<Losses> losses() const;
  /// Readable when there is something to drain.
  [[nodiscard]] int fd() const;

 private:
  explicit Capture(pcap* handle);
  pcap* handle_ = nullptr;
};

/// The filter expression for those ports (pcap-filter(7)). Many ports are left to the reader.
[[nodiscard]] std::string capture_filter(const std::vector<core::ProtocolPort>& ports);

}  // namespace reachproof::probe
