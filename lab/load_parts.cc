#include "lab/load_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "lab/dns_answer.h"

namespace reachproof::lab {
namespace {

using scenarios::MapReader;
using scenarios::Node;

const std::vector<std::string>& kind_words() {
  static const std::vector<std::string> words{"accept", "close", "reset", "echo",  "http",
                                              "banner", "mute",  "dns",   "closed"};
  return words;
}

std::optional<Listener::Kind> kind_of(std::string_view text) {
  using enum Listener::Kind;
  for (const auto kind : {Accept, Close, Reset, Echo, Http, Banner, Mute, Dns, Closed}) {
    if (word(kind) == text) return kind;
  }
  return std::nullopt;
}

std::string unquoted(std::string text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

/// What is wrong with a listener, or "".
std::string complaint(const Listener& listener) {
  using enum Listener::Kind;
  const auto kind = listener.kind;
  const bool udp = listener.ports.protocol == core::Protocol::Udp;
  if (listener.ports.protocol == core::Protocol::Icmp) {
    return "a host answers pings by itself; its firewall may stop that (`drop from any to any "
           "icmp`)";
  }
  if (listener.ports.size() > 1 && kind != Closed) {
    return "a range of ports can only be `closed`; list the others one by one";
  }
  if (udp && kind != Echo && kind != Mute && kind != Dns && kind != Closed) {
    return fmt::format("`{}` is for TCP; a UDP port may be echo, mute, dns or closed", word(kind));
  }
  if (!udp && (kind == Mute || kind == Dns)) {
    return fmt::format("`{}` is for UDP; `accept` is TCP's way to say nothing", word(kind));
  }
  if (!listener.argument.empty() && kind != Http && kind != Banner && kind != Dns) {
    return fmt::format("`{}` takes nothing after it", word(kind));
  }
  if (kind == Banner && listener.argument.empty()) return "`banner` wants the text to send";
  if (kind == Dns) {
    const bool known = listener.argument.empty() || dns_error_of(listener.argument);
    return known ? ""
                 : "`dns` takes nothing after it, or the error for every name: nxdomain, servfail";
  }
  if (kind != Http) return "";
  int status = 0;
  const auto digits = listener.argument.substr(0, listener.argument.find(' '));
  const auto* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, status);
  const bool sound = error == std::errc{} && rest == end && status >= 200 && status <= 599;
  return sound ? "" : "`http` takes a status from 200 to 599, and a text to answer";
}

std::optional<Listener> read_listener(const Node& key, const Node& value, const std::string& what,
                                      scenarios::Problems& problems) {
  const auto ports = core::PortRange::parse(key.text);
  if (!ports) {
    problems.error(key.mark,
                   fmt::format("`{}` in the listeners of {} is not a port", key.text, what),
                   "write it as tcp/443 or udp/53");
  }
  const auto text =
      scenarios::scalar_text(value, fmt::format("{} of {}", key.text, what), problems);
  if (!ports || text.empty()) return std::nullopt;
  const auto blank = text.find(' ');
  const auto kind = kind_of(text.substr(0, blank));
  if (!kind) {
    const auto near = scenarios::did_you_mean(text, kind_words());
    problems.error(
        value.mark, fmt::format("unknown listener `{}`", text),
        near.empty() ? fmt::format("known are {}", fmt::join(kind_words(), ", ")) : near);
    return std::nullopt;
  }
  Listener listener{.ports = *ports, .kind = *kind, .mark = key.mark};
  if (blank != std::string::npos) listener.argument = unquoted(text.substr(blank + 1));
  if (*kind == Listener::Kind::Http && listener.argument.empty()) listener.argument = "200";
  if (const auto wrong = complaint(listener); !wrong.empty()) {
    problems.error(value.mark, wrong);
    return std::nullopt;
  }
  return listener;
}

/// Whether a scalar is a literal block (`|`), whose lines are lines of the file.
bool is_literal_block(const Node& node, const std::string& text) {
  std::size_t at = 0;
  for (int line = 1; line < node.mark.line && at != std::string::npos; ++line) {
    at = text.find('\n', at);
    if (at != std::string::npos) ++at;
  }
  if (at == std::string::npos) return false;
  at += static_cast<std::size_t>(node.mark.column - 1);
  return at < text.size() && text[at] == '|';
}

RawNft raw_of(const Node& node, const FileContext& context) {
  const bool literal = is_literal_block(node, context.text);
  return {.text = node.text,
          .file = context.file,
          .first_line = node.mark.line + (literal ? 1 : 0),
          .line_by_line = literal};
}

std::optional<Rule> read_rule(const Node& item, FileContext& context) {
  if (item.kind == Node::Kind::Map) {
    MapReader keys(item, "the rule", context.problems);
    Rule rule{.action = Rule::Action::Raw, .raw = keys.required_text("nft"), .mark = item.mark};
    keys.finish();
    if (rule.raw.find('\n') == std::string::npos) return rule;
    context.problems.error(item.mark, "one nft rule of a list must stand on one line",
                           "give each line its own `- nft:`");
    return std::nullopt;
  }
  const auto text = scenarios::scalar_text(item, "the rule", context.problems);
  if (text.empty()) return std::nullopt;
  auto rule = parse_rule(text);
  if (!rule) {
    context.problems.error(item.mark, rule.error().message);
    return std::nullopt;
  }
  rule->mark = item.mark;
  return *rule;
}

Chain::Policy read_policy(MapReader& keys, const Node& node, FileContext& context) {
  const auto text = keys.optional_text("policy", "accept");
  if (text == "drop") return Chain::Policy::Drop;
  if (text != "accept" && !text.empty()) {
    context.problems.error(node.find("policy")->mark, fmt::format("unknown policy `{}`", text),
                           "it is accept or drop");
  }
  return Chain::Policy::Accept;
}

void read_rules(const Node* rules, Chain& chain, const std::string& what, FileContext& context) {
  if (rules == nullptr) return;
  if (rules->kind == Node::Kind::Scalar) {
    chain.body = raw_of(*rules, context);
    return;
  }
  if (rules->kind != Node::Kind::Sequence) {
    context.problems.error(rules->mark, fmt::format("`rules` of {} must be a list, or nft text "
                                                    "after `|`",
                                                    what));
    return;
  }
  for (const auto& item : rules->items) {
    if (auto rule = read_rule(item, context)) chain.rules.push_back(std::move(*rule));
  }
}

/// Reads `policy` and `rules` from `keys`; none if neither is there.
std::optional<Chain> read_chain(MapReader& keys, const Node& node, FileContext& context) {
  const Node* rules = keys.optional("rules");
  const bool present = rules != nullptr || node.find("policy") != nullptr;
  Chain chain{.policy = read_policy(keys, node, context), .mark = node.mark};
  if (const Node* policy = node.find("policy")) chain.mark = policy->mark;
  read_rules(rules, chain, keys.what(), context);
  if (!present) return std::nullopt;
  return chain;
}

std::optional<Chain> read_named_chain(MapReader& keys, std::string_view key, FileContext& context) {
  const Node* node = keys.optional(key);
  if (node == nullptr) return std::nullopt;
  MapReader inner(*node, fmt::format("`{}` of {}", key, keys.what()), context.problems);
  auto chain = read_chain(inner, *node, context);
  inner.finish();
  return chain;
}

void refuse_translation(const std::optional<Chain>& chain, FileContext& context) {
  if (!chain) return;
  for (const auto& rule : chain->rules) {
    using enum Rule::Action;
    if (rule.action != Dnat && rule.action != Snat && rule.action != Masquerade) continue;
    context.problems.error(rule.mark, "addresses are translated in a router's `rules` only",
                           "write it as nft text under `nft:` if you need it here");
  }
}

void read_nft_file(MapReader& keys, const Node& node, Firewall& firewall, FileContext& context) {
  const auto name = keys.optional_text("nft-file");
  if (name.empty()) return;
  const auto path = (context.directory / name).string();
  auto text = scenarios::read_text_file(path);
  if (!text) {
    context.problems.error(node.find("nft-file")->mark, text.error().message,
                           "the path is relative to the lab file");
    return;
  }
  firewall.raw.push_back({.text = std::move(*text), .file = path});
}

}  // namespace

std::vector<Listener> read_listeners(const Node* node, const std::string& what,
                                     FileContext& context) {
  std::vector<Listener> listeners;
  if (node == nullptr) return listeners;
  if (node->kind != Node::Kind::Map) {
    context.problems.error(node->mark, fmt::format("`listeners` of {} must be a map", what),
                           "as in `listeners: { tcp/443: accept }`");
    return listeners;
  }
  for (const auto& [key, value] : node->entries) {
    auto listener = read_listener(key, value, what, context.problems);
    if (!listener) continue;
    const auto overlaps = [&](const Listener& other) {
      return other.ports.overlaps(listener->ports);
    };
    const auto twice = std::ranges::find_if(listeners, overlaps);
    if (twice != listeners.end()) {
      context.problems.error(key.mark, fmt::format("{} of {} overlaps {} on line {}", key.text,
                                                   what, twice->ports.text(), twice->mark.line));
    }
    listeners.push_back(std::move(*listener));
  }
  return listeners;
}

Firewall read_firewall(MapReader& keys, const Node& node, bool router, FileContext& context) {
  Firewall firewall;
  if (router) firewall.forward = read_chain(keys, node, context);
  firewall.input = read_named_chain(keys, "input", context);
  firewall.output = read_named_chain(keys, "output", context);
  refuse_translation(firewall.input, context);
  refuse_translation(firewall.output, context);
  if (const Node* raw = keys.optional("nft")) {
    if (raw->kind == Node::Kind::Scalar) {
      firewall.raw.push_back(raw_of(*raw, context));
    } else {
      context.problems.error(raw->mark, fmt::format("`nft` of {} must be text", keys.what()),
                             "begin it with `nft: |`");
    }
  }
  read_nft_file(keys, node, firewall, context);
  return firewall;
}

}  // namespace reachproof::lab
