#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "orchestrator/api/backend.h"

/// A fleet in memory for tests of the API: one object of each kind in segment `red`, one in
/// `blue`, and where that can be one of both. What is changed is changed at once.
namespace reachproof::test {

namespace api = orchestrator::api;

inline core::WallTime at_noon() {
  return *core::parse_wall_time("2026-11-30T12:00:00Z");
}

template <class T>
std::vector<T> page_of(const std::map<std::string, T>& objects, const api::Page& page,
                       const api::Wanted<T>& wanted) {
  std::vector<T> out;
  for (auto it = objects.upper_bound(page.after); it != objects.end(); ++it) {
    if (out.size() == page.limit) break;
    if (!wanted || wanted(it->second)) out.push_back(it->second);
  }
  return out;
}

template <class T>
std::optional<T> find_in(const std::map<std::string, T>& objects, const std::string& id) {
  const auto found = objects.find(id);
  if (found == objects.end()) return std::nullopt;
  return found->second;
}

class FakeProbes : public api::Probes {
 public:
  FakeProbes() {
    for (const auto* segment : {"red", "blue"}) {
      const auto id = std::string("probe-") + segment;
      probes[id] = {.id = id,
                    .name = id,
                    .segment = segment,
                    .state = "pending",
                    .host = "host",
                    .joined = at_noon()};
    }
  }
  [[nodiscard]] std::vector<api::ProbeView> list(
      const api::Page& page, const api::Wanted<api::ProbeView>& wanted) const override {
    return page_of(probes, page, wanted);
  }
  [[nodiscard]] std::optional<api::ProbeView> find(const std::string& id) const override {
    return find_in(probes, id);
  }
  void approve(const std::string& id, const api::Actor&, api::Done<void> done) override {
    if (probes.at(id).state == "banned") return done(fail(ErrorCode::Refused, "it is banned"));
    probes.at(id).state = "active";
    done({});
  }
  void drain(const std::string& id, const api::Actor&, const std::string& reason,
             api::Done<void> done) override {
    probes.at(id).state = "drained";
    probes.at(id).why = reason;
    done({});
  }
  void ban(const std::string& id, const api::Actor&, const std::string& reason,
           api::Done<void> done) override {
    probes.at(id).state = "banned";
    probes.at(id).why = reason;
    done({});
  }
  std::map<std::string, api::ProbeView> probes;
};

class FakeProbeTokens : public api::ProbeTokens {
 public:
  FakeProbeTokens() {
    for (const auto* segment : {"red", "blue"}) {
      const auto id = std::string("join-") + segment;
      tokens[id] = {.id = id, .segment = segment, .created = at_noon(), .expires = at_noon()};
    }
  }
  [[nodiscard]] std::vector<api::ProbeTokenView> list(
      const api::Page& page, const api::Wanted<api::ProbeTokenView>& wanted) const override {
    return page_of(tokens, page, wanted);
  }
  [[nodiscard]] std::optional<api::ProbeTokenView> find(const std::string& id) const override {
    return find_in(tokens, id);
  }
  void create(const api::ProbeTokenOrder& order, const api::Actor& actor,
              api::Done<api::NewProbeToken> done) override {
    // The same few over and over: a test may create any number.
    const auto id = "join-" + std::to_string(made++ % 50);
    tokens[id] = {.id = id,
                  .segment = order.segment,
                  .name = order.name,
                  .created_by = actor.token,
                  .created = at_noon(),
                  .expires = at_noon() + order.life,
                  .uses_left = order.uses,
                  .automatic = order.automatic};
    done(api::NewProbeToken{tokens.at(id), "secret", "reachproof-probe join"});
  }
  void revoke(const std::string& id, const api::Actor&, api::Done<void> done) override {
    tokens.at(id).revoked = true;
    done({});
  }
  std::map<std::string, api::ProbeTokenView> tokens;
  int made = 0;
};

class FakeRuns : public api::Runs {
 public:
  [[nodiscard]] std::vector<api::RunProgress> active() const override { return running; }
  [[nodiscard]] Result<std::vector<std::string>> segments_of(
      const api::RunOrder& order) const override {
    if (order.schedule.empty()) return std::vector<std::string>{"red", "blue"};
    if (order.schedule == "red") return std::vector<std::string>{"red"};
    if (order.schedule == "blue") return std::vector<std::string>{"blue"};
    return fail(ErrorCode::NotFound, "there is no such schedule");
  }
  void start(const api::RunOrder&, const api::Actor&, api::Done<std::string> done) override {
    ++started;
    done("r-20261130-120000-" + std::to_string(started));
  }
  void cancel(const std::string&, const api::Actor&, const std::string&,
              api::Done<void> done) override {
    done({});
  }
  std::vector<api::RunProgress> running{
      {"run-red", "red", "attempts", 1, 2, {"red"}},
      {"run-blue", "blue", "attempts", 1, 2, {"blue"}},
  };
  int started = 0;
};

class FakeSchedules : public api::Schedules {
 public:
  FakeSchedules() {
    for (const auto* segment : {"red", "blue"}) {
      schedules[segment] = {.name = segment,
                            .cron = "0 1 * * *",
                            .time_zone = "UTC",
                            .segments = {segment},
                            .state = "waiting",
                            .next = at_noon()};
    }
  }
  [[nodiscard]] std::vector<api::ScheduleView> list(
      const api::Page& page, const api::Wanted<api::ScheduleView>& wanted) const override {
    return page_of(schedules, page, wanted);
  }
  [[nodiscard]] std::optional<api::ScheduleView> find(const std::string& name) const override {
    return find_in(schedules, name);
  }
  void pause(const std::string& name, const api::Actor& actor, const std::string&,
             api::Done<void> done) override {
    schedules.at(name).paused = true;
    schedules.at(name).paused_by = actor.name;
    done({});
  }
  void resume(const std::string& name, const api::Actor&, api::Done<void> done) override {
    schedules.at(name).paused = false;
    done({});
  }
  std::map<std::string, api::ScheduleView> schedules;
};

class FakeFindings : public api::Findings {
 public:
  FakeFindings() {
    add("finding-red", "red", "red");
    add("finding-blue", "blue", "blue");
    add("finding-both", "red", "blue");
  }
  [[nodiscard]] std::vector<api::FindingView> list(
      const api::Page& page, const api::Wanted<api::FindingView>& wanted) const override {
    return page_of(findings, page, wanted);
  }
  [[nodiscard]] std::optional<api::FindingView> find(const std::string& id) const override {
    return find_in(findings, id);
  }
  void ack(const std::string& id, const api::Actor&, const std::string& note,
           api::Done<void> done) override {
    findings.at(id).state = "acknowledged";
    findings.at(id).note = note;
    done({});
  }
  void assign(const std::string& id, const api::Actor&, const std::string& assignee,
              api::Done<void> done) override {
    findings.at(id).assignee = assignee;
    done({});
  }
  std::map<std::string, api::FindingView> findings;

