#include "scenarios/layers.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>

namespace reachproof::scenarios {
namespace {

using core::Layer;

constexpr std::string_view kWays =
    "write network, tls, http, https, or a map such as { speaks: ssh }, { http: { path: /admin } "
    "}, "
    "{ tls: { names: [db.example] } }, { dns: { name: example.org } }, { keepalive: 30s }";

/// "200" or "200-299".
bool add_statuses(const std::string& text, std::vector<int>& statuses) {
  const auto number = [](std::string_view digits) -> int {
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool whole = error == std::errc{} && end == digits.data() + digits.size();
    return whole && value >= 100 && value <= 599 ? value : -1;
  };
  const auto dash = text.find('-');
  const int first = number(std::string_view(text).substr(0, dash));
  const int last =
      dash == std::string::npos ? first : number(std::string_view(text).substr(dash + 1));
  if (first < 0 || last < first) return false;
  for (int status = first; status <= last; ++status) statuses.push_back(status);
  return true;
}

class LayerReader {
 public:
  LayerReader(std::string owner, RuleKind kind, Draft& draft)
      : owner_(std::move(owner)), kind_(kind), problems_(draft.problems) {}

  bool read(const Node& node) {
    if (node.kind == Node::Kind::Scalar) return read_word(node);
    Fields keys(node, "`layer` of " + owner_, problems_);
    // One of these says which; the others belong to it.
    int given = 0;
    for (const auto* way : {"tls", "http", "https", "dns", "speaks", "keepalive"}) {
      given += node.find(way) == nullptr ? 0 : 1;
    }
    if (node.kind == Node::Kind::Map && given != 1) {
      problems_.error(
          node.mark,
          fmt::format("`layer` of {} must have one of tls, http, https, dns, speaks, keepalive",
                      owner_),
          std::string(kWays));
      return false;
    }
    if (const Node* inner = keys.optional("tls")) read_tls(*inner);
    if (const Node* inner = keys.optional("http")) read_http(*inner, false);
    if (const Node* inner = keys.optional("https")) read_http(*inner, true);
    if (const Node* inner = keys.optional("dns")) read_dns(*inner);
    if (const Node* inner = keys.optional("speaks")) read_speaks(*inner, keys);
    if (node.find("keepalive") != nullptr) read_keepalive(keys);
    keys.finish();
    return true;
  }

  core::LayerRule take() {
    rule_.label = core::label_of(rule_.ask);
    return std::move(rule_);
  }

 private:
  bool read_word(const Node& node) {
    const auto text = scalar_text(node, "`layer` of " + owner_, problems_);
    if (text == "tls") {
      offer_http();
      rule_.ask.layer = Layer::Tls;
    } else if (text == "http" || text == "https") {
      rule_.ask.layer = Layer::Http;
      rule_.ask.over_tls = text == "https";
      usual_statuses();
    } else {
      if (text != "network" && !text.empty()) {
        problems_.error(node.mark, fmt::format("`layer` of {} cannot be `{}`", owner_, text),
                        std::string(kWays));
      }
      return false;
    }
    return true;
  }

  /// Servers that agree to HTTP are asked whether they go on without a client certificate.
  void offer_http() { rule_.ask.alpn = {"http/1.1"}; }

  void usual_statuses() {
    if (kind_ == RuleKind::Forbid) {
      rule_.wanted.statuses = {401, 403};
    } else {
      add_statuses("200-399", rule_.wanted.statuses);
    }
  }

  void read_tls(const Node& node) {
    Fields keys(node, "`tls` of " + owner_, problems_);
    rule_.ask.layer = Layer::Tls;
    offer_http();
    rule_.ask.server_name = keys.optional_text("server-name");
    if (node.find("alpn") != nullptr) rule_.ask.alpn = texts_of(keys, "alpn");
    of_flows_alone(keys, node, "names",
                   "of a forbid the handshake without a client certificate must be refused");
    of_flows_alone(keys, node, "version",
                   "of a forbid the handshake without a client certificate must be refused");
    of_flows_alone(keys, node, "client-certificate",
                   "of a forbid the handshake without a client certificate must be refused");
    rule_.wanted.names = texts_of(keys, "names");
    rule_.wanted.version_min =
        keys.word("version", {"1.0", "1.1", "1.2", "1.3"}).value_or(std::string());
    rule_.wanted.demands_certificate = keys.word("client-certificate", {"demanded"}).has_value();
    keys.finish();
  }

