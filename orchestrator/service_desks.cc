#include <fmt/core.h>

#include <algorithm>

#include "evidence/finding_records.h"
#include "host/wall_clock.h"
#include "orchestrator/desk/body_fields.h"
#include "orchestrator/service_state.h"

/// The service's desks: made, filled with what the log says, and opened to the API.
namespace reachproof::orchestrator {

void Service::make_desks() {
  const Say tell = [this](std::string_view sentence, const std::string& detail) {
    say(sentence, detail);
  };
  engagements_ = std::make_unique<EngagementDesk>(*keeper_, tell);
  const auto name = config_.names.empty() ? config_.listen : config_.names.front();
  notify_ = std::make_unique<NotifyDesk>(
      *keeper_, loop_.get_executor(),
      NotifyIdentity{
          .source = "/orchestrators/" + name, .url = config_.url, .software = REACHPROOF_VERSION});
  FindingDesk::Hooks of_findings;
  of_findings.happened = [this](const core::FindingEvent& event) {
    notify_->happened(event);
    counts_->finding(event, host::wall_now());
  };
  of_findings.changed = [this](const api::FindingView& finding) { api_->publish(finding); };
  of_findings.say = tell;
  findings_ = std::make_unique<FindingDesk>(*keeper_, std::move(of_findings));
  ScheduleDesk::Hooks of_schedules;
  of_schedules.start = [this](const core::Schedule& schedule, std::optional<core::WallTime> end) {
    auto run = run_desk_->start(schedule, end);
    if (run) counts_->started(schedule.name, host::wall_now());
    return run;
  };
  of_schedules.running = [this](const std::string& schedule) {
    return runs_->is_running(schedule);
  };
  of_schedules.standing = [this](const core::Schedule& schedule) {
    return run_desk_->standing(schedule);
  };
  of_schedules.say = tell;
  schedules_ = std::make_unique<ScheduleDesk>(*keeper_, std::move(of_schedules));
  journal_ = std::make_unique<Journal>(*keeper_);
}

/// Hands each record of the log to the desk that it belongs to; the fleet's are its registry.
Result<Registry> Service::restore() {
  auto log = evidence::LogReader::open(evidence_path(config_.state));
  if (!log) return tl::unexpected(log.error());
  const auto size = log->size();
  if (!size) return tl::unexpected(size.error());
  Registry registry;
  const auto take = [&](const evidence::StoredRecord& record) -> Result<void> {
    if (record.kind == "schedule") schedules_->restore(record.body);
    if (record.kind == "engagement") engagements_->restore(record.body);
    if (record.kind == "stop") stop_record_ = record.body;
    if (record.kind == "session") {
      const BodyFields body(record.body);
      if (body.text("event") == "closed") {
        closed_sessions_.emplace_back(body.text("probe"), body.text("session"),
                                      static_cast<std::uint64_t>(body.number("last")));
      }
    }
    if (record.kind == "finding-note") findings_->restore_note(record.body);
    if (record.kind == "finding") {
      const auto event = evidence::finding_event(record.body);
      if (!event) return tl::unexpected(event.error());
      findings_->restore(*event);
      notify_->restore_finding(*event);
    } else if (record.kind == "delivery") {
      const auto event = delivery_event(record.body);
      if (!event) return tl::unexpected(event.error());
      notify_->restore_delivery(*event, record.index);
    }
    return registry.apply(record.kind, record.body);
  };
  Result<void> sound;
  auto read = log->scan(0, *size,
                        {"probe", "probe-token", "schedule", "stop", "finding", "finding-note",
                         "engagement", "delivery", "session"},
                        [&](const evidence::StoredRecord& record) {
                          sound = take(record);
                          return sound.has_value();
                        });
  if (!read) return tl::unexpected(read.error());
  if (!sound) return tl::unexpected(sound.error());
  return registry;
}

std::vector<std::string> Service::unready() const {
  std::vector<std::string> reasons;
  if (stopping_) reasons.emplace_back("the service is stopping");
  constexpr std::size_t kWaitingMax = 100'000;
  if (keeper_->waiting() > kWaitingMax) {
    reasons.push_back(fmt::format("{} records wait for the disk", keeper_->waiting()));
  }
  return reasons;
}

Result<void> Service::open_api() {
  const auto log = evidence_path(config_.state);
  auto reader = evidence::LogReader::open(log);
  if (!reader) return tl::unexpected(reader.error());
  auto access = api::load_access_book(*reader);
  if (!access) return tl::unexpected(access.error());
  api::ApiOptions options{.evidence_path = log,
                          .keys = keys_,
                          .open_health = config_.api.open_health,
                          .open_metrics = config_.api.open_metrics};
  for (const auto& proxy : config_.api.proxies) {
    options.proxies.push_back(*core::IpAddress::parse(proxy));
  }
  options.unready = [this] { return unready(); };
  options.reload = [this](const Done<void>& done) { done(reload()); };
  api_ = std::make_unique<api::Api>(
      loop_, std::move(options),
      api::Backend{*probes_, *probe_tokens_, *run_desk_, *schedules_, *findings_, *engagements_,
                   *stop_, *notify_, *journal_},
      std::move(*access), metrics_);
  auto server = api::HttpServer::listen(loop_,
                                        {.address = config_.api.listen,
                                         .port = config_.api.port,
                                         .certificate_file = config_.api.certificate,
                                         .key_file = config_.api.key},
                                        [this](api::Request request, api::Reply reply) {
                                          api_->handle(std::move(request), std::move(reply));
                                        });
  if (!server) return tl::unexpected(server.error());
  api_server_ = std::move(*server);
  if (const auto token = api_->offer_setup(); token) {
    say("nobody administers this service yet: within an hour, `reachproof login` takes this token",
        *token);
  }
  return {};
}

}  // namespace reachproof::orchestrator
