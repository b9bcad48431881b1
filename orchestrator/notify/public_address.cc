#include "orchestrator/notify/public_address.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "core/check.h"

namespace reachproof::orchestrator {
namespace {

constexpr std::array<std::string_view, 16> kSpecial4{
    "0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8",
    "169.254.0.0/16", "172.16.0.0/12",  "192.0.0.0/24",  "192.0.2.0/24",
    "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",   "255.255.255.255/32"};
/// Within 2000::/3, outside of which nothing is public.
constexpr std::array<std::string_view, 4> kSpecial6{"2001::/23", "2001:db8::/32", "2002::/16",
                                                    "3fff::/20"};

template <std::size_t N>
std::vector<core::Cidr> blocks(const std::array<std::string_view, N>& texts) {
  std::vector<core::Cidr> parsed;
  for (const auto text : texts) {
    const auto block = core::Cidr::parse(text);
    CHECK(block);
    parsed.push_back(*block);
  }
  return parsed;
}

}  // namespace

bool is_public_address(const core::IpAddress& address) {
  static const auto special4 = blocks(kSpecial4);
  static const auto special6 = blocks(kSpecial6);
  static const auto global6 = blocks(std::array<std::string_view, 1>{"2000::/3"});
  const auto plain = address.unmapped();
  const auto within = [&](const core::Cidr& block) { return block.contains(plain); };
  if (plain.family() == core::Family::V4) return std::ranges::none_of(special4, within);
  return within(global6.front()) && std::ranges::none_of(special6, within);
}

}  // namespace reachproof::orchestrator
