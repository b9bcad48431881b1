#include "protocol/grant.h"

#include "protocol/fields.h"

namespace reachproof::protocol {
namespace {

constexpr std::size_t kGrantBytesMax = 768U << 10U;
constexpr std::size_t kPortsMax = 65'536;
constexpr std::size_t kTargetsMax = 20'000;
constexpr std::size_t kAsksMax = 10'000;

json::array ports_json(const std::set<core::ProtocolPort>& ports) {
  json::array list;
  for (const auto& port : ports) list.push_back(json::string(port.text()));
  return list;
}

std::set<core::ProtocolPort> ports_in(const json::value* value, std::string& problem) {
  std::set<core::ProtocolPort> ports;
  const auto* list = value == nullptr ? nullptr : value->if_array();
  if (list == nullptr || list->size() > kPortsMax) {
    problem = "ports are not a list of bounded length";
    return ports;
  }
  for (const auto& item : *list) {
    const auto range = item.is_string()
                           ? core::PortRange::parse(std::string_view(item.get_string()))
                           : std::nullopt;
    if (!range || range->first != range->last) {
      problem = "a port is not one such as tcp/22";
      return ports;
    }
    ports.insert({range->protocol, range->first});
  }
  return ports;
}

void read_targets(const json::value* value, Grant& grant, std::string& problem) {
  const auto* object = value == nullptr ? nullptr : value->if_object();
  if (object == nullptr || object->size() > kTargetsMax) {
    problem = "`targets` is not an object of bounded size";
    return;
  }
  for (const auto& entry : *object) {
    const auto address = core::IpAddress::parse(std::string(entry.key()));
    if (!address) {
      problem = "a target is not an address";
      return;
    }
    grant.targets[*address] = ports_in(&entry.value(), problem);
  }
}

}  // namespace

std::optional<std::string> Grant::objection_at(core::WallTime now) const {
  if (now < from) return "the signed plan is not valid before " + core::text(from);
  if (now >= until) return "the signed plan expired at " + core::text(until);
  if (hours && !hours->contains(now)) {
    return fmt::format("the signed plan allows {} UTC only", hours->text());
  }
  return std::nullopt;
}

std::string encode(const Grant& grant) {
  json::object targets;
  for (const auto& [address, ports] : grant.targets) targets[address.text()] = ports_json(ports);
  json::array asks;
  for (const auto& ask : grant.asks) asks.push_back(json::string(ask));
  return json::serialize(json::object{{"asks", std::move(asks)},
                                      {"attempts_max", grant.attempts_max},
                                      {"audience", grant.audience},
                                      {"engagement", grant.engagement},
                                      {"from", core::text(grant.from)},
                                      {"hours", grant.hours ? grant.hours->text() : ""},
                                      {"scenario", grant.scenario},
                                      {"scenario_sha256", grant.scenario_sha256},
                                      {"targets", std::move(targets)},
                                      {"until", core::text(grant.until)},
                                      {"version", grant.version},
                                      {"watched", ports_json(grant.watched)}});
}

Result<Grant> decode_grant(std::string_view text) {
  if (text.size() > kGrantBytesMax) return fail(ErrorCode::Protocol, "a grant that is too large");
  const auto value = parse_object(text, 8);
  if (!value) return tl::unexpected(value.error());
  std::string problem;
  Fields f(value->get_object(), problem);
  Grant grant;
  grant.attempts_max = static_cast<std::uint32_t>(f.integer("attempts_max", 0, 100'000'000));
  grant.audience = f.text("audience", 64);
  grant.engagement = f.text("engagement", 128);
  grant.from = f.parsed<core::WallTime>("from", core::parse_wall_time);
  grant.until = f.parsed<core::WallTime>("until", core::parse_wall_time);
  if (const auto hours = f.text("hours", 32); !hours.empty()) {
    grant.hours = core::HoursWindow::parse(hours);
    if (!grant.hours) f.complain("hours", "is not a window such as 01:00-05:00");
  }
  grant.scenario = f.text("scenario", 256);
  grant.scenario_sha256 = f.text("scenario_sha256", 64);
  grant.version = f.id("version");
  if (const auto* targets = f.get("targets"); targets != nullptr && problem.empty()) {
    read_targets(targets, grant, problem);
  }
  if (const auto* watched = f.get("watched"); watched != nullptr && problem.empty()) {
    grant.watched = ports_in(watched, problem);
  }
  if (f.has("asks")) {
    const auto* asks = f.get("asks")->if_array();
    if (asks == nullptr || asks->size() > kAsksMax) {
      f.complain("asks", "is not a list of bounded length");
    } else {
      for (const auto& ask : *asks) {
        if (!ask.is_string()) f.complain("asks", "holds something that is not text");
        if (ask.is_string()) grant.asks.emplace(ask.get_string());
      }
    }
  }
  f.finish();
  if (!problem.empty()) return fail(ErrorCode::Protocol, "grant: " + problem);
  return grant;
}

}  // namespace reachproof::protocol
