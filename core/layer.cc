#include "core/layer.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "core/words.h"

namespace reachproof::core {
namespace {

using Kind = LayerAnswer::Kind;
using State = Exchange::State;

constexpr Words<Layer, 5> kLayers{{{Layer::Tls, "tls"},
                                   {Layer::Http, "http"},
                                   {Layer::Dns, "dns"},
                                   {Layer::Service, "service"},
                                   {Layer::Keepalive, "keepalive"}}};
constexpr Words<DnsType, 2> kDnsTypes{{{DnsType::A, "A"}, {DnsType::Aaaa, "AAAA"}}};
constexpr Words<State, 6> kStates{{{State::Answered, "answered"},
                                   {State::Refused, "refused"},
                                   {State::Garbled, "garbled"},
                                   {State::Closed, "closed"},
                                   {State::Silent, "silent"},
                                   {State::Failed, "failed"}}};

constexpr bool kTcp = true;
constexpr bool kUdp = true;
constexpr bool kNotTcp = false;
constexpr bool kNotUdp = false;

constexpr std::array<ServiceKind, 29> kServices{{
    {"ssh", kTcp, kNotUdp, false, false, false, "its identification line"},
    {"vnc", kTcp, kNotUdp, false, false, false, "its ProtocolVersion message"},
    {"ftp", kTcp, kNotUdp, false, false, false, "its reply 220; 530 is a refusal"},
    {"smtp", kTcp, kNotUdp, false, false, false, "its reply 220; 554 is a refusal"},
    {"smb", kTcp, kNotUdp, false, false, false, "an SMB2 NEGOTIATE response"},
    {"rdp", kTcp, kNotUdp, false, false, false, "an X.224 connection confirm"},
    {"winrm", kTcp, kNotUdp, false, false, false, "401 or 405 for /wsman from Microsoft-HTTPAPI"},
    {"ldap", kTcp, kNotUdp, false, false, false,
     "an answer to the anonymous search of the root DSE"},
    {"kerberos", kTcp, kUdp, false, false, false, "a KRB-ERROR or AS-REP of version 5"},
    {"postgresql", kTcp, kNotUdp, true, false, false,
     "the answer to SSLRequest; exercised: what it demands of a user without a password"},
    {"mysql", kTcp, kNotUdp, false, false, false,
     "its handshake packet; errors 1129, 1130 are refusals"},
    {"mssql", kTcp, kNotUdp, false, false, false, "a PRELOGIN response"},
    {"redis", kTcp, kNotUdp, false, false, false, "PONG; NOAUTH and DENIED are refusals"},
    {"mongodb", kTcp, kNotUdp, false, false, false,
     "an OP_MSG that answers our hello by its number"},
    {"kubernetes-api", kTcp, kNotUdp, false, false, true, "its version; 401 or 403 is a refusal"},
    {"kubelet", kTcp, kNotUdp, false, false, true, "its /healthz; 401 or 403 is a refusal"},
    {"etcd", kTcp, kNotUdp, false, false, true, "its version; a TLS or HTTP refusal is one"},
    {"docker", kTcp, kNotUdp, false, false, false, "its /_ping, with the API's header"},
    {"vault", kTcp, kNotUdp, false, false, true, "its health document"},
    {"elasticsearch", kTcp, kNotUdp, false, false, false, "its banner document; 401 is a refusal"},
    {"aws-metadata", kTcp, kNotUdp, false, false, false,
     "IMDSv1's listing; 401 (a session token is demanded) is a refusal"},
    {"azure-metadata", kTcp, kNotUdp, false, false, false, "its list of API versions"},
    {"gcp-metadata", kTcp, kNotUdp, false, false, false, "its Metadata-Flavor header"},
    {"dicom", kTcp, kNotUdp, true, false, false,
     "A-ASSOCIATE-AC; a rejection or an abort is a refusal; exercised: C-ECHO"},
    {"hl7", kTcp, kNotUdp, true, true, false, "an acknowledgment of a test message"},
    {"fhir", kTcp, kNotUdp, false, false, true,
     "its capability statement; 401 or 403 is a refusal"},
    {"snmp", kNotTcp, kUdp, false, false, false,
     "a report of its SNMPv3 engine to our message number"},
    {"rpcbind", kTcp, kUdp, false, false, false, "the NULL procedure's reply to our number"},
    {"nfs", kTcp, kUdp, false, false, false, "the NULL procedure's reply to our number"},
}};

constexpr std::array<std::string_view, 3> kMethods{"GET", "HEAD", "OPTIONS"};
/// Headers that carry, or could carry, somebody's right to be let in, and those that libcurl owns.
constexpr std::array<std::string_view, 11> kHeadersRefused{
    "authorization",           "cookie", "proxy-authorization", "x-api-key",         "x-auth-token",
    "x-vault-token",           "host",   "content-length",      "transfer-encoding", "connection",
    "x-aws-ec2-metadata-token"};

bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

/// Printable ASCII, a space included where `spaces`.
bool is_printable(std::string_view text, bool spaces) {
  return std::ranges::all_of(
      text, [&](char c) { return (c > 0x20 && c < 0x7f) || (spaces && c == ' '); });
}

/// A host name as RFC 1123 has it, underscores allowed; a dot may stand at the end.
bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  std::size_t label = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_';
    if (!fine || ++label > 63) return false;
  }
  return true;
}

