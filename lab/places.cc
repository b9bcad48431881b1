#include "lab/places.h"

namespace reachproof::lab {
namespace {

using core::Cidr;
using core::Family;
using core::IpAddress;

Cidr single(const IpAddress& address) {
  return {address, static_cast<int>(address.size()) * 8};
}

std::vector<Cidr> singles(const std::vector<IpAddress>& addresses) {
  std::vector<Cidr> blocks;
  blocks.reserve(addresses.size());
  for (const auto& address : addresses) blocks.push_back(single(address));
  return blocks;
}

std::vector<Cidr> blocks_in(const Lab& lab, const std::vector<std::string>& places, Family family) {
  std::vector<Cidr> blocks;
  for (const auto& place : places) {
    const auto all = blocks_of(lab, place);
    if (!all) continue;
    for (const auto& block : *all) {
      if (block.base.family() == family) blocks.push_back(block);
    }
  }
  return blocks;
}

}  // namespace

std::optional<std::vector<Cidr>> blocks_of(const Lab& lab, const std::string& place) {
  if (const auto* segment = lab.segment(place)) return segment->subnets;
  if (const auto* host = lab.host(place)) return singles(host->addresses);
  if (const auto* router = lab.router(place)) return singles(router->addresses);
  if (const auto address = IpAddress::parse(place)) return std::vector{single(*address)};
  if (const auto block = Cidr::parse(place)) return std::vector{*block};
  return std::nullopt;
}

std::optional<Ends> ends_of(const Lab& lab, const Rule& rule, Family family) {
  Ends ends{blocks_in(lab, rule.from, family), blocks_in(lab, rule.to, family)};
  if (!rule.from.empty() && ends.from.empty()) return std::nullopt;
  if (!rule.to.empty() && ends.to.empty()) return std::nullopt;
  return ends;
}

std::optional<IpAddress> address_of(const Lab& lab, const std::string& place, Family family) {
  const auto blocks = blocks_of(lab, place);
  if (!blocks) return std::nullopt;
  for (const auto& block : *blocks) {
    if (block.base.family() == family && block == single(block.base)) return block.base;
  }
  return std::nullopt;
}

}  // namespace reachproof::lab
