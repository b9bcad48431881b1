#include "lab/nft_rule.h"

#include <fmt/format.h>

#include <algorithm>

#include "lab/places.h"

namespace reachproof::lab {
namespace {

using core::Cidr;
using core::Family;

/// "10.0.0.0/24", or "{ 10.0.0.0/24, 10.1.0.5 }". Blocks inside others are left out: nft refuses
/// intervals that overlap.
std::string set_of(const std::vector<Cidr>& blocks) {
  std::vector<std::string> texts;
  for (const auto& block : blocks) {
    const auto covers = [&](const Cidr& other) {
      return &other != &block && other.contains(block.base) &&
             (other.prefix_bits < block.prefix_bits || (other == block && &other < &block));
    };
    if (std::ranges::any_of(blocks, covers)) continue;
    const bool single = block.prefix_bits == static_cast<int>(block.base.size()) * 8;
    texts.push_back(single ? block.base.text() : block.text());
  }
  if (texts.size() == 1) return texts.front();
  return fmt::format("{{ {} }}", fmt::join(texts, ", "));
}

std::string ports_of(const std::vector<core::PortRange>& ranges) {
  std::vector<std::string> texts;
  texts.reserve(ranges.size());
  for (const auto& range : ranges) {
    texts.push_back(range.first == range.last ? std::to_string(range.first)
                                              : fmt::format("{}-{}", range.first, range.last));
  }
  if (texts.size() == 1) return texts.front();
  return fmt::format("{{ {} }}", fmt::join(texts, ", "));
}

/// "tcp dport 443", "meta l4proto udp" for all of them, "" where the rule has no port of it.
std::string match_of(const Rule& rule, core::Protocol protocol) {
  std::vector<core::PortRange> ranges;
  for (const auto& range : rule.ports) {
    if (range.protocol != protocol) continue;
    if (range.first == 1 && range.last == 65535) {
      return fmt::format("meta l4proto {}", word(protocol));
    }
    const bool covered = std::ranges::any_of(ranges, [&](auto& it) { return it.overlaps(range); });
    if (!covered) ranges.push_back(range);
  }
  return ranges.empty() ? "" : fmt::format("{} dport {}", word(protocol), ports_of(ranges));
}

/// The protocols and ports of a rule, one nft match each; one empty match for "everything".
std::vector<std::string> port_matches(const Rule& rule) {
  std::vector<std::string> matches;
  for (const auto protocol : {core::Protocol::Tcp, core::Protocol::Udp}) {
    if (auto match = match_of(rule, protocol); !match.empty()) matches.push_back(std::move(match));
  }
  if (rule.icmp_protocol) matches.emplace_back("meta l4proto { icmp, ipv6-icmp }");
  if (!matches.empty()) return matches;
  return {rule.action == Rule::Action::RejectReset ? "meta l4proto tcp" : ""};
}

struct AddressMatch {
  Family family = Family::V4;
  bool any = false;  ///< the rule names nobody: it holds in both families
  std::string text;
};

bool wants_family(Rule::Action action) {
  using enum Rule::Action;
  return action == RejectIcmp || action == Dnat || action == Snat;
}

std::vector<AddressMatch> address_matches(const Lab& lab, const Rule& rule) {
  if (rule.from.empty() && rule.to.empty() && !wants_family(rule.action)) {
    return {{.any = true}};
  }
  std::vector<AddressMatch> matches;
  for (const auto family : {Family::V4, Family::V6}) {
    const auto ends = ends_of(lab, rule, family);
    if (!ends) continue;
    const std::string_view ip = family == Family::V4 ? "ip" : "ip6";
    std::vector<std::string> parts;
    if (!ends->from.empty()) parts.push_back(fmt::format("{} saddr {}", ip, set_of(ends->from)));
    if (!ends->to.empty()) parts.push_back(fmt::format("{} daddr {}", ip, set_of(ends->to)));
    if (parts.empty()) {
      parts.push_back(fmt::format("meta nfproto {}", family == Family::V4 ? "ipv4" : "ipv6"));
    }
    matches.push_back({family, false, fmt::format("{}", fmt::join(parts, " "))});
  }
  return matches;
}

std::string reject_of(const Rule& rule, Family family) {
  const auto code = std::ranges::find(icmp_codes(), rule.icmp, &IcmpCode::word);
  return family == Family::V4 ? fmt::format("reject with icmp {}", code->v4)
                              : fmt::format("reject with icmpv6 {}", code->v6);
}

std::string joined(std::string_view a, std::string_view b, std::string_view c) {
  std::string line;
  for (const auto part : {a, b, c}) {
    if (part.empty()) continue;
    if (!line.empty()) line += ' ';
    line += part;
  }
  return line;
}

/// Translation in prerouting, and leave for the translated flow at the rule's place in the list.
std::vector<NftLine> dnat_lines(const Lab& lab, const Rule& rule) {
  std::vector<NftLine> lines;
  for (const auto& address : address_matches(lab, rule)) {
    const auto into = address_of(lab, rule.into, address.family);
    if (!into) continue;
    const bool v4 = address.family == Family::V4;
    std::string target =
        rule.into_port != 0 && !v4 ? fmt::format("[{}]", into->text()) : into->text();
    if (rule.into_port != 0) target += fmt::format(":{}", rule.into_port);
    const std::string_view ip = v4 ? "ip" : "ip6";
    for (const auto& ports : port_matches(rule)) {
      lines.push_back({Hook::Prerouting,
                       joined(address.text, ports, fmt::format("dnat {} to {}", ip, target))});
    }
    lines.push_back(
        {Hook::Main, fmt::format("ct status dnat {} daddr {} accept", ip, into->text())});
  }
  return lines;
}

std::vector<NftLine> source_lines(const Lab& lab, const Rule& rule) {
  std::vector<NftLine> lines;
  for (const auto& address : address_matches(lab, rule)) {
    std::string action = "masquerade";
    if (rule.action == Rule::Action::Snat) {
      const auto as = address_of(lab, rule.into, address.family);
      if (!as) continue;
      action =
          fmt::format("snat {} to {}", address.family == Family::V4 ? "ip" : "ip6", as->text());
    }
    for (const auto& ports : port_matches(rule)) {
      lines.push_back({Hook::Postrouting, joined(address.text, ports, action)});
    }
  }
  return lines;
}

std::string verdict_of(const Rule& rule, Family family) {
  switch (rule.action) {
    case Rule::Action::Accept:
      return "accept";
    case Rule::Action::Drop:
      return "drop";
    case Rule::Action::RejectReset:
      return "reject with tcp reset";
    case Rule::Action::RejectIcmp:
      return reject_of(rule, family);
    case Rule::Action::DropReplies:
      return fmt::format("ct mark set {} accept", kLostMark);
    case Rule::Action::Lose:
      return fmt::format("numgen random mod 100 < {} drop", rule.loss_percent);
    case Rule::Action::Dnat:
    case Rule::Action::Snat:
    case Rule::Action::Masquerade:
    case Rule::Action::Raw:
      return "";
  }
  return "";
}

}  // namespace

std::vector<NftLine> nft_lines(const Lab& lab, const Rule& rule) {
  using enum Rule::Action;
  if (rule.action == Raw) return {{Hook::Main, rule.raw}};
  if (rule.action == Dnat) return dnat_lines(lab, rule);
  if (rule.action == Snat || rule.action == Masquerade) return source_lines(lab, rule);
  const auto hook = rule.action == Lose ? Hook::Loss : Hook::Main;
  std::vector<NftLine> lines;
  for (const auto& address : address_matches(lab, rule)) {
    for (const auto& ports : port_matches(rule)) {
      lines.push_back({hook, joined(address.text, ports, verdict_of(rule, address.family))});
    }
  }
  return lines;
}

}  // namespace reachproof::lab