bool is_ae_title(std::string_view text) {
  return text.size() <= 16 && is_printable(text, true) && text.find('\\') == std::string::npos;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::optional<std::string> objection_to_header(const std::string& header) {
  const auto colon = header.find(": ");
  if (colon == std::string::npos || !is_token(std::string_view(header).substr(0, colon)) ||
      header.size() > 256 || !is_printable(header, true)) {
    return fmt::format("`{}` is not a header such as `Accept: application/json`", header);
  }
  const auto name = lower(std::string_view(header).substr(0, colon));
  if (std::ranges::find(kHeadersRefused, name) != kHeadersRefused.end()) {
    return fmt::format("the header `{}` may not be sent: requests carry no credential", name);
  }
  return std::nullopt;
}

/// Whether a certificate's name fits the wanted one; a leading "*." stands for one label (RFC
/// 9525).
bool name_fits(const std::string& name, const std::string& wanted) {
  const auto has = lower(name);
  const auto want = lower(wanted);
  if (has == want) return true;
  if (!has.starts_with("*.")) return false;
  const auto dot = want.find('.');
  return dot != std::string::npos && dot > 0 && want.substr(dot) == has.substr(1);
}

LayerAnswer unclear(const Exchange& exchange, Layer layer) {
  return {Kind::Unclear, summary(exchange, layer)};
}

LayerAnswer tls_answer(const Wanted& wanted, Expectation expected, const Exchange& e) {
  if (e.state != State::Answered && e.state != State::Refused) return unclear(e, Layer::Tls);
  const auto said = summary(e, Layer::Tls);
  if (expected == Expectation::Deny) {
    return {e.state == State::Answered ? Kind::Granted : Kind::Denied, said};
  }
  const bool refused = e.state == State::Refused;
  if (wanted.demands_certificate != refused) {
    return {Kind::Denied, refused ? said : said + "; it demanded no client certificate"};
  }
  // The version and the names are known only of a handshake that went far enough.
  if (!wanted.version_min.empty() && e.version < wanted.version_min) {
    const bool known = !e.version.empty();
    return {known ? Kind::Denied : Kind::Unclear,
            fmt::format("{}; TLS {} at least was wanted", said, wanted.version_min)};
  }
  const bool named =
      wanted.names.empty() || std::ranges::any_of(wanted.names, [&](const auto& w) {
        return std::ranges::any_of(e.names, [&](const auto& has) { return name_fits(has, w); });
      });
  if (named) return {Kind::Granted, said};
  std::string names;
  for (const auto& name : e.names) names += (names.empty() ? "" : ", ") + name;
  return {e.certificate.empty() ? Kind::Unclear : Kind::Denied,
          fmt::format("{}; its certificate is for {}", said, names.empty() ? "nobody" : names)};
}

LayerAnswer http_answer(const Wanted& wanted, Expectation expected, const Exchange& e) {
  const auto said = summary(e, Layer::Http);
  const bool listed = std::ranges::find(wanted.statuses, e.code) != wanted.statuses.end();
  // A TLS handshake that was refused to a stranger, before any request.
  if (e.state == State::Refused) {
    return {Kind::Denied, said};
  }
  if (e.state != State::Answered) return unclear(e, Layer::Http);
  if (expected == Expectation::Deny) {
    if (listed) return {Kind::Denied, said};
    // Overloaded or failing is neither: the next run will see.
    if (e.code == 429 || e.code >= 500) return {Kind::Unclear, said};
    return {Kind::Granted, said};
  }
  return {listed ? Kind::Granted : Kind::Denied, said};
}

LayerAnswer dns_answer(const Wanted& wanted, Expectation expected, const Exchange& e) {
  const auto said = summary(e, Layer::Dns);
  if (e.state == State::Refused) return {Kind::Denied, said};
  if (e.state != State::Answered) return unclear(e, Layer::Dns);
  if (wanted.only.empty() || expected == Expectation::Deny) return {Kind::Granted, said};
  const bool expected_only = std::ranges::all_of(e.names, [&](const auto& name) {
    const auto address = IpAddress::parse(name);
    return address && std::ranges::find(wanted.only, *address) != wanted.only.end();
  });
  return {expected_only ? Kind::Granted : Kind::Denied, said};
}

LayerAnswer service_answer(const Exchange& e) {
  const auto said = summary(e, Layer::Service);
  if (e.state == State::Answered) return {Kind::Granted, said};
  if (e.state == State::Refused) return {Kind::Denied, said};
  return {Kind::Unclear, said};
}

LayerAnswer keepalive_answer(const Exchange& e) {
  const auto said = summary(e, Layer::Keepalive);
  if (e.state == State::Answered) return {Kind::Granted, said};
  if (e.state == State::Refused) return {Kind::Denied, said};
  return {Kind::Unclear, said};
}

std::string_view dns_code(int code) {
  switch (code) {
    case 0:
      return "no such record";
    case 2:
      return "SERVFAIL";
    case 3:
      return "NXDOMAIN";
    case 5:
      return "REFUSED";
    default:
      return "rcode";
  }
}

}  // namespace