  void read_http(const Node& node, bool over_tls) {
    Fields keys(node, fmt::format("`{}` of {}", over_tls ? "https" : "http", owner_), problems_);
    rule_.ask.layer = Layer::Http;
    rule_.ask.over_tls = over_tls;
    rule_.ask.server_name = keys.optional_text("server-name");
    rule_.ask.method = keys.optional_text("method", "GET");
    rule_.ask.path = keys.optional_text("path", "/");
    if (const Node* headers = keys.optional("headers")) {
      for (const auto& [name, value] : entries_of(*headers, "headers")) {
        rule_.ask.headers.push_back(name + ": " + value);
      }
    }
    usual_statuses();
    const bool flow = kind_ == RuleKind::Flow;
    read_statuses(keys, node, flow ? "expect" : "refused-with", flow ? "refused-with" : "expect");
    keys.finish();
  }

  void read_statuses(Fields& keys, const Node& node, std::string_view key, std::string_view other) {
    if (node.find(other) != nullptr) {
      problems_.error(keys.mark_of(other),
                      fmt::format("{} belongs to {} alone", keys.said(other),
                                  kind_ == RuleKind::Flow ? "forbids" : "flows"),
                      fmt::format("write `{}`", key));
    }
    (void)keys.optional(other);
    if (node.find(key) == nullptr) return;
    rule_.wanted.statuses.clear();
    for (const auto& text : texts_of(keys, key)) {
      if (!add_statuses(text, rule_.wanted.statuses)) {
        problems_.error(keys.mark_of(key),
                        fmt::format("{} has `{}`, which is no HTTP status", keys.said(key), text),
                        "write it as 401 or 200-299");
      }
    }
  }

  void read_dns(const Node& node) {
    Fields keys(node, "`dns` of " + owner_, problems_);
    keys.require({"name"});
    rule_.ask.layer = Layer::Dns;
    rule_.ask.name = keys.optional_text("name");
    if (keys.word("type", {"A", "AAAA"}) == "AAAA") rule_.ask.type = core::DnsType::Aaaa;
    of_flows_alone(keys, node, "only", "of a forbid the name must not resolve at all");
    for (const auto& text : texts_of(keys, "only")) {
      if (const auto address = core::IpAddress::parse(text)) {
        rule_.wanted.only.push_back(*address);
      } else {
        problems_.error(keys.mark_of("only"),
                        fmt::format("{} has `{}`, which is no address", keys.said("only"), text));
      }
    }
    keys.finish();
  }

  void read_speaks(const Node& node, Fields& keys) {
    auto& ask = rule_.ask;
    ask.layer = Layer::Service;
    ask.service = scalar_text(node, keys.said("speaks"), problems_);
    ask.server_name = keys.optional_text("server-name");
    ask.exercise = keys.optional_bool("exercise", false);
    ask.path = keys.optional_text("path", "/");
    ask.called = keys.optional_text("called");
    ask.calling = keys.optional_text("calling");
    (void)keys.optional("over-tls");
    std::vector<std::string> names;
    for (const auto& service : core::known_services()) names.emplace_back(service.name);
    if (!check_known({ask.service, node.mark}, names, "service to greet", keys.said("speaks"),
                     problems_)) {
      return;
    }
    const auto& service = *core::service_named(ask.service);
    ask.over_tls = keys.optional_bool("over-tls", service.usually_tls);
    if (ask.exercise && !service.exercises) {
      problems_.error(keys.mark_of("exercise"),
                      fmt::format("{}: `{}` has no operation beyond its greeting",
                                  keys.said("exercise"), ask.service));
    }
    if (service.only_exercised && !ask.exercise) {
      problems_.error(node.mark,
                      fmt::format("{} is `{}`, which shows itself only when a test message is sent",
                                  keys.said("speaks"), ask.service),
                      "add `exercise: true`, if the service may get one");
    }
  }

