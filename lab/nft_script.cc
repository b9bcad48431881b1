#include "lab/nft_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "lab/nft_rule.h"
#include "lab/places.h"

namespace reachproof::lab {
namespace {

using core::Family;
using Origin = NftScript::Origin;

struct Placed {
  NftLine line;
  Origin origin;
};

/// Writes the table chain by chain and remembers where each line came from.
class ScriptWriter {
 public:
  ScriptWriter(const Lab& lab, const Firewall& firewall) : lab_(lab), firewall_(firewall) {}

  NftScript write() {
    if (firewall_.empty()) return {};
    if (!firewall_.raw.empty() || has_body()) write_definitions();
    line("table inet lab {", {});
    write_chain("forward", firewall_.forward);
    write_chain("input", firewall_.input);
    write_chain("output", firewall_.output);
    write_translation(Hook::Prerouting, "prerouting", "prerouting priority dstnat");
    write_translation(Hook::Postrouting, "postrouting", "postrouting priority srcnat");
    if (loses_replies_) write_lost_replies();
    line("}", {});
    for (const auto& raw : firewall_.raw) write_raw(raw);
    return std::move(script_);
  }

 private:
  void line(std::string_view text, Origin origin) {
    script_.text += text;
    script_.text += '\n';
    script_.origins.push_back(std::move(origin));
  }

  void rule(std::string_view text, Origin origin) {
    line(fmt::format("    {}", text), std::move(origin));
    ++script_.rules;
  }

  [[nodiscard]] bool has_body() const {
    const auto raw = [](const Rule& it) { return it.action == Rule::Action::Raw; };
    return std::ranges::any_of(
        std::vector{&firewall_.forward, &firewall_.input, &firewall_.output},
        [&](const auto* chain) {
          return *chain && ((*chain)->body || std::ranges::any_of((*chain)->rules, raw));
        });
  }

  void define(const std::string& name) {
    const auto blocks = *blocks_of(lab_, name);
    for (const auto family : {Family::V4, Family::V6}) {
      std::vector<std::string> texts;
      for (const auto& block : blocks) {
        if (block.base.family() == family) texts.push_back(block.text());
      }
      if (texts.empty()) continue;
      line(fmt::format("define {}.{} = {{ {} }}", name, family == Family::V4 ? "v4" : "v6",
                       fmt::join(texts, ", ")),
           {});
    }
  }

  void write_definitions() {
    for (const auto& segment : lab_.segments) define(segment.name);
    for (const auto& router : lab_.routers) define(router.name);
    for (const auto& host : lab_.hosts) define(host.name);
  }

  void write_raw(const RawNft& raw) {
    int number = raw.first_line;
    std::size_t at = 0;
    while (at < raw.text.size()) {
      const auto end = std::min(raw.text.find('\n', at), raw.text.size());
      line(std::string_view(raw.text).substr(at, end - at), {raw.file, number});
      if (raw.line_by_line) ++number;
      at = end + 1;
    }
  }

  [[nodiscard]] std::vector<Placed> placed_lines(const Chain& chain) const {
    std::vector<Placed> lines;
    for (const auto& it : chain.rules) {
      for (auto& text : nft_lines(lab_, it)) {
        lines.push_back({std::move(text), {lab_.file, it.mark.line}});
      }
    }
    return lines;
  }

  void write_chain(std::string_view hook, const std::optional<Chain>& chain) {
    if (!chain) return;
    const Origin origin{lab_.file, chain->mark.line};
    const auto placed = placed_lines(*chain);
    write_loss(hook, placed);
    const bool drops = chain->policy == Chain::Policy::Drop;
    line(fmt::format("  chain {} {{", hook), origin);
    line(fmt::format("    type filter hook {} priority filter; policy {};", hook,
                     drops ? "drop" : "accept"),
         origin);
    if (chain->body) {
      write_raw(*chain->body);
    } else {
      write_preamble(hook, origin);
      for (const auto& it : placed) {
        if (it.line.hook == Hook::Main) rule(it.line.text, it.origin);
      }
    }
    line("  }", origin);
    for (const auto& it : chain->rules) {
      if (it.action == Rule::Action::DropReplies) loses_replies_ = true;
    }
  }