LayerAnswer layer_answer(const LayerRule& rule, Expectation expected, const Exchange& exchange) {
  switch (rule.ask.layer) {
    case Layer::Tls:
      return tls_answer(rule.wanted, expected, exchange);
    case Layer::Http:
      return http_answer(rule.wanted, expected, exchange);
    case Layer::Dns:
      return dns_answer(rule.wanted, expected, exchange);
    case Layer::Service:
      return service_answer(exchange);
    case Layer::Keepalive:
      return keepalive_answer(exchange);
  }
  return {};
}

std::span<const ServiceKind> known_services() {
  return kServices;
}

const ServiceKind* service_named(std::string_view name) {
  const auto it = std::ranges::find(kServices, name, &ServiceKind::name);
  return it == kServices.end() ? nullptr : &*it;
}

std::string label_of(const Ask& ask) {
  switch (ask.layer) {
    case Layer::Tls:
      return "tls";
    case Layer::Http:
      return fmt::format("{} {} {}", ask.over_tls ? "https" : "http", ask.method, ask.path);
    case Layer::Dns:
      return fmt::format("dns {} {}", ask.name, word(ask.type));
    case Layer::Service:
      return ask.service + (ask.over_tls ? " over tls" : "") + (ask.exercise ? " exercised" : "");
    case Layer::Keepalive:
      return fmt::format("keepalive {}s", ask.hold.count());
  }
  return "";
}