 private:
  void add(const std::string& id, const std::string& from, const std::string& to) {
    findings[id] = {.id = id,
                    .kind = "violation",
                    .state = "open",
                    .severity = "high",
                    .check = "X01/a/b/tcp/22",
                    .source_segment = from,
                    .destination_segment = to,
                    .port = "tcp/22",
                    .opened = at_noon(),
                    .last_seen = at_noon()};
  }
};

class FakeEngagements : public api::Engagements {
 public:
  FakeEngagements() {
    for (const auto* segment : {"red", "blue"}) {
      const auto id = std::string("engagement-") + segment;
      engagements[id] = {.id = id, .owner = "owner", .segments = {segment}, .state = "draft"};
    }
  }
  [[nodiscard]] std::vector<api::EngagementView> list(
      const api::Page& page, const api::Wanted<api::EngagementView>& wanted) const override {
    return page_of(engagements, page, wanted);
  }
  [[nodiscard]] std::optional<api::EngagementView> find(const std::string& id) const override {
    return find_in(engagements, id);
  }
  void approve(const std::string& id, const api::Actor&, api::Done<void> done) override {
    engagements.at(id).state = "active";
    done({});
  }
  void revoke(const std::string& id, const api::Actor&, const std::string&,
              api::Done<void> done) override {
    engagements.at(id).state = "revoked";
    done({});
  }
  std::map<std::string, api::EngagementView> engagements;
};

class FakeStop : public api::StopSwitch {
 public:
  [[nodiscard]] api::StopView state() const override { return stop; }
  void engage(const api::Actor& actor, const std::string& reason, api::Done<void> done) override {
    stop = {.engaged = true, .reason = reason, .by = actor.name, .since = at_noon()};
    done({});
  }
  void release(const api::Actor&, const std::string&, api::Done<void> done) override {
    stop = {};
    done({});
  }
  api::StopView stop;
};

class FakeIntegrations : public api::Integrations {
 public:
  [[nodiscard]] std::vector<api::IntegrationView> all() const override {
    return {{.name = "blue", .kind = "webhook", .target = "https://b", .segments = {"blue"}},
            {.name = "everyone", .kind = "alertmanager", .target = "https://a"},
            {.name = "red", .kind = "webhook", .target = "https://r", .segments = {"red"}}};
  }
  void test(const std::string&, const api::Actor&, api::Done<void> done) override { done({}); }
  [[nodiscard]] std::vector<api::DeliveryView> deliveries(const std::string&,
                                                          const api::Page& page) const override {
    if (!page.after.empty()) return {};
    return {{.id = "d-1", .finding = "finding-red", .state = "delivered", .created = at_noon()}};
  }
  void redeliver(const std::string&, const std::string& delivery, const api::Actor&,
                 api::Done<void> done) override {
    if (delivery != "d-1") return done(fail(ErrorCode::NotFound, "there is no such delivery"));
    done({});
  }
};

}  // namespace reachproof::test
