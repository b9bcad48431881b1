#include <fmt/core.h>

#include "protocol/codec.h"
#include "protocol/fields.h"

namespace reachproof::protocol {
namespace {

constexpr std::int64_t kLongestMs = std::int64_t{1} << 40U;

std::vector<PortReport> read_ports(Fields& fields) {
  std::vector<PortReport> ports;
  fields.each("ports", [&](Fields& item) {
    PortReport report;
    report.port = item.protocol_port("port");
    report.listener = item.parsed<Listener>("by", listener_of);
    ports.push_back(report);
  });
  return ports;
}

Message read_hello(Fields& f) {
  Hello m;
  m.version = static_cast<int>(f.integer("v", 0, 1'000'000));
  m.software = f.text("software");
  m.host = f.text("host");
  m.pid = static_cast<int>(f.integer("pid", 0, std::numeric_limits<int>::max()));
  m.can_capture = f.boolean("can_capture");
  m.scope = f.text("scope");
  m.now = f.moment("now");
  return m;
}

Message read_arm(Fields& f) {
  Arm m;
  m.id = static_cast<std::uint32_t>(f.integer("id", 0, 0xffffffff));
  m.key = f.nonce("key");
  if (const auto* value = f.get("addresses")) {
    if (!value->is_array() || value->get_array().size() > 64) {
      f.complain("addresses", "is not a list of at most 64");
    } else {
      for (const auto& item : value->get_array()) {
        const auto address = item.is_string()
                                 ? core::IpAddress::parse(std::string(item.get_string()))
                                 : std::nullopt;
        if (!address) f.complain("addresses", "holds something that is not an address");
        if (address) m.addresses.push_back(*address);
      }
    }
  }
  f.each("ports", [&](Fields& item) {
    WatchedPort watched;
    watched.port = item.protocol_port("port");
    watched.may_listen = item.boolean("may_listen");
    watched.asked = item.boolean("asked");
    m.ports.push_back(watched);
  });
  m.passive = f.boolean("passive");
  return m;
}

Message read_armed(Fields& f) {
  Armed m;
  m.id = static_cast<std::uint32_t>(f.integer("id", 0, 0xffffffff));
  m.capture = f.boolean("capture");
  m.detail = f.text("detail");
  m.ports = read_ports(f);
  m.at = f.moment("at");
  return m;
}

std::vector<std::string> read_texts(Fields& f, std::string_view name, std::size_t count_max,
                                    std::size_t bytes_max) {
  std::vector<std::string> texts;
  if (!f.has(name)) return texts;
  const auto* value = f.get(name);
  const auto* list = value == nullptr ? nullptr : value->if_array();
  if (list == nullptr || list->size() > count_max) {
    f.complain(name, "is not a list of bounded length");
    return texts;
  }
  for (const auto& item : *list) {
    if (!item.is_string() || item.get_string().size() > bytes_max) {
      f.complain(name, "holds something that is not a text of bounded length");
      return texts;
    }
    texts.emplace_back(item.get_string());
  }
  return texts;
}

std::shared_ptr<const core::Ask> read_ask(Fields& outer) {
  const auto* object = outer.object("ask");
  if (object == nullptr) return nullptr;
  std::string problem;
  Fields f(*object, problem);
  const auto text_or = [&](std::string_view name, std::string usual) {
    return f.has(name) ? f.text(name) : usual;
  };
  const auto flag = [&](std::string_view name) { return f.has(name) && f.boolean(name); };
  core::Ask ask;
  ask.layer = f.parsed<core::Layer>("layer", core::layer_of);
  ask.server_name = text_or("server_name", "");
  ask.alpn = read_texts(f, "alpn", 8, 32);
  ask.over_tls = flag("over_tls");
  ask.method = text_or("method", ask.method);
  ask.path = text_or("path", ask.path);
  ask.headers = read_texts(f, "headers", 8, 256);
  ask.name = text_or("name", "");
  if (f.has("type")) ask.type = f.parsed<core::DnsType>("type", core::dns_type_of);
  ask.service = text_or("service", "");
  ask.exercise = flag("exercise");
  ask.called = text_or("called", "");
  ask.calling = text_or("calling", "");
  if (f.has("hold_s"))
    ask.hold = std::chrono::seconds(f.integer("hold_s", 1, core::kHoldMax.count()));
  f.finish();
  if (problem.empty()) problem = core::objection_to(ask).value_or("");
  if (!problem.empty()) outer.complain("ask", problem);
  return std::make_shared<const core::Ask>(std::move(ask));
}

core::ExchangePtr read_exchange(Fields& outer) {
  const auto* object = outer.object("exchange");
  if (object == nullptr) return nullptr;
  std::string problem;
  Fields f(*object, problem);
  core::Exchange exchange;
  exchange.state = f.parsed<core::Exchange::State>("state", core::exchange_state_of);
  exchange.code = static_cast<int>(f.integer("code", 0, 1'000'000));
  exchange.says = f.text("says", 200);
  exchange.names = read_texts(f, "names", 64, 253);
  if (f.has("certificate")) exchange.certificate = f.text("certificate", 64);
  if (f.has("version")) exchange.version = f.text("version", 8);
  exchange.wants_certificate = f.has("wants_certificate") && f.boolean("wants_certificate");
  f.finish();
  if (!problem.empty()) outer.complain("exchange", problem);
  return std::make_shared<const core::Exchange>(std::move(exchange));
}

Message read_attempt(Fields& f) {
  AttemptOrder m;
  m.id = f.id("id");
  m.protocol = f.parsed<core::Protocol>("proto", core::protocol_of);
  m.address = f.address("address");
  m.port = f.port("port", m.protocol == core::Protocol::Icmp ? 0 : 1);
  m.timeout = std::chrono::milliseconds(f.integer("timeout_ms", 1, kTimeoutMax.count()));
  m.mss = f.port("mss", 0);
  if (f.has("nonce")) m.nonce = f.nonce("nonce");
  if (f.has("hostname")) m.hostname = f.text("hostname");
  if (f.has("ask")) m.ask = read_ask(f);
  return m;
}

Message read_outcome(Fields& f) {
  OutcomeReport m;
  m.id = f.id("id");
  m.outcome = f.parsed<core::Outcome>("outcome", core::outcome_of);
  m.error_number = static_cast<int>(f.integer("errno", 0, 4096));
  m.source = f.address("source");
  m.source_port = f.port("source_port", 0);
  m.elapsed_us = f.integer("elapsed_us", 0, std::int64_t{1} << 40U);
  m.started = f.moment("started");
  m.answered = f.boolean("answered");
  m.answer = f.parsed<std::vector<std::uint8_t>>("answer", core::from_hex);
  if (m.answer.size() > Nonce{}.size()) f.complain("answer", "is longer than 32 bytes");
  m.first_hop_ms = f.integer("first_hop_ms", -1, kLongestMs);
  m.detail = f.text("detail");
  if (f.has("icmp")) {
    if (const auto* inner = f.object("icmp")) {
      std::string problem;
      Fields fields(*inner, problem);
      core::IcmpError icmp;
      icmp.type = static_cast<std::uint8_t>(fields.integer("type", 0, 255));
      icmp.code = static_cast<std::uint8_t>(fields.integer("code", 0, 255));
      icmp.sender = fields.address("sender");
      fields.finish();
      if (!problem.empty()) f.complain("icmp", problem);
      m.icmp = icmp;
    }
  }
  if (f.has("mark")) m.mark = f.nonce("mark");
  if (f.has("exchange")) m.exchange = read_exchange(f);
  return m;
}

Message read_disarm(Fields& f) {
  Disarm m;
  m.id = static_cast<std::uint32_t>(f.integer("id", 0, 0xffffffff));
  m.last = f.boolean("last");
  f.each("tries", [&](Fields& item) {
    ExpectedTry t;
    t.id = item.id("id");
    t.port = item.protocol_port("port");
    t.source = item.address("source");
    t.source_port = item.port("source_port", 0);
    t.mss = item.port("mss", 0);
    if (item.has("nonce")) t.nonce = item.nonce("nonce");
    m.tries.push_back(t);
  });
  return m;
}

Message read_sighting(Fields& f) {
  SightingReport m;
  m.id = static_cast<std::uint32_t>(f.integer("id", 0, 0xffffffff));
  f.each("tries", [&](Fields& item) {
    SeenTry t;
    t.id = item.id("id");
    t.sighting.arrived = item.boolean("arrived");
    t.sighting.answer = item.parsed<core::HostAnswer>("answer", core::host_answer_of);
    t.sighting.seen_source = item.address("source");
    t.sighting.seen_source_port = item.port("source_port", 0);
    m.tries.push_back(t);
  });
  return m;
}

Message read_done(Fields& f) {
  Done m;
  m.what = f.parsed<Done::What>("what", done_what_of);
  m.id = static_cast<std::uint32_t>(f.integer("id", 0, 0xffffffff));
  m.sound = f.boolean("sound");
  m.detail = f.text("detail");
  m.packets = f.id("packets");
  m.dropped = f.id("dropped");
  m.ports = read_ports(f);
  m.first_hop_v4_ms = f.integer("first_hop_v4_ms", -1, kLongestMs);
  m.first_hop_v6_ms = f.integer("first_hop_v6_ms", -1, kLongestMs);
  m.at = f.moment("at");
  return m;
}

Message read_stop(Fields& f) {
  return Stop{.reason = f.text("reason")};
}

Message read_refused(Fields& f) {
  Refused m;
  m.id = f.id("id");
  m.why = f.parsed<Refused::Why>("why", refused_why_of);
  m.detail = f.text("detail");
  return m;
}

using Reader = Message (*)(Fields&);
struct NamedReader {
  std::string_view name;
  Reader read;
};
constexpr std::array<NamedReader, 10> kReaders{{{"hello", read_hello},
                                                {"arm", read_arm},
                                                {"armed", read_armed},
                                                {"attempt", read_attempt},
                                                {"outcome", read_outcome},
                                                {"disarm", read_disarm},
                                                {"sighting", read_sighting},
                                                {"done", read_done},
                                                {"stop", read_stop},
                                                {"refused", read_refused}}};

Result<Message> read_message(const json::object& object) {
  std::string problem;
  Fields fields(object, problem);
  const auto name = fields.text("m");
  for (const auto& reader : kReaders) {
    if (reader.name != name) continue;
    Message message = reader.read(fields);
    fields.finish();
    if (problem.empty()) return message;
    return fail(ErrorCode::Protocol, fmt::format("message `{}`: {}", name, problem));
  }
  if (!problem.empty()) return fail(ErrorCode::Protocol, problem);
  return fail(ErrorCode::Protocol, "a message of a kind that is not known");
}

}  // namespace

Result<Message> decode(std::string_view line) {
  if (line.size() > kLineBytesMax) {
    return fail(ErrorCode::Protocol, fmt::format("a line of {} bytes; at most {} are accepted",
                                                 line.size(), kLineBytesMax));
  }
  const auto value = parse_object(line, 8);
  if (!value) return tl::unexpected(value.error());
  return read_message(value->get_object());
}

}  // namespace reachproof::protocol