std::optional<std::string> objection_to(const Ask& ask) {
  if (!ask.server_name.empty() && !is_host_name(ask.server_name)) {
    return fmt::format("`{}` is not a host name", ask.server_name);
  }
  if (ask.alpn.size() > 8 || !std::ranges::all_of(ask.alpn, [](const auto& p) {
        return !p.empty() && p.size() <= 32 && is_printable(p, false);
      })) {
    return "at most 8 application protocols, each of 1 to 32 printable characters";
  }
  if (std::ranges::find(kMethods, ask.method) == kMethods.end()) {
    return fmt::format("the method `{}` may not be sent: GET, HEAD or OPTIONS", ask.method);
  }
  if (!ask.path.starts_with('/') || ask.path.size() > 512 || !is_printable(ask.path, false)) {
    return "a path begins with `/`, has no spaces and at most 512 printable characters";
  }
  if (ask.headers.size() > 8) return "at most 8 headers";
  for (const auto& header : ask.headers) {
    if (auto wrong = objection_to_header(header)) return wrong;
  }
  if (ask.layer == Layer::Dns && !is_host_name(ask.name)) {
    return fmt::format("`{}` is not a name that can be asked for", ask.name);
  }
  if (ask.layer == Layer::Service && !is_token(ask.service)) return "it names no service";
  const bool holds = ask.layer == Layer::Keepalive;
  if (holds != (ask.hold.count() != 0) || ask.hold.count() < 0 || ask.hold > kHoldMax) {
    return "a connection is held from 1s to 1h";
  }
  if (!is_ae_title(ask.called) || !is_ae_title(ask.calling)) {
    return "an AE title has at most 16 printable characters and no backslash";
  }
  return std::nullopt;
}

std::string canonical(const Ask& ask) {
  std::string text(word(ask.layer));
  // Every part is bounded printable text, so that a tab tells them apart.
  const auto add = [&](std::string_view part) { text.append("\t").append(part); };
  add(ask.server_name);
  for (const auto& protocol : ask.alpn) add("alpn " + protocol);
  add(ask.method);
  add(ask.path);
  for (const auto& header : ask.headers) add("header " + header);
  add(ask.over_tls ? "over tls" : "plain");
  add(ask.name);
  add(word(ask.type));
  add(ask.service);
  add(ask.exercise ? "exercise" : "greet");
  add(ask.called);
  add(ask.calling);
  if (ask.hold.count() != 0) add(fmt::format("hold {}s", ask.hold.count()));
  return text;
}

std::string_view word(Layer layer) {
  return word_in(kLayers, layer);
}
std::string_view word(DnsType type) {
  return word_in(kDnsTypes, type);
}
std::string_view word(Exchange::State state) {
  return word_in(kStates, state);
}
std::optional<Layer> layer_of(std::string_view w) {
  return value_in(kLayers, w);
}
std::optional<DnsType> dns_type_of(std::string_view w) {
  return value_in(kDnsTypes, w);
}
std::optional<Exchange::State> exchange_state_of(std::string_view w) {
  return value_in(kStates, w);
}

std::string summary(const Exchange& e, Layer layer) {
  if (layer == Layer::Keepalive && !e.says.empty()) return e.says;
  std::string text(word(e.state));
  if (layer == Layer::Http && e.code != 0) text += fmt::format(" {}", e.code);
  if (layer == Layer::Tls && e.state == State::Refused && e.code != 0) {
    text += e.code >= 400 ? fmt::format(" with HTTP {}", e.code)
                          : fmt::format(" with TLS alert {}", e.code);
  }
  if (layer == Layer::Dns && e.state == State::Refused) {
    text += fmt::format(" ({} {})", dns_code(e.code), e.code);
  }
  if (layer == Layer::Dns && e.state == State::Answered) {
    for (const auto& name : e.names) text += " " + name;
  }
  if (!e.says.empty()) text += ": " + e.says;
  if (e.wants_certificate) text += ", it asked for a client certificate";
  return text;
}

}  // namespace reachproof::core
