#include <boost/json.hpp>

#include "core/hex.h"
#include "protocol/codec.h"

namespace reachproof::protocol {
namespace {

namespace json = boost::json;

/// Never cuts inside a UTF-8 sequence, and replaces what is not UTF-8 at all.
std::string bounded(const std::string& text) {
  std::string out;
  for (const char c : text.substr(0, kTextBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte >= 0x7f ? '?' : c;
  }
  return out;
}

json::object moment_json(const core::Moment& moment) {
  return {{"wall", core::text(moment.wall)}, {"us", moment.monotonic_us}};
}

json::array ports_json(const std::vector<PortReport>& ports) {
  json::array list;
  for (const auto& p : ports) list.push_back({{"port", p.port.text()}, {"by", word(p.listener)}});
  return list;
}

json::object body(const Hello& m) {
  return {{"m", "hello"},
          {"v", m.version},
          {"software", bounded(m.software)},
          {"host", bounded(m.host)},
          {"pid", m.pid},
          {"can_capture", m.can_capture},
          {"scope", bounded(m.scope)},
          {"now", moment_json(m.now)}};
}

json::object body(const Arm& m) {
  json::array addresses;
  for (const auto& a : m.addresses) addresses.push_back(json::string(a.text()));
  json::array ports;
  for (const auto& p : m.ports) {
    ports.push_back({{"port", p.port.text()}, {"may_listen", p.may_listen}, {"asked", p.asked}});
  }
  return {
      {"m", "arm"},     {"id", m.id},          {"key", core::hex(m.key)}, {"addresses", addresses},
      {"ports", ports}, {"passive", m.passive}};
}

json::object body(const Armed& m) {
  return {{"m", "armed"},
          {"id", m.id},
          {"capture", m.capture},
          {"detail", bounded(m.detail)},
          {"ports", ports_json(m.ports)},
          {"at", moment_json(m.at)}};
}

template <class Texts>
json::array texts_json(const Texts& texts) {
  json::array list;
  for (const auto& text : texts) list.push_back(json::string(bounded(text)));
  return list;
}

/// Only what the layer uses; the reader knows the defaults.
json::object ask_json(const core::Ask& ask) {
  json::object object{{"layer", core::word(ask.layer)}};
  if (!ask.server_name.empty()) object["server_name"] = bounded(ask.server_name);
  if (!ask.alpn.empty()) object["alpn"] = texts_json(ask.alpn);
  if (ask.over_tls) object["over_tls"] = true;
  if (ask.layer == core::Layer::Http) {
    object["method"] = bounded(ask.method);
    object["path"] = bounded(ask.path);
    if (!ask.headers.empty()) object["headers"] = texts_json(ask.headers);
  } else if (ask.layer == core::Layer::Dns) {
    object["name"] = bounded(ask.name);
    object["type"] = core::word(ask.type);
  } else if (ask.layer == core::Layer::Service) {
    object["service"] = bounded(ask.service);
    object["path"] = bounded(ask.path);
    if (ask.exercise) object["exercise"] = true;
    if (!ask.called.empty()) object["called"] = bounded(ask.called);
    if (!ask.calling.empty()) object["calling"] = bounded(ask.calling);
  } else if (ask.layer == core::Layer::Keepalive) {
    object["hold_s"] = ask.hold.count();
  }
  return object;
}

json::object exchange_json(const core::Exchange& exchange) {
  json::object object{{"state", core::word(exchange.state)},
                      {"code", exchange.code},
                      {"says", bounded(exchange.says)}};
  if (!exchange.names.empty()) object["names"] = texts_json(exchange.names);
  if (!exchange.certificate.empty()) object["certificate"] = bounded(exchange.certificate);
  if (!exchange.version.empty()) object["version"] = bounded(exchange.version);
  if (exchange.wants_certificate) object["wants_certificate"] = true;
  return object;
}

json::object body(const AttemptOrder& m) {
  json::object object{{"m", "attempt"},
                      {"id", m.id},
                      {"proto", core::word(m.protocol)},
                      {"address", m.address.text()},
                      {"port", m.port},
                      {"timeout_ms", m.timeout.count()},
                      {"mss", m.mss}};
  if (m.nonce) object["nonce"] = core::hex(*m.nonce);
  if (!m.hostname.empty()) object["hostname"] = bounded(m.hostname);
  if (m.ask) object["ask"] = ask_json(*m.ask);
  return object;
}

json::object body(const OutcomeReport& m) {
  json::object object{{"m", "outcome"},
                      {"id", m.id},
                      {"outcome", core::word(m.outcome)},
                      {"errno", m.error_number},
                      {"source", m.source.text()},
                      {"source_port", m.source_port},
                      {"elapsed_us", m.elapsed_us},
                      {"started", moment_json(m.started)},
                      {"answered", m.answered},
                      {"answer", core::hex(m.answer)},
                      {"first_hop_ms", m.first_hop_ms},
                      {"detail", bounded(m.detail)}};
  if (m.icmp) {
    object["icmp"] = json::object{
        {"type", m.icmp->type}, {"code", m.icmp->code}, {"sender", m.icmp->sender.text()}};
  }
  if (m.mark) object["mark"] = core::hex(*m.mark);
  if (m.exchange) object["exchange"] = exchange_json(*m.exchange);
  return object;
}

json::object body(const Disarm& m) {
  json::array tries;
  for (const auto& t : m.tries) {
    json::object item{{"id", t.id},
                      {"port", t.port.text()},
                      {"source", t.source.text()},
                      {"source_port", t.source_port},
                      {"mss", t.mss}};
    if (t.nonce) item["nonce"] = core::hex(*t.nonce);
    tries.push_back(std::move(item));
  }
  return {{"m", "disarm"}, {"id", m.id}, {"tries", tries}, {"last", m.last}};
}

json::object body(const SightingReport& m) {
  json::array tries;
  for (const auto& t : m.tries) {
    tries.push_back({{"id", t.id},
                     {"arrived", t.sighting.arrived},
                     {"answer", core::word(t.sighting.answer)},
                     {"source", t.sighting.seen_source.text()},
                     {"source_port", t.sighting.seen_source_port}});
  }
  return {{"m", "sighting"}, {"id", m.id}, {"tries", tries}};
}

json::object body(const Done& m) {
  return {{"m", "done"},
          {"what", word(m.what)},
          {"id", m.id},
          {"sound", m.sound},
          {"detail", bounded(m.detail)},
          {"packets", m.packets},
          {"dropped", m.dropped},
          {"ports", ports_json(m.ports)},
          {"first_hop_v4_ms", m.first_hop_v4_ms},
          {"first_hop_v6_ms", m.first_hop_v6_ms},
          {"at", moment_json(m.at)}};
}

json::object body(const Stop& m) {
  return {{"m", "stop"}, {"reason", bounded(m.reason)}};
}

json::object body(const Refused& m) {
  return {{"m", "refused"}, {"id", m.id}, {"why", word(m.why)}, {"detail", bounded(m.detail)}};
}

}  // namespace

std::string encode(const Message& message) {
  return json::serialize(std::visit([](const auto& m) { return body(m); }, message));
}

}  // namespace reachproof::protocol
