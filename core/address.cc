#include "core/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace reachproof::core {
namespace {

bool bit_is_set(const std::uint8_t* bytes, int index) {
  return ((bytes[index / 8] >> (7 - index % 8)) & 1) != 0;
}

bool same_prefix(const IpAddress& a, const IpAddress& b, int bits) {
  if (a.family() != b.family()) return false;
  const int whole = bits / 8;
  if (std::memcmp(a.bytes(), b.bytes(), static_cast<std::size_t>(whole)) != 0) return false;
  for (int i = whole * 8; i < bits; ++i) {
    if (bit_is_set(a.bytes(), i) != bit_is_set(b.bytes(), i)) return false;
  }
  return true;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  std::array<std::uint8_t, 16> raw{};
  if (inet_pton(AF_INET, terminated.c_str(), raw.data()) == 1) return v4(raw.data());
  if (inet_pton(AF_INET6, terminated.c_str(), raw.data()) == 1) return v6(raw.data());
  return std::nullopt;
}

IpAddress IpAddress::v4(const std::uint8_t* four_bytes) {
  IpAddress address;
  std::copy_n(four_bytes, 4, address.bytes_.begin());
  return address;
}

IpAddress IpAddress::v6(const std::uint8_t* sixteen_bytes) {
  IpAddress address;
  address.family_ = Family::V6;
  std::copy_n(sixteen_bytes, 16, address.bytes_.begin());
  return address;
}

IpAddress IpAddress::unmapped() const {
  static const Cidr kMapped = *Cidr::parse("::ffff:0:0/96");
  return kMapped.contains(*this) ? v4(&bytes_[12]) : *this;
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  const int family = family_ == Family::V4 ? AF_INET : AF_INET6;
  inet_ntop(family, bytes_.data(), buffer.data(), buffer.size());
  return buffer.data();
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto base = IpAddress::parse(text.substr(0, slash));
  if (!base) return std::nullopt;
  const auto digits = text.substr(slash + 1);
  int bits = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  const int bits_max = static_cast<int>(base->size()) * 8;
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  if (bits < 0 || bits > bits_max) return std::nullopt;
  for (int i = bits; i < bits_max; ++i) {
    if (bit_is_set(base->bytes(), i)) return std::nullopt;
  }
  return Cidr{*base, bits};
}

bool Cidr::contains(const IpAddress& address) const {
  return same_prefix(base, address, prefix_bits);
}

bool Cidr::overlaps(const Cidr& other) const {
  return same_prefix(base, other.base, std::min(prefix_bits, other.prefix_bits));
}

std::string Cidr::text() const {
  return base.text() + "/" + std::to_string(prefix_bits);
}

}  // namespace reachproof::core
