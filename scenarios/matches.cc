#include "scenarios/matches.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace reachproof::scenarios {
namespace {

using Attributes = std::map<std::string, std::string>;

constexpr std::size_t kExceptMax = 256;

/// Depth is bounded by the document's.
void flatten(const Node& node, const std::string& path, Attributes& flat, Problems& problems) {
  switch (node.kind) {
    case Node::Kind::Scalar:
    case Node::Kind::Null: {
      auto text = scalar_text(node, fmt::format("the attribute `{}`", path), problems);
      if (!text.empty()) flat[path] = std::move(text);
      return;
    }
    case Node::Kind::Sequence:
      problems.error(node.mark, fmt::format("the attribute `{}` must be text, not a list", path),
                     "write one entry of `match` for each value");
      return;
    case Node::Kind::Map:
      if (node.entries.empty()) {
        problems.error(node.mark, fmt::format("the attributes `{}` are empty", path));
      }
      for (const auto& [key, value] : node.entries) {
        flatten(value, path + "." + key.text, flat, problems);
      }
  }
}

/// Every endpoint that has all of `more` has all of `fewer` too.
bool implies(const Attributes& more, const Attributes& fewer) {
  return std::ranges::all_of(fewer, [&](const auto& entry) {
    const auto it = more.find(entry.first);
    return it != more.end() && it->second == entry.second;
  });
}

/// The lower or upper half of a block that has at least one bit left.
core::Cidr half(const core::Cidr& block, bool upper) {
  std::array<std::uint8_t, 16> bytes{};
  std::copy_n(block.base.bytes(), block.base.size(), bytes.begin());
  if (upper) {
    auto& byte = bytes[static_cast<std::size_t>(block.prefix_bits / 8)];
    byte = static_cast<std::uint8_t>(byte | (0x80 >> (block.prefix_bits % 8)));
  }
  const auto base = block.base.family() == core::Family::V4 ? core::IpAddress::v4(bytes.data())
                                                            : core::IpAddress::v6(bytes.data());
  return {base, block.prefix_bits + 1};
}

void read_excepts(const Node& node, const std::string& what, core::Match& match,
                  Problems& problems) {
  if (node.kind != Node::Kind::Sequence || node.items.empty()) {
    problems.error(node.mark, fmt::format("`except` of {} must be a list of blocks", what));
    return;
  }
  if (node.items.size() > kExceptMax) {
    problems.error(node.mark,
                   fmt::format("`except` of {} has more than {} entries", what, kExceptMax));
    return;
  }
  for (const auto& item : node.items) {
    const auto block = read_cidr(item, fmt::format("an entry of `except` of {}", what), problems);
    if (!block || !match.cidr) continue;
    if (block->prefix_bits >= match.cidr->prefix_bits && block->overlaps(*match.cidr)) {
      match.except.push_back(*block);
    } else {
      problems.error(item.mark, fmt::format("`except` of {} names {}, which is not within {}", what,
                                            block->text(), match.cidr->text()));
    }
  }
  if (match.cidr && !address_left(*match.cidr, match.except)) {
    problems.error(node.mark,
                   fmt::format("`except` of {} leaves no address of {}", what, match.cidr->text()));
  }
}

std::optional<std::string> addresses_meet(const core::Match& a, const core::Match& b) {
  if (!a.cidr->overlaps(*b.cidr)) return std::nullopt;
  const auto& smaller = a.cidr->prefix_bits >= b.cidr->prefix_bits ? *a.cidr : *b.cidr;
  auto except = a.except;
  except.insert(except.end(), b.except.begin(), b.except.end());
  const auto common = address_left(smaller, except);
  if (!common) return std::nullopt;
  return fmt::format("{} meets {}, for example at {}", a.cidr->text(), b.cidr->text(),
                     common->text());
}

std::string said(const Attributes& attributes) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : attributes) parts.push_back(fmt::format("{}={}", key, value));
  return joined(parts);
}

}  // namespace

Attributes read_attributes(Fields& keys, Problems& problems) {
  Attributes flat;
  for (const char* map : kAttributeMaps) {
    const Node* node = keys.optional(map);
    if (node == nullptr) continue;
    if (node->kind == Node::Kind::Map) {
      flatten(*node, map, flat, problems);
    } else {
      problems.error(node->mark, keys.said(map) + " must be a map of attributes");
    }
  }
  return flat;
}

std::optional<core::Match> read_match(const Node& node, const std::string& what,
                                      Problems& problems) {
  Fields keys(node, what, problems);
  core::Match match;
  if (const Node* cidr = keys.optional("cidr")) {
    match.cidr = read_cidr(*cidr, keys.said("cidr"), problems);
  }
  const Node* except = keys.optional("except");
  if (except != nullptr) read_excepts(*except, what, match, problems);
  if (except != nullptr && keys.optional("cidr") == nullptr) {
    problems.error(except->mark, fmt::format("`except` of {} needs a `cidr` beside it", what));
  }
  match.attributes = read_attributes(keys, problems);
  keys.finish();
  if (keys.usable() && node.entries.empty()) {
    problems.error(node.mark, what + " is empty, and would match everything",
                   "give a `cidr` or attributes");
  }
  if (!match.cidr && match.attributes.empty()) return std::nullopt;
  return match;
}

std::optional<core::IpAddress> address_left(const core::Cidr& block,
                                            const std::vector<core::Cidr>& except) {
  std::vector<core::Cidr> inside;
  for (const auto& hole : except) {
    if (!hole.overlaps(block)) continue;
    if (hole.prefix_bits <= block.prefix_bits) return std::nullopt;
    inside.push_back(hole);
  }
  if (inside.empty()) return block.base;
  // Each level has a bit fewer, and only halves with a hole go on: at most holes times bits steps.
  if (auto left = address_left(half(block, false), inside)) return left;
  return address_left(half(block, true), inside);
}

std::optional<std::string> overlap(const core::Match& a, const core::Match& b) {
  const bool a_is_narrower = implies(a.attributes, b.attributes);
  const bool b_is_narrower = implies(b.attributes, a.attributes);
  if (!a_is_narrower && !b_is_narrower) return std::nullopt;
  if (a.cidr && b.cidr) return addresses_meet(a, b);
  // The one with a block asks for more; it meets the other if the other's attributes are all
  // among its own.
  if (a.cidr && !a_is_narrower) return std::nullopt;
  if (b.cidr && !b_is_narrower) return std::nullopt;
  return fmt::format("both match {}", said(a_is_narrower ? a.attributes : b.attributes));
}

bool fits(const core::Match& match, const std::vector<core::IpAddress>& addresses,
          const Attributes& attributes) {
  if (!implies(attributes, match.attributes)) return false;
  if (!match.cidr) return true;
  return std::ranges::any_of(addresses, [&](const core::IpAddress& address) {
    return match.cidr->contains(address) &&
           std::ranges::none_of(match.except,
                                [&](const auto& hole) { return hole.contains(address); });
  });
}

}  // namespace reachproof::scenarios
