#include "core/base64.h"
#include "protocol/fields.h"
#include "protocol/fleet.h"

namespace reachproof::protocol {
namespace {

constexpr std::size_t kPemBytesMax = 8192;
constexpr std::size_t kGrantBytesMax = 1U << 20U;
constexpr std::size_t kSignatureBytesMax = 256;
constexpr std::int64_t kNumberMax = std::int64_t{1} << 53U;

json::object moment_json(const core::Moment& moment) {
  return {{"wall", core::text(moment.wall)}, {"us", moment.monotonic_us}};
}

std::uint64_t number(Fields& fields, std::string_view name) {
  return static_cast<std::uint64_t>(fields.integer(name, 0, kNumberMax));
}

core::WallTime wall(Fields& fields, std::string_view name) {
  return fields.parsed<core::WallTime>(name, core::parse_wall_time);
}

template <class T, class Read>
Result<T> decoded(std::string_view text, std::string_view what, Read read) {
  if (text.size() > kExchangeBytesMax) {
    return fail(ErrorCode::Protocol, fmt::format("{} of {} bytes; at most {} are accepted", what,
                                                 text.size(), kExchangeBytesMax));
  }
  const auto value = parse_object(text, 8);
  if (!value) return tl::unexpected(value.error());
  std::string problem;
  Fields fields(value->get_object(), problem);
  T message = read(fields);
  fields.finish();
  if (!problem.empty()) return fail(ErrorCode::Protocol, fmt::format("{}: {}", what, problem));
  return message;
}

json::array sessions_json(const ExchangeRequest& m) {
  json::array list;
  for (const auto& s : m.sessions) {
    list.push_back({{"session", s.session},
                    {"got", s.orders_got},
                    {"last", s.last_batch},
                    {"ended", s.ended},
                    {"detail", s.detail}});
  }
  return list;
}

json::array batches_json(const ExchangeRequest& m) {
  json::array list;
  for (const auto& b : m.batches) {
    list.push_back(
        {{"session", b.session}, {"seq", b.sequence}, {"lines", b.lines}, {"sig", b.signature}});
  }
  return list;
}

ExchangeRequest read_exchange_request(Fields& f) {
  ExchangeRequest m;
  m.version = static_cast<int>(f.integer("v", 0, 1'000'000));
  m.instance = f.text("instance", 64);
  m.sequence = number(f, "seq");
  m.wait_ms = f.integer("wait_ms", 0, kHoldMax.count());
  m.now = f.moment("now");
  m.software = f.text("software", 128);
  m.host = f.text("host", 256);
  m.scope = f.text("scope", 64);
  m.can_capture = f.boolean("can_capture");
  if (f.has("offset_ms")) {
    m.offset = ClockOffset{.ms = f.integer("offset_ms", -kNumberMax, kNumberMax),
                           .error_ms = f.integer("offset_error_ms", 0, kNumberMax)};
  }
  m.policy_key = f.text("policy_key", 64);
  m.policy_version = number(f, "policy_version");
  m.log_size = number(f, "log_size");
  m.stopped = f.text("stopped");
  f.each("sessions", [&](Fields& item) {
    SessionReport s;
    s.session = item.text("session", 128);
    s.orders_got = number(item, "got");
    s.last_batch = number(item, "last");
    s.ended = item.boolean("ended");
    s.detail = item.text("detail");
    m.sessions.push_back(std::move(s));
  });
  f.each("batches", [&](Fields& item) {
    Batch b;
    b.session = item.text("session", 128);
    b.sequence = number(item, "seq");
    b.lines = item.text("lines", kBatchBytesMax);
    b.signature = item.text("sig", kSignatureBytesMax);
    m.batches.push_back(std::move(b));
  });
  if (m.sessions.size() > kSessionsMax) f.complain("sessions", "is too long");
  return m;
}

json::object heartbeat_json(const Heartbeat& h) {
  return {{"instance", h.instance},
          {"seq", h.sequence},
          {"time", core::text(h.time)},
          {"sig", h.signature}};
}

Heartbeat read_heartbeat(Fields& fields, std::string& problem) {
  Heartbeat h;
  if (const auto* inner = fields.object("heartbeat")) {
    Fields f(*inner, problem);
    h.instance = f.text("instance", 64);
    h.sequence = number(f, "seq");
    h.time = wall(f, "time");
    h.signature = f.text("sig", kSignatureBytesMax);
    f.finish();
  }
  return h;
}

std::optional<StopOrder> read_stop_order(Fields& fields, std::string& problem) {
  if (!fields.has("stop")) return std::nullopt;
  StopOrder s;
  if (const auto* inner = fields.object("stop")) {
    Fields f(*inner, problem);
    s.id = f.text("id", 64);
    s.reason = f.text("reason");
    s.time = wall(f, "time");
    s.signature = f.text("sig", kSignatureBytesMax);
    f.finish();
  }
  return s;
}

void read_lists(Fields& f, ExchangeAnswer& m) {
  f.each("acks", [&](Fields& item) {
    m.acks.push_back({.session = item.text("session", 128), .sequence = number(item, "seq")});
  });
  f.each("openings", [&](Fields& item) {
    SessionOpening o;
    o.session = item.text("session", 128);
    o.run = item.text("run", 128);
    o.grant = item.text("grant", kGrantBytesMax);
    m.openings.push_back(std::move(o));
  });
  f.each("orders", [&](Fields& item) {
    Order o;
    o.session = item.text("session", 128);
    o.number = number(item, "n");
    o.line = item.text("line", kLineBytesMax);
    m.orders.push_back(std::move(o));
  });
  f.each("closings", [&](Fields& item) { m.closings.push_back(item.text("session", 128)); });
}

json::object answer_json(const ExchangeAnswer& m) {
  json::array acks;
  for (const auto& a : m.acks) acks.push_back({{"session", a.session}, {"seq", a.sequence}});
  json::array openings;
  for (const auto& o : m.openings) {
    openings.push_back({{"session", o.session}, {"run", o.run}, {"grant", o.grant}});
  }
  json::array orders;
  for (const auto& o : m.orders) {
    orders.push_back({{"session", o.session}, {"n", o.number}, {"line", o.line}});
  }
  json::array closings;
  for (const auto& s : m.closings) closings.push_back(json::object{{"session", s}});
  return {{"received", core::text(m.received)},
          {"now", core::text(m.now)},
          {"heartbeat", heartbeat_json(m.heartbeat)},
          {"acks", std::move(acks)},
          {"openings", std::move(openings)},
          {"orders", std::move(orders)},
          {"closings", std::move(closings)},
          {"log_size", m.log_size},
          {"renew", m.renew},
          {"pace_ms", m.pace_ms}};
}

}  // namespace

std::string encode(const JoinRequest& m) {
  return json::serialize(json::object{{"v", m.version},
                                      {"token", m.token},
                                      {"request", m.request},
                                      {"host", m.host},
                                      {"software", m.software}});
}

std::string encode(const JoinAnswer& m) {
  return json::serialize(json::object{{"state", m.state},
                                      {"id", m.id},
                                      {"segment", m.segment},
                                      {"certificate", m.certificate},
                                      {"authority", m.authority},
                                      {"heartbeat_key", m.heartbeat_key},
                                      {"detail", m.detail}});
}

std::string encode(const ExchangeRequest& m) {
  json::object object{{"v", m.version},
                      {"instance", m.instance},
                      {"seq", m.sequence},
                      {"wait_ms", m.wait_ms},
                      {"now", moment_json(m.now)},
                      {"software", m.software},
                      {"host", m.host},
                      {"scope", m.scope},
                      {"can_capture", m.can_capture},
                      {"policy_key", m.policy_key},
                      {"policy_version", m.policy_version},
                      {"log_size", m.log_size},
                      {"stopped", m.stopped},
                      {"sessions", sessions_json(m)},
                      {"batches", batches_json(m)}};
  if (m.offset) {
    object["offset_ms"] = m.offset->ms;
    object["offset_error_ms"] = m.offset->error_ms;
  }
  return json::serialize(object);
}

std::string encode(const ExchangeAnswer& m) {
  auto object = answer_json(m);
  if (m.stop) {
    object["stop"] = json::object{{"id", m.stop->id},
                                  {"reason", m.stop->reason},
                                  {"time", core::text(m.stop->time)},
                                  {"sig", m.stop->signature}};
  }
  return json::serialize(object);
}

Result<JoinRequest> decode_join_request(std::string_view text) {
  return decoded<JoinRequest>(text, "join", [](Fields& f) {
    JoinRequest m;
    m.version = static_cast<int>(f.integer("v", 0, 1'000'000));
    m.token = f.text("token", 256);
    m.request = f.text("request", kPemBytesMax);
    m.host = f.text("host", 256);
    m.software = f.text("software", 128);
    return m;
  });
}

Result<JoinAnswer> decode_join_answer(std::string_view text) {
  return decoded<JoinAnswer>(text, "answer to join", [](Fields& f) {
    JoinAnswer m;
    m.state = f.text("state", 64);
    m.id = f.text("id", 64);
    m.segment = f.text("segment", 256);
    m.certificate = f.text("certificate", kPemBytesMax);
    m.authority = f.text("authority", kPemBytesMax);
    m.heartbeat_key = f.text("heartbeat_key", kPemBytesMax);
    m.detail = f.text("detail");
    return m;
  });
}

Result<ExchangeRequest> decode_exchange_request(std::string_view text) {
  return decoded<ExchangeRequest>(text, "exchange", read_exchange_request);
}

Result<ExchangeAnswer> decode_exchange_answer(std::string_view text) {
  std::string problem;
  auto answer = decoded<ExchangeAnswer>(text, "answer to exchange", [&](Fields& f) {
    ExchangeAnswer m;
    m.received = wall(f, "received");
    m.now = wall(f, "now");
    m.heartbeat = read_heartbeat(f, problem);
    read_lists(f, m);
    m.stop = read_stop_order(f, problem);
    m.log_size = number(f, "log_size");
    m.renew = f.boolean("renew");
    m.pace_ms = f.integer("pace_ms", 0, kHoldMax.count());
    return m;
  });
  if (answer && !problem.empty()) return fail(ErrorCode::Protocol, problem);
  return answer;
}

std::string batch_text(const Batch& batch) {
  return fmt::format("reachproof batch v1\n{}\n{}\n{}", batch.session, batch.sequence, batch.lines);
}

std::string heartbeat_text(const Heartbeat& heartbeat) {
  return fmt::format("reachproof heartbeat v1\n{}\n{}\n{}\n", heartbeat.instance,
                     heartbeat.sequence, core::text(heartbeat.time));
}

std::string stop_text(const StopOrder& stop) {
  return fmt::format("reachproof stop v1\n{}\n{}\n{}\n", stop.id, core::text(stop.time),
                     stop.reason);
}

std::string sign_base64(const KeyPair& key, std::string_view text) {
  return core::base64(core::bytes_of(key.sign(text)));
}

bool verify_base64(const PublicKey& key, std::string_view text, std::string_view signature) {
  const auto bytes = core::from_base64(signature);
  return bytes && key.verify(text, {reinterpret_cast<const char*>(bytes->data()), bytes->size()});
}

std::string encode(const JoinToken& token) {
  const auto text = json::serialize(
      json::object{{"pin", token.ca_pin}, {"secret", token.secret}, {"url", token.url}});
  return "rpj_" + core::base64url(core::bytes_of(text));
}

Result<JoinToken> decode_join_token(std::string_view text) {
  constexpr std::string_view kPrefix = "rpj_";
  const auto bytes =
      text.starts_with(kPrefix) ? core::from_base64url(text.substr(kPrefix.size())) : std::nullopt;
  if (!bytes) {
    return fail(ErrorCode::Usage,
                "that is no join token: it begins with rpj_ and comes from `reachproof probe token "
                "create`; was it cut when it was copied?");
  }
  auto token = decoded<JoinToken>({reinterpret_cast<const char*>(bytes->data()), bytes->size()},
                                  "join token", [](Fields& f) {
                                    JoinToken t;
                                    t.ca_pin = f.text("pin", 64);
                                    t.secret = f.text("secret", 256);
                                    t.url = f.text("url", 512);
                                    return t;
                                  });
  if (!token) return fail(ErrorCode::Usage, "that is no join token: " + token.error().message);
  if (!core::from_hex(token->ca_pin)) {
    return fail(ErrorCode::Usage, "the join token's pin is no SHA-256");
  }
  return token;
}

}  // namespace reachproof::protocol
