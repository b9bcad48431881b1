#include "orchestrator/api/views.h"

#include <boost/json.hpp>

namespace reachproof::orchestrator::api {
namespace {

namespace json = boost::json;

json::value time_or_null(const std::optional<core::WallTime>& time) {
  if (!time) return nullptr;
  return json::value(json::string(core::text(*time)));
}

json::value time_value(core::WallTime time) {
  return json::value(json::string(core::text(time)));
}

json::array texts(const std::vector<std::string>& values) {
  json::array list;
  for (const auto& value : values) list.push_back(json::string(value));
  return list;
}

}  // namespace

json::object view(const ProbeView& probe) {
  json::object object{{"id", probe.id},
                      {"name", probe.name},
                      {"segment", probe.segment},
                      {"state", probe.state},
                      {"connected", probe.connected},
                      {"host", probe.host},
                      {"software", probe.software},
                      {"address", probe.address},
                      {"can_capture", probe.can_capture},
                      {"why", probe.why},
                      {"joined", time_or_null(probe.joined)},
                      {"last_seen", time_or_null(probe.last_seen)},
                      {"certificate_expires", time_or_null(probe.certificate_expires)},
                      {"clock_offset_ms", nullptr}};
  if (probe.clock_offset_ms) object["clock_offset_ms"] = *probe.clock_offset_ms;
  return object;
}

json::object view(const ProbeTokenView& token) {
  return {{"id", token.id},
          {"segment", token.segment},
          {"name", token.name},
          {"created_by", token.created_by},
          {"created", time_value(token.created)},
          {"expires", time_value(token.expires)},
          {"uses_left", token.uses_left},
          {"automatic", token.automatic},
          {"revoked", token.revoked}};
}

json::object view(const RunProgress& progress) {
  return {{"run", progress.run},
          {"schedule", progress.schedule},
          {"phase", progress.phase},
          {"done", progress.done},
          {"total", progress.total}};
}

json::object view(const ScheduleView& schedule) {
  return {{"name", schedule.name},
          {"cron", schedule.cron},
          {"time_zone", schedule.time_zone},
          {"segments", texts(schedule.segments)},
          {"paused", schedule.paused},
          {"paused_by", schedule.paused_by},
          {"state", schedule.state},
          {"next", time_or_null(schedule.next)},
          {"last_started", time_or_null(schedule.last_started)},
          {"last_run", schedule.last_run}};
}

json::object view(const FindingView& finding) {
  return {{"id", finding.id},
          {"kind", finding.kind},
          {"state", finding.state},
          {"severity", finding.severity},
          {"title", finding.title},
          {"check", finding.check},
          {"rule", finding.rule},
          {"source", finding.source},
          {"destination", finding.destination},
          {"source_segment", finding.source_segment},
          {"destination_segment", finding.destination_segment},
          {"port", finding.port},
          {"reachability", finding.reachability},
          {"reason", finding.reason},
          {"assignee", finding.assignee},
          {"note", finding.note},
          {"opened", time_value(finding.opened)},
          {"last_seen", time_value(finding.last_seen)},
          {"closed", time_or_null(finding.closed)},
          {"first_run", finding.first_run},
          {"last_run", finding.last_run}};
}

json::object view(const EngagementView& engagement) {
  return {{"id", engagement.id},
          {"owner", engagement.owner},
          {"approvers", texts(engagement.approvers)},
          {"approved_by", texts(engagement.approved_by)},
          {"segments", texts(engagement.segments)},
          {"contact", engagement.contact},
          {"state", engagement.state},
          {"starts", time_or_null(engagement.starts)},
          {"ends", time_or_null(engagement.ends)}};
}

json::object view(const StopView& stop) {
  return {{"engaged", stop.engaged},
          {"reason", stop.reason},
          {"by", stop.by},
          {"since", time_or_null(stop.since)},
          {"probes_connected", stop.probes_connected},
          {"probes_reached", stop.probes_reached}};
}

json::object view(const IntegrationView& integration) {
  return {{"name", integration.name},       {"kind", integration.kind},
          {"target", integration.target},   {"segments", texts(integration.segments)},
          {"waiting", integration.waiting}, {"last_error", integration.last_error}};
}

json::object view(const DeliveryView& delivery) {
  return {{"id", delivery.id},
          {"finding", delivery.finding},
          {"state", delivery.state},
          {"attempts", delivery.attempts},
          {"created", time_value(delivery.created)},
          {"delivered", time_or_null(delivery.delivered)},
          {"error", delivery.error}};
}

json::object view(const ApiToken& token, const LastUse* use, core::WallTime now) {
  json::array roles;
  for (const auto role : token.roles) roles.push_back(json::string(word(role)));
  json::object object{{"id", token.id},
                      {"name", token.name},
                      {"roles", std::move(roles)},
                      {"segments", texts(token.segments)},
                      {"created_by", token.created_by},
                      {"created", time_value(token.created)},
                      {"expires", time_value(token.expires)},
                      {"state", token.revoked          ? "revoked"
                                : token.expires <= now ? "expired"
                                                       : "active"},
                      {"last_used", nullptr},
                      {"last_used_from", ""}};
  if (use != nullptr) {
    object["last_used"] = time_value(use->when);
    object["last_used_from"] = use->from;
  }
  return object;
}

std::vector<std::string> segments_of(const FindingView& finding) {
  return {finding.source_segment, finding.destination_segment};
}

}  // namespace reachproof::orchestrator::api