  void read_keepalive(Fields& keys) {
    rule_.ask.layer = Layer::Keepalive;
    const auto held = keys.duration("keepalive", {std::chrono::seconds(1), core::kHoldMax});
    rule_.ask.hold =
        std::chrono::ceil<std::chrono::seconds>(held.value_or(std::chrono::seconds(1)));
  }

  /// What a flow may want and a forbid has no use for.
  void of_flows_alone(Fields& keys, const Node& node, std::string_view key,
                      const std::string& advice) {
    if (kind_ == RuleKind::Flow || node.find(key) == nullptr) return;
    problems_.error(keys.mark_of(key), fmt::format("{} belongs to flows alone", keys.said(key)),
                    advice);
  }

  /// A list, or one text alone.
  std::vector<std::string> texts_of(Fields& keys, std::string_view key) {
    std::vector<std::string> texts;
    const Node* list = keys.optional(key);
    if (list == nullptr) return texts;
    if (list->kind == Node::Kind::Scalar) {
      texts.push_back(scalar_text(*list, keys.said(key), problems_));
      return texts;
    }
    return keys.optional_texts(key);
  }

  std::vector<std::pair<std::string, std::string>> entries_of(const Node& map,
                                                              const std::string& what) {
    std::vector<std::pair<std::string, std::string>> entries;
    if (map.kind != Node::Kind::Map) {
      problems_.error(map.mark, fmt::format("`{}` of {} must be a map", what, owner_));
      return entries;
    }
    for (const auto& [key, value] : map.entries) {
      entries.emplace_back(
          key.text, scalar_text(value, fmt::format("`{}` of {}", key.text, what), problems_));
    }
    return entries;
  }

  std::string owner_;
  RuleKind kind_;
  Problems& problems_;
  core::LayerRule rule_;
};

/// What is wrong with asking that on these ports; empty where nothing is.
std::string misfit(const core::Ask& ask, const std::vector<core::PortRange>& ports) {
  const auto all = [&](core::Protocol protocol) {
    return std::ranges::all_of(ports,
                               [&](const auto& range) { return range.protocol == protocol; });
  };
  const bool tcp = all(core::Protocol::Tcp);
  const bool udp = all(core::Protocol::Udp);
  switch (ask.layer) {
    case Layer::Tls:
    case Layer::Http:
      return tcp ? "" : "TLS and HTTP are asked over TCP alone";
    case Layer::Keepalive:
      return tcp ? "" : "a connection is held over TCP alone";
    case Layer::Dns:
      return std::ranges::any_of(
                 ports, [](const auto& range) { return range.protocol == core::Protocol::Icmp; })
                 ? "DNS is asked over UDP or TCP"
                 : "";
    case Layer::Service: {
      const auto* service = core::service_named(ask.service);
      if (service == nullptr) return "";
      if (!service->over_udp && !tcp) return fmt::format("`{}` is spoken over TCP", ask.service);
      if (!service->over_tcp && !udp) return fmt::format("`{}` is spoken over UDP", ask.service);
      return "";
    }
  }
  return "";
}

}  // namespace

core::LayerPtr read_layer(Fields& keys, RuleKind kind, const std::vector<core::PortRange>& ports,
                          Draft& draft) {
  const Node* node = keys.optional("layer");
  if (node == nullptr) return nullptr;
  LayerReader reader(keys.what(), kind, draft);
  if (!reader.read(*node)) return nullptr;
  auto rule = reader.take();
  if (auto wrong = core::objection_to(rule.ask)) {
    draft.problems.error(node->mark, fmt::format("{}: {}", keys.said("layer"), *wrong));
    return nullptr;
  }
  if (const auto wrong = misfit(rule.ask, ports); !wrong.empty()) {
    draft.problems.error(node->mark, fmt::format("{}: {}", keys.said("layer"), wrong),
                         "narrow `service` to ports of that protocol");
    return nullptr;
  }
  return std::make_shared<const core::LayerRule>(std::move(rule));
}

}  // namespace reachproof::scenarios
