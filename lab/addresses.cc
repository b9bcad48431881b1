#include "lab/addresses.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace reachproof::lab {
namespace {

using core::Cidr;
using core::Family;
using core::IpAddress;

constexpr std::uint32_t kFirstHost = 10;
constexpr std::uint32_t kAddressesMax = 65'000;  ///< tried in one segment

int host_bits(const Cidr& block) {
  return static_cast<int>(block.base.size()) * 8 - block.prefix_bits;
}

/// Neither the network's own address nor its broadcast address.
bool usable(const Cidr& block, const IpAddress& address) {
  if (host_bits(block) <= 1) return true;
  if (address == block.base) return false;
  if (block.base.family() == Family::V6 || host_bits(block) > 31) return true;
  const auto last = nth_address(block, (1U << static_cast<unsigned>(host_bits(block))) - 1);
  return address != last;
}

class Assigner {
 public:
  Assigner(Lab& lab, scenarios::Problems& problems) : lab_(lab), problems_(problems) {}

  void run() {
    for (const auto& router : lab_.routers) take_explicit(router);
    for (const auto& host : lab_.hosts) take_explicit(host);
    for (auto& router : lab_.routers) complete(router);
    for (auto& host : lab_.hosts) complete(host);
  }

 private:
  void take(const IpAddress& address, const std::string& owner, SourceMark mark) {
    const auto [first, fresh] = owners_.emplace(address, owner);
    if (fresh) return;
    problems_.error(
        mark, fmt::format("{} of {} belongs to {} already", address.text(), owner, first->second));
  }

  void take_explicit(const Router& router) {
    for (const auto& address : router.addresses) {
      const auto holds = [&](const std::string& name) {
        const auto* segment = lab_.segment(name);
        const auto* block = segment == nullptr ? nullptr : segment->subnet(address.family());
        return block != nullptr && block->contains(address) && usable(*block, address);
      };
      if (std::ranges::none_of(router.segments, holds)) {
        problems_.error(router.mark, fmt::format("{} of router {} lies in none of its segments",
                                                 address.text(), router.name));
      }
      take(address, "router " + router.name, router.mark);
    }
  }

  void take_explicit(const Host& host) {
    const auto* segment = lab_.segment(host.segment);
    for (const auto& address : host.addresses) {
      const auto* block = segment == nullptr ? nullptr : segment->subnet(address.family());
      if (segment != nullptr && (block == nullptr || !block->contains(address))) {
        problems_.error(host.mark, fmt::format("{} of host {} lies outside of segment {}{}",
                                               address.text(), host.name, host.segment,
                                               block == nullptr ? "" : " (" + block->text() + ")"));
      } else if (block != nullptr && !usable(*block, address)) {
        problems_.error(host.mark, fmt::format("{} of host {} is the network or broadcast address "
                                               "of {}",
                                               address.text(), host.name, block->text()));
      }
      take(address, "host " + host.name, host.mark);
    }
  }

  [[nodiscard]] bool is_free(const Segment& segment, std::uint32_t distance) const {
    return std::ranges::all_of(segment.subnets, [&](const Cidr& block) {
      const auto address = nth_address(block, distance);
      return address && usable(block, *address) && !owners_.contains(*address);
    });
  }

  std::optional<std::uint32_t> first_free(const Segment& segment, std::uint32_t from) {
    auto& next = next_[{segment.name, from}];
    for (auto distance = std::max(from, next); distance < kAddressesMax; ++distance) {
      if (!is_free(segment, distance)) continue;
      next = distance + 1;
      return distance;
    }
    return std::nullopt;
  }

  void complete(Router& router) {
    for (const auto& name : router.segments) {
      const auto* segment = lab_.segment(name);
      if (segment == nullptr) continue;
      const auto distance = first_free(*segment, 1);
      for (const auto& block : segment->subnets) {
        const auto inside = [&](const IpAddress& address) { return block.contains(address); };
        if (std::ranges::any_of(router.addresses, inside)) continue;
        give(router.addresses, distance ? nth_address(block, *distance) : std::nullopt,
             "router " + router.name, router.mark, *segment);
      }
    }
  }

  void complete(Host& host) {
    const auto* segment = lab_.segment(host.segment);
    if (segment == nullptr || !host.addresses.empty()) return;
    const bool small = std::ranges::any_of(segment->subnets,
                                           [](const Cidr& block) { return host_bits(block) < 5; });
    const auto distance = first_free(*segment, small ? 1 : kFirstHost);
    for (const auto& block : segment->subnets) {
      give(host.addresses, distance ? nth_address(block, *distance) : std::nullopt,
           "host " + host.name, host.mark, *segment);
    }
  }

  void give(std::vector<IpAddress>& addresses, const std::optional<IpAddress>& address,
            const std::string& owner, SourceMark mark, const Segment& segment) {
    if (!address) {
      problems_.error(mark,
                      fmt::format("segment {} has no free address for {}", segment.name, owner),
                      "give the segment a larger subnet");
      return;
    }
    owners_.emplace(*address, owner);
    addresses.push_back(*address);
  }

  Lab& lab_;
  scenarios::Problems& problems_;
  std::map<IpAddress, std::string> owners_;
  std::map<std::pair<std::string, std::uint32_t>, std::uint32_t> next_;
};

}  // namespace

std::optional<IpAddress> nth_address(const Cidr& block, std::uint32_t distance) {
  std::array<std::uint8_t, 16> bytes{};
  const auto size = block.base.size();
  std::copy_n(block.base.bytes(), size, bytes.begin());
  std::uint64_t carry = distance;
  for (std::size_t i = size; i-- > 0 && carry != 0;) {
    carry += bytes[i];
    bytes[i] = static_cast<std::uint8_t>(carry & 0xffU);
    carry >>= 8U;
  }
  const auto address =
      block.base.family() == Family::V4 ? IpAddress::v4(bytes.data()) : IpAddress::v6(bytes.data());
  if (carry != 0 || !block.contains(address)) return std::nullopt;
  return address;
}

void assign_addresses(Lab& lab, scenarios::Problems& problems) {
  Assigner(lab, problems).run();
}

}  // namespace reachproof::lab
