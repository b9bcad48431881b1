#include "evidence/layer_record.h"

#include <boost/json.hpp>
#include <optional>

namespace reachproof::evidence {
namespace {

namespace json = boost::json;

void write_ask(JsonText& json, const core::Ask& ask) {
  const auto text = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) json.field(name, value);
  };
  json.begin_object();
  if (!ask.alpn.empty()) json.texts("alpn", ask.alpn);
  text("called", ask.called);
  text("calling", ask.calling);
  if (ask.exercise) json.flag("exercise", true);
  if (!ask.headers.empty()) json.texts("headers", ask.headers);
  if (ask.hold.count() != 0) json.field("hold_s", ask.hold.count());
  json.field("layer", core::word(ask.layer));
  if (ask.method != "GET") json.field("method", ask.method);
  text("name", ask.name);
  if (ask.over_tls) json.flag("over_tls", true);
  if (ask.path != "/") json.field("path", ask.path);
  text("server_name", ask.server_name);
  text("service", ask.service);
  if (ask.layer == core::Layer::Dns) json.field("type", core::word(ask.type));
  json.end_object();
}

void write_wanted(JsonText& json, const core::Wanted& wanted) {
  json.begin_object();
  if (wanted.demands_certificate) json.flag("demands_certificate", true);
  if (!wanted.names.empty()) json.texts("names", wanted.names);
  if (!wanted.only.empty()) {
    json.key("only").begin_array();
    for (const auto& address : wanted.only) json.text(address.text());
    json.end_array();
  }
  if (!wanted.statuses.empty()) {
    json.key("statuses").begin_array();
    for (const int status : wanted.statuses) json.integer(status);
    json.end_array();
  }
  if (!wanted.version_min.empty()) json.field("version_min", wanted.version_min);
  json.end_object();
}

/// Reads an object; what does not fit makes the whole unreadable.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}
  [[nodiscard]] bool sound() const { return sound_; }

  std::string text(std::string_view name, std::string usual = "") {
    const auto* value = object_.if_contains(name);
    if (value == nullptr) return usual;
    if (!value->is_string()) return miss(std::move(usual));
    return std::string(value->get_string());
  }
  bool flag(std::string_view name) {
    const auto* value = object_.if_contains(name);
    if (value == nullptr) return false;
    return value->is_bool() ? value->get_bool() : miss(false);
  }
  std::int64_t number(std::string_view name) {
    const auto* value = object_.if_contains(name);
    if (value == nullptr) return 0;
    return value->is_int64() ? value->get_int64() : miss(std::int64_t{0});
  }
  std::vector<std::string> texts(std::string_view name) {
    std::vector<std::string> texts;
    each(name, [&](const json::value& item) {
      if (item.is_string()) texts.emplace_back(item.get_string());
      return item.is_string();
    });
    return texts;
  }
  template <class Take>
  void each(std::string_view name, Take take) {
    const auto* value = object_.if_contains(name);
    if (value == nullptr) return;
    if (!value->is_array()) {
      sound_ = false;
      return;
    }
    for (const auto& item : value->get_array()) sound_ = take(item) && sound_;
  }
  template <class Parse>
  auto word(std::string_view name, Parse parse) {
    const auto value = parse(text(name));
    using Value = typename decltype(parse(std::string_view()))::value_type;
    return value ? *value : miss(Value{});
  }
  json::object inner(std::string_view name) {
    const auto* value = object_.if_contains(name);
    return value != nullptr && value->is_object() ? value->get_object() : miss(json::object());
  }

 private:
  template <class T>
  T miss(T value) {
    sound_ = false;
    return value;
  }
  const json::object& object_;
  bool sound_ = true;
};

std::optional<core::Ask> read_ask(const json::object& object) {
  Reader reader(object);
  core::Ask ask;
  ask.alpn = reader.texts("alpn");
  ask.called = reader.text("called");
  ask.calling = reader.text("calling");
  ask.exercise = reader.flag("exercise");
  ask.headers = reader.texts("headers");
  ask.hold = std::chrono::seconds(reader.number("hold_s"));
  ask.layer = reader.word("layer", core::layer_of);
  ask.method = reader.text("method", ask.method);
  ask.name = reader.text("name");
  ask.over_tls = reader.flag("over_tls");
  ask.path = reader.text("path", ask.path);
  ask.server_name = reader.text("server_name");
  ask.service = reader.text("service");
  if (object.contains("type")) ask.type = reader.word("type", core::dns_type_of);
  if (!reader.sound()) return std::nullopt;
  return ask;
}

std::optional<core::Wanted> read_wanted(const json::object& object) {
  Reader reader(object);
  core::Wanted wanted;
  wanted.demands_certificate = reader.flag("demands_certificate");
  wanted.names = reader.texts("names");
  reader.each("only", [&](const json::value& item) {
    const auto address =
        item.is_string() ? core::IpAddress::parse(std::string(item.get_string())) : std::nullopt;
    if (address) wanted.only.push_back(*address);
    return address.has_value();
  });
  reader.each("statuses", [&](const json::value& item) {
    if (item.is_int64()) wanted.statuses.push_back(static_cast<int>(item.get_int64()));
    return item.is_int64();
  });
  wanted.version_min = reader.text("version_min");
  if (!reader.sound()) return std::nullopt;
  return wanted;
}

}  // namespace

void write_layer(JsonText& json, const core::LayerRule& rule) {
  json.begin_object().key("ask");
  write_ask(json, rule.ask);
  json.field("label", rule.label).key("wanted");
  write_wanted(json, rule.wanted);
  json.end_object();
}

core::LayerPtr read_layer(const json::object& item) {
  Reader reader(item);
  auto ask = read_ask(reader.inner("ask"));
  auto wanted = read_wanted(reader.inner("wanted"));
  auto label = reader.text("label");
  if (!reader.sound() || !ask || !wanted) return nullptr;
  return std::make_shared<const core::LayerRule>(
      core::LayerRule{std::move(*ask), std::move(*wanted), std::move(label)});
}

void write_exchange(JsonText& json, const core::Exchange& exchange) {
  json.begin_array().text(core::word(exchange.state)).integer(exchange.code);
  json.text(exchange.says).text(exchange.certificate).text(exchange.version);
  json.integer(exchange.wants_certificate ? 1 : 0);
  for (const auto& name : exchange.names) json.text(name);
  json.end_array();
}

core::ExchangePtr read_exchange(const json::array& item) {
  constexpr std::size_t kFixed = 6;
  if (item.size() < kFixed || !item[1].is_int64() || !item[5].is_int64()) return nullptr;
  for (std::size_t i = 0; i < item.size(); ++i) {
    if (i != 1 && i != 5 && !item[i].is_string()) return nullptr;
  }
  const auto text = [&](std::size_t i) { return std::string(item[i].get_string()); };
  const auto state = core::exchange_state_of(text(0));
  if (!state) return nullptr;
  core::Exchange exchange{.state = *state,
                          .code = static_cast<int>(item[1].get_int64()),
                          .says = text(2),
                          .certificate = text(3),
                          .version = text(4),
                          .wants_certificate = item[5].get_int64() != 0};
  for (std::size_t i = kFixed; i < item.size(); ++i) exchange.names.push_back(text(i));
  return std::make_shared<const core::Exchange>(std::move(exchange));
}

}  // namespace reachproof::evidence
