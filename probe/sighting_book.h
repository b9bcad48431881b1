#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "probe/packet.h"
#include "protocol/message.h"

namespace reachproof::probe {

/// Every MSS that a marked try announces lies in this range; the usual clients announce more, and
/// a middlebox that clamps makes it smaller, never larger.
inline constexpr std::uint16_t kMarkedMssMin = 600;
inline constexpr std::uint16_t kMarkedMssMax = 1199;

/// What a witness saw: the packets that opened a conversation with a watched port, and what the
/// host answered. Pure; bounded at `entries_max` conversations.
class SightingBook {
 public:
  explicit SightingBook(std::size_t entries_max = 65536) : entries_max_(entries_max) {}

  /// `asked`: of these ports any datagram may be a try, not only those as long as a nonce.
  void watch(const std::vector<core::ProtocolPort>& ports,
             const std::set<core::ProtocolPort>& asked = {});
  /// Addresses that count as this host's own.
  void set_local(std::set<core::IpAddress> addresses) { local_ = std::move(addresses); }

  void note(const Packet& packet);

  /// True once an opening that may have been a try could not be kept: the book proves nothing.
  [[nodiscard]] bool overflowed() const { return overflowed_; }

  /// What was seen of each try, in their order. A try is recognised by its ends; behind a NAT by
  /// its source port and its mark, by its mark alone (TCP), or by its nonce (UDP). All tries that
  /// were made at this host must be given at once: what one of them explains, no other may claim.
  [[nodiscard]] std::vector<protocol::SeenTry> look_up(
      const std::vector<protocol::ExpectedTry>& tries) const;

 private:
  struct Opening {
    std::uint16_t mss = 0;
    std::optional<protocol::Nonce> nonce;
    core::HostAnswer answer = core::HostAnswer::Nothing;
  };
  using Entry = std::pair<const Ends, Opening>;

  void open(const Packet& packet);
  void answer(const Ends& opening_ends, core::HostAnswer answer);
  [[nodiscard]] const Entry* exact(const protocol::ExpectedTry& wanted,
                                   const std::set<const Entry*>& taken) const;
  [[nodiscard]] const Entry* through_nat(const protocol::ExpectedTry& wanted,
                                         const std::set<const Entry*>& taken) const;

  std::size_t entries_max_;
  std::set<core::ProtocolPort> watched_;
  std::set<core::ProtocolPort> asked_;
  std::set<core::IpAddress> local_;
  std::map<Ends, Opening> openings_;
  bool overflowed_ = false;
};

}  // namespace reachproof::probe