  /// Rules speak of flows, so replies and the errors about them pass. A host answers itself, and
  /// needs its neighbours: without neighbour discovery IPv6 would be dead rather than filtered.
  void write_preamble(std::string_view hook, const Origin& origin) {
    rule("ct state established,related accept", origin);
    if (hook == "forward") return;
    rule(hook == "input" ? "iifname \"lo\" accept" : "oifname \"lo\" accept", origin);
    rule(
        "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, "
        "nd-router-advert } accept",
        origin);
  }

  void write_loss(std::string_view hook, const std::vector<Placed>& placed) {
    const auto lossy = [](const Placed& it) { return it.line.hook == Hook::Loss; };
    if (std::ranges::none_of(placed, lossy)) return;
    line(fmt::format("  chain loss-{} {{", hook), {});
    line(fmt::format("    type filter hook {} priority -20; policy accept;", hook), {});
    for (const auto& it : placed) {
      if (lossy(it)) rule(it.line.text, it.origin);
    }
    line("  }", {});
  }

  void write_translation(Hook hook, std::string_view chain, std::string_view where) {
    if (!firewall_.forward) return;
    const auto placed = placed_lines(*firewall_.forward);
    const auto here = [&](const Placed& it) { return it.line.hook == hook; };
    if (std::ranges::none_of(placed, here)) return;
    line(fmt::format("  chain {} {{", chain), {});
    line(fmt::format("    type nat hook {}; policy accept;", where), {});
    for (const auto& it : placed) {
      if (here(it)) rule(it.line.text, it.origin);
    }
    line("  }", {});
  }

  /// Replies leave a router by its forward hook, and a host by its output hook.
  void write_lost_replies() {
    for (const std::string_view hook : {"forward", "output"}) {
      line(fmt::format("  chain lost-{} {{", hook), {});
      line(fmt::format("    type filter hook {} priority -10; policy accept;", hook), {});
      rule(fmt::format("ct direction reply ct mark {} drop", kLostMark), {});
      line("  }", {});
    }
  }

  const Lab& lab_;
  const Firewall& firewall_;
  NftScript script_;
  bool loses_replies_ = false;
};

}  // namespace

NftScript::Origin NftScript::origin(std::size_t number) const {
  if (number == 0 || number > origins.size()) return {};
  return origins[number - 1];
}

NftScript nft_script(const Lab& lab, const Firewall& firewall) {
  return ScriptWriter(lab, firewall).write();
}

std::size_t rules_listed(std::string_view listing) {
  std::size_t rules = 0;
  bool ours = false;
  std::size_t at = 0;
  while (at < listing.size()) {
    const auto end = std::min(listing.find('\n', at), listing.size());
    const auto line = listing.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("table ")) ours = line.starts_with("table inet lab {");
    const bool handle = line.find(" # handle ") != std::string_view::npos;
    if (ours && handle && line.find("{ # handle ") == std::string_view::npos) ++rules;
  }
  return rules;
}

std::string located(std::string_view complaint, const NftScript& script) {
  constexpr std::string_view kStdin = "/dev/stdin:";
  std::string text;
  std::size_t at = 0;
  while (at < complaint.size()) {
    const auto end = std::min(complaint.find('\n', at), complaint.size());
    auto line = complaint.substr(at, end - at);
    at = end + 1;
    if (line.starts_with(kStdin)) {
      line.remove_prefix(kStdin.size());
      std::size_t number = 0;
      std::from_chars(line.data(), line.data() + line.size(), number);
      const auto origin = script.origin(number);
      const auto message = line.find(": ");
      if (message != std::string_view::npos) line.remove_prefix(message + 2);
      if (line.starts_with("Error: ")) line.remove_prefix(7);
      if (origin.line > 0)
        text += fmt::format("{}:{}: error: nft: ", origin.file, origin.line);
      else
        text += "error: nft: ";
    }
    text += line;
    text += '\n';
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace reachproof::lab
