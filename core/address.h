#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reachproof::core {

enum class Family : std::uint8_t { V4, V6 };

/// An IPv4 or IPv6 address, by value. An IPv4 address occupies the first four bytes.
class IpAddress {
 public:
  IpAddress() = default;

  /// Accepts what inet_pton(3) accepts: dotted quad or RFC 4291 text, no zone, no brackets.
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress v4(const std::uint8_t* four_bytes);
  static IpAddress v6(const std::uint8_t* sixteen_bytes);

  [[nodiscard]] Family family() const { return family_; }
  [[nodiscard]] const std::uint8_t* bytes() const { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const { return family_ == Family::V4 ? 4 : 16; }
  [[nodiscard]] std::string text() const;
  /// The IPv4 address that an IPv4-mapped IPv6 one (::ffff:0:0/96) stands for, else itself: to
  /// the network the two are the same.
  [[nodiscard]] IpAddress unmapped() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  Family family_ = Family::V4;
  std::array<std::uint8_t, 16> bytes_{};
};

/// A block of addresses. Its base has no bit set below the prefix.
struct Cidr {
  IpAddress base;
  int prefix_bits = 0;

  /// Refuses host bits ("10.0.0.1/24") and prefixes longer than the address.
  static std::optional<Cidr> parse(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] bool overlaps(const Cidr& other) const;
  [[nodiscard]] std::string text() const;

  auto operator<=>(const Cidr&) const = default;
};

}  // namespace reachproof::core
