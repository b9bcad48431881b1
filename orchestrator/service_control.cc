#include <fmt/core.h>

#include <boost/json.hpp>

#include "core/base64.h"
#include "core/hex.h"
#include "evidence/finding_records.h"
#include "evidence/json_text.h"
#include "host/whole_file.h"
#include "orchestrator/service_state.h"
#include "protocol/grant.h"
#include "protocol/keyed_answer.h"

/// What people ask of the service over its control socket, and what it reads of its own past.
namespace reachproof::orchestrator {
namespace {

namespace json = boost::json;

core::WallTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string text_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::string failed(const Error& error) {
  return json::serialize(
      json::object{{"error", error.message}, {"code", static_cast<int>(error.code)}});
}

Fleet::Done<void> done_with(ControlSocket::Reply reply) {
  return [reply = std::move(reply)](Result<void> kept) {
    reply(kept ? std::string("{}") : failed(kept.error()));
  };
}

}  // namespace

evidence::Record schedule_record(const std::string& schedule, std::string_view event,
                                 core::WallTime occurrence, const std::string& run,
                                 const std::string& why) {
  evidence::JsonText body;
  body.begin_object().field("event", event).field("kind", "schedule");
  body.field("occurrence", core::text(occurrence)).field("run", run).field("schedule", schedule);
  body.field("time", core::text(wall_now())).field("why", why).end_object();
  return {"schedule", body.take()};
}

evidence::Record stop_record(const protocol::StopOrder& stop, std::string_view event,
                             const std::string& by) {
  evidence::JsonText body;
  body.begin_object().field("by", by).field("event", event).field("id", stop.id);
  body.field("kind", "stop").field("reason", stop.reason).field("time", core::text(stop.time));
  body.end_object();
  return {"stop", body.take()};
}

Result<StoredState> read_state(const std::string& log_path) {
  auto log = evidence::LogReader::open(log_path);
  if (!log) return tl::unexpected(log.error());
  const auto size = log->size();
  if (!size) return tl::unexpected(size.error());
  StoredState state;
  auto findings = evidence::load_findings(*log);
  if (!findings) return tl::unexpected(findings.error());
  state.findings = std::move(*findings);
  Result<void> sound;
  auto read = log->scan(
      0, *size, {"probe", "probe-token", "schedule", "stop"},
      [&](const evidence::StoredRecord& record) {
        if (auto applied = state.registry.apply(record.kind, record.body); !applied)
          sound = applied;
        json::error_code error;
        const auto value = json::parse(record.body, error);
        if (error || !value.is_object()) return true;
        const auto& body = value.get_object();
        if (record.kind == "schedule") {
          const auto at = core::parse_wall_time(text_in(body, "occurrence"));
          auto& handled = state.handled[text_in(body, "schedule")];
          if (at) handled = std::max(handled, *at);
        } else if (record.kind == "stop") {
          state.stop.reset();
          if (text_in(body, "event") == "engaged") {
            state.stop = protocol::StopOrder{
                .id = text_in(body, "id"),
                .reason = text_in(body, "reason"),
                .time = core::parse_wall_time(text_in(body, "time")).value_or(core::WallTime{})};
          }
        }
        return true;
      });
  if (!read) return tl::unexpected(read.error());
  if (!sound) return tl::unexpected(sound.error());
  return state;
}

Result<std::map<std::string, std::string>> load_grants(const std::string& path) {
  std::map<std::string, std::string> grants;
  if (path.empty()) return grants;
  constexpr std::size_t kFileBytesMax = 64U << 20U;
  auto text = host::read_file(path, kFileBytesMax);
  if (!text) return fail(std::move(text), "signed plans");
  std::size_t at = 0;
  while (at < text->size()) {
    const auto end = std::min(text->find('\n', at), text->size());
    const auto line = text->substr(at, end - at);
    at = end + 1;
    if (line.empty()) continue;
    json::error_code error;
    const auto value = json::parse(line, error);
    const auto payload = !error && value.is_object()
                             ? core::from_base64(text_in(value.get_object(), "payload"))
                             : std::nullopt;
    if (!payload) return fail(ErrorCode::Config, "`" + path + "` has a line that is no envelope");
    auto grant =
        protocol::decode_grant({reinterpret_cast<const char*>(payload->data()), payload->size()});
    if (!grant) return fail(std::move(grant), path);
    grants[grant->audience] = line;
  }
  return grants;
}

// ---- control ----

void Service::on_control(const std::string& line, ControlSocket::Reply reply) {
  json::error_code error;
  const auto value = json::parse(line, error);
  if (error || !value.is_object()) return reply(failed({ErrorCode::Usage, "not a JSON object"}));
  const auto& asked = value.get_object();
  const auto verb = text_in(asked, "do");
  if (verb == "status") return reply(status_text());
  if (verb == "probes") return reply(probes_text());
  if (verb == "token-create") {
    const auto* seconds = asked.if_contains("ttl_s");
    const auto* uses = asked.if_contains("uses");
    Registry::TokenOrder order{
        .segment = text_in(asked, "segment"),
        .name = text_in(asked, "name"),
        .life = std::chrono::seconds(
            seconds != nullptr && seconds->is_int64() ? seconds->get_int64() : 900),
        .uses = uses != nullptr && uses->is_int64() ? static_cast<int>(uses->get_int64()) : 1,
        .automatic = asked.contains("automatic") && asked.at("automatic") == true,
        .by = text_in(asked, "by")};
    if (scenario_->segment(order.segment) == nullptr) {
      return reply(failed(
          {ErrorCode::NotFound, fmt::format("the scenario has no segment `{}`", order.segment)}));
    }
    return fleet_->create_token(std::move(order), [reply](Result<std::string> token) {
      reply(token ? json::serialize(json::object{{"token", *token}}) : failed(token.error()));
    });
  }
  if (verb == "token-revoke") {
    return fleet_->revoke_token(text_in(asked, "id"), text_in(asked, "by"), done_with(reply));
  }
  if (verb == "approve" || verb == "drain" || verb == "ban") {
    return control_probe(verb, text_in(asked, "probe"), text_in(asked, "why"), std::move(reply));
  }
  if (verb == "stop" || verb == "release") {
    return control_stop(verb == "stop", text_in(asked, "reason"), std::move(reply));
  }
  if (verb == "run") {
    core::Schedule schedule;
    if (const auto it = clocks_.find(text_in(asked, "schedule")); it != clocks_.end()) {
      schedule = it->second.schedule;
    } else if (!text_in(asked, "schedule").empty()) {
      return reply(failed({ErrorCode::NotFound, "there is no such schedule"}));
    }
    auto run = start_run(schedule, text_in(asked, "by"), text_in(asked, "why"));
    return reply(run ? json::serialize(json::object{{"run", *run}}) : failed(run.error()));
  }
  reply(failed({ErrorCode::Usage, fmt::format("`{}` is not something to ask for", verb)}));
}

void Service::control_probe(std::string_view verb, const std::string& probe, const std::string& why,
                            ControlSocket::Reply reply) {
  const auto state = verb == "approve" ? ProbeState::Active
                     : verb == "drain" ? ProbeState::Drained
                                       : ProbeState::Banned;
  fleet_->set_state(probe, state, "control socket", why, done_with(std::move(reply)));
}

void Service::control_stop(bool engage, const std::string& reason, ControlSocket::Reply reply) {
  protocol::StopOrder stop;
  if (engage) {
    const auto random = protocol::random_nonce();
    stop = {.id = core::hex({random.data(), 8}), .reason = reason, .time = wall_now()};
    // To stop comes first, and the record of it second: nothing may delay it.
    runs_->cancel_all("all probes were stopped: " + reason);
    fleet_->link().engage_stop(stop);
  } else if (!fleet_->link().stop()) {
    return reply(failed({ErrorCode::NotFound, "no stop is in force"}));
  } else {
    stop = *fleet_->link().stop();
    stop.reason = reason;
  }
  keeper_->append({stop_record(stop, engage ? "engaged" : "released", "control socket")},
                  [this, engage, reply](auto kept) {
                    if (!kept) return reply(failed(kept.error()));
                    if (!engage) fleet_->link().release_stop();
                    reply("{}");
                  });
}

std::string Service::status_text() const {
  json::array runs;
  for (const auto& active : runs_->active()) {
    runs.push_back(json::object{{"run", active.run},
                                {"schedule", active.schedule},
                                {"phase", active.phase},
                                {"done", active.done},
                                {"total", active.total}});
  }
  json::array schedules;
  for (const auto& [name, clock] : clocks_) {
    const auto next = clock.cron.next_after(wall_now(), clock.zone);
    schedules.push_back(json::object{{"schedule", name},
                                     {"cron", clock.schedule.cron},
                                     {"timezone", clock.zone.name},
                                     {"next", next ? core::text(*next) : "never"}});
  }
  const auto counters = fleet_->plane_counters();
  json::object refused;
  for (const auto& [reason, count] : fleet_->refused()) refused[reason] = count;
  const auto& stop = fleet_->link().stop();
  std::size_t connected = 0;
  for (const auto& [id, live] : fleet_->link().live()) connected += fleet_->link().is_connected(id);
  return json::serialize(json::object{{"connected", connected},
                                      {"connections", counters.connections},
                                      {"cut_off", counters.cut_off},
                                      {"log_size", keeper_->size()},
                                      {"refused", std::move(refused)},
                                      {"requests", counters.requests},
                                      {"runs", std::move(runs)},
                                      {"schedules", std::move(schedules)},
                                      {"stop", stop ? stop->reason : ""},
                                      {"stopped", stop.has_value()},
                                      {"stop_reached", fleet_->link().stop_reached()}});
}

std::string Service::probes_text() const {
  json::array probes;
  for (const auto& [id, probe] : fleet_->registry().probes()) {
    json::object object{{"id", id},
                        {"name", probe.name},
                        {"segment", probe.segment},
                        {"state", word(probe.state)},
                        {"host", probe.host},
                        {"joined", core::text(probe.joined)},
                        {"address", probe.address},
                        {"why", probe.why},
                        {"connected", fleet_->link().is_connected(id)}};
    if (const auto it = fleet_->link().live().find(id); it != fleet_->link().live().end()) {
      const auto& live = it->second;
      object["software"] = live.software;
      object["seen"] = core::text(live.seen_wall);
      object["scope"] = live.scope;
      object["can_capture"] = live.can_capture;
      object["stopped"] = live.stopped;
      object["policy_version"] = live.policy_version;
      if (live.offset) object["offset_ms"] = live.offset->ms;
      json::object refusals;
      for (const auto& [why, count] : live.refusals) refusals[why] = count;
      object["refusals"] = std::move(refusals);
    }
    probes.push_back(std::move(object));
  }
  return json::serialize(json::object{{"probes", std::move(probes)}});
}

}  // namespace reachproof::orchestrator
