#include <fmt/core.h>

#include <boost/json.hpp>

#include "core/base64.h"
#include "host/whole_file.h"
#include "orchestrator/desk/body_fields.h"
#include "orchestrator/service_state.h"
#include "protocol/grant.h"

/// What people ask of the service over its control socket.
namespace reachproof::orchestrator {
namespace {

namespace json = boost::json;

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
  const BodyFields asked(line);
  if (!asked.sound()) return reply(failed({ErrorCode::Usage, "not a JSON object"}));
  const auto verb = asked.text("do");
  const Actor actor{.token = "", .name = asked.text("by")};
  if (verb == "status") return reply(status_text());
  if (verb == "probes") return reply(probes_text());
  if (verb == "token-create") {
    const api::ProbeTokenOrder order{.segment = asked.text("segment"),
                                     .name = asked.text("name"),
                                     .life = std::chrono::seconds(asked.number("ttl_s", 900)),
                                     .uses = static_cast<int>(asked.number("uses", 1)),
                                     .automatic = asked.flag("automatic")};
    return probe_tokens_->create(order, actor, [reply](Result<api::NewProbeToken> made) {
      reply(made ? json::serialize(json::object{{"token", made->text}}) : failed(made.error()));
    });
  }
  if (verb == "token-revoke") {
    return probe_tokens_->revoke(asked.text("id"), actor, done_with(reply));
  }
  if (verb == "approve" || verb == "drain" || verb == "ban") {
    return control_probe(verb, asked.text("probe"), actor, asked.text("why"), std::move(reply));
  }
  if (verb == "stop") return stop_->engage(actor, asked.text("reason"), done_with(reply));
  if (verb == "release") return stop_->release(actor, asked.text("reason"), done_with(reply));
  if (verb == "setup") {
    const auto token = api_->offer_setup();
    return reply(token
                     ? json::serialize(json::object{{"token", *token}})
                     : failed({ErrorCode::Refused,
                               "somebody administers this service already: ask them for a token"}));
  }
  if (verb == "run") {
    const api::RunOrder order{.schedule = asked.text("schedule"),
                              .only = asked.texts("only"),
                              .skip = asked.texts("skip"),
                              .engagement = asked.text("engagement"),
                              .reason = asked.text("why")};
    return run_desk_->start(order, actor, [reply](Result<std::string> run) {
      reply(run ? json::serialize(json::object{{"run", *run}}) : failed(run.error()));
    });
  }
  if (verb == "cancel") {
    return run_desk_->cancel(asked.text("run"), actor, asked.text("why"), done_with(reply));
  }
  reply(failed({ErrorCode::Usage, fmt::format("`{}` is not something to ask for", verb)}));
}

void Service::control_probe(std::string_view verb, const std::string& probe, const Actor& actor,
                            const std::string& why, ControlSocket::Reply reply) {
  auto done = done_with(std::move(reply));
  if (verb == "approve") return probes_->approve(probe, actor, std::move(done));
  if (verb == "drain") return probes_->drain(probe, actor, why, std::move(done));
  probes_->ban(probe, actor, why, std::move(done));
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
  for (const auto& schedule : schedules_->list({.limit = 1000}, {})) {
    const auto next = schedule.paused ? "paused"
                      : schedule.next ? core::text(*schedule.next)
                                      : "never";
    schedules.push_back(json::object{{"schedule", schedule.name},
                                     {"cron", schedule.cron},
                                     {"timezone", schedule.time_zone},
                                     {"state", schedule.state},
                                     {"next", next}});
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
