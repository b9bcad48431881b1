#pragma once

#include <gmock/gmock.h>

#include <map>
#include <string>
#include <vector>

#include "core/plan.h"

/// A small language for scenarios with their inventory, as the planner wants them.
///
///   network().segment("front", {"web"}).segment("back", {"db"})
///            .flow("F1", "web", "db", "tcp/5432")
///            .endpoint("web-1", "web", "10.1.0.1").target("db-1", "db", "10.2.0.1")
namespace reachproof::test {

inline core::WallTime at(const std::string& text) {
  return *core::parse_wall_time(text);
}
inline const core::WallTime kNoon = at("2026-11-30T12:00:00Z");

inline std::vector<core::PortRange> ports_of(const std::string& text) {
  std::vector<core::PortRange> ranges;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find(' ', begin), text.size());
    ranges.push_back(*core::PortRange::parse(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return ranges;
}

inline core::Selection selection(const std::vector<std::string>& workloads) {
  return {.workloads = workloads, .text = workloads.front()};
}

class Network {
 public:
  core::Scenario scenario;
  core::Inventory inventory;

  Network& segment(const std::string& name, const std::vector<std::string>& workloads,
                   core::Segment::Mode mode = core::Segment::Mode::Enforce) {
    scenario.segments.push_back({.name = name, .mode = mode});
    for (const auto& w : workloads) scenario.workloads.push_back({.name = w, .segment = name});
    return *this;
  }
  Network& observed(const std::string& name, const std::vector<std::string>& workloads) {
    return segment(name, workloads, core::Segment::Mode::Observe);
  }
  Network& nobodys(const std::string& workload) {
    scenario.workloads.push_back({.name = workload, .builtin = true});
    return *this;
  }

  Network& flow(const std::string& id, const std::string& from, const std::string& to,
                const std::string& ports, const std::string& hours = "") {
    core::FlowRule rule{.id = id,
                        .from = selection({from}),
                        .to = selection({to}),
                        .service = ports,
                        .ports = ports_of(ports)};
    if (!hours.empty()) rule.hours = core::HoursWindow::parse(hours);
    scenario.flows.push_back(rule);
    return *this;
  }
  Network& permitted() {
    scenario.flows.back().need = core::FlowRule::Need::Permitted;
    return *this;
  }
  Network& forbid(const std::string& id, const std::string& from, const std::string& to,
                  const std::string& ports, core::Severity severity = core::Severity::High) {
    scenario.forbids.push_back({.id = id,
                                .severity = severity,
                                .from = selection({from}),
                                .to = selection({to}),
                                .service = ports,
                                .ports = ports_of(ports)});
    return *this;
  }
  Network& exception(const std::string& id, const std::string& of, const std::string& from,
                     const std::string& to, const std::string& ports,
                     const std::string& created = "2026-11-01",
                     const std::string& expires = "2026-12-12") {
    scenario.exceptions.push_back({.id = id,
                                   .of = of,
                                   .from = selection({from}),
                                   .to = selection({to}),
                                   .service = ports,
                                   .ports = ports_of(ports),
                                   .created = *core::parse_date(created),
                                   .expires = *core::parse_date(expires)});
    return *this;
  }
  Network& service(const std::string& name, const std::string& ports) {
    scenario.services.push_back({.name = name, .ports = ports_of(ports)});
    return *this;
  }
  Network& blackout(const std::string& workload, const std::string& hours, const std::string& why) {
    scenario.limits.blackouts.push_back(
        {.workloads = {workload}, .hours = *core::HoursWindow::parse(hours), .why = why});
    return *this;
  }

  /// With a probe.
  Network& endpoint(const std::string& name, const std::string& workload,
                    const std::vector<std::string>& addresses) {
    core::Endpoint endpoint{.name = name, .workload = workload};
    for (const auto& a : addresses) endpoint.addresses.push_back(*core::IpAddress::parse(a));
    endpoint.launch = {.kind = core::Launch::Kind::Local};
    inventory.endpoints.push_back(endpoint);
    return *this;
  }
  /// Without one.
  Network& target(const std::string& name, const std::string& workload,
                  const std::vector<std::string>& addresses) {
    endpoint(name, workload, addresses);
    inventory.endpoints.back().launch = {};
    return *this;
  }
  Network& listens(const std::string& ports) {
    inventory.endpoints.back().listens = ports_of(ports);
    return *this;
  }
  Network& keeps_closed(const std::string& ports) {
    inventory.endpoints.back().keep_closed = ports_of(ports);
    return *this;
  }

  [[nodiscard]] core::Plan plan(core::PlanOptions options = {}) const {
    if (options.now == core::WallTime{}) options.now = kNoon;
    return core::plan(scenario, inventory, options);
  }
  [[nodiscard]] core::Plan plan_at(const std::string& time) const {
    return plan({.now = at(time)});
  }
};

/// web in front, db and cache in the back; one endpoint each, web's and db's with a probe.
inline Network shop() {
  Network network;
  network.segment("front", {"web"}).segment("back", {"db", "cache"});
  network.endpoint("web-1", "web", {"10.1.0.1"});
  network.endpoint("db-1", "db", {"10.2.0.1"});
  network.target("cache-1", "cache", {"10.2.0.2"});
  return network;
}

inline std::vector<std::string> ids(const core::Plan& plan) {
  std::vector<std::string> ids;
  for (const auto& check : plan.checks) ids.push_back(check.id);
  return ids;
}

/// The check of that id; it must exist.
inline core::Check check(const core::Plan& plan, const std::string& id) {
  for (const auto& c : plan.checks) {
    if (c.id == id) return c;
  }
  ADD_FAILURE() << "no check " << id << " in " << testing::PrintToString(ids(plan));
  return {};
}

}  // namespace reachproof::test
