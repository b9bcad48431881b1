#include "orchestrator/notify/ocsf.h"

#include <boost/json.hpp>

namespace reachproof::orchestrator {
namespace {

namespace json = boost::json;
using What = core::FindingEvent::What;

constexpr int kCategoryFindings = 2;
constexpr int kClassComplianceFinding = 2003;

struct Numbered {
  int id = 0;
  const char* name = "";
};

Numbered activity_of(What what) {
  if (what == What::Closed) return {3, "Close"};
  return what == What::Reopened ? Numbered{2, "Update"} : Numbered{1, "Create"};
}

Numbered severity_of(core::Severity severity) {
  switch (severity) {
    case core::Severity::Low:
      return {2, "Low"};
    case core::Severity::Medium:
      return {3, "Medium"};
    case core::Severity::High:
      return {4, "High"};
    case core::Severity::Critical:
      return {5, "Critical"};
  }
  return {0, "Unknown"};
}

Numbered compliance_of(const Notification& news) {
  if (news.is_over()) return {1, "Pass"};
  const bool untested = news.event.subject.kind == core::FindingKind::CannotTest;
  return untested ? Numbered{2, "Warning"} : Numbered{3, "Fail"};
}

std::int64_t milliseconds_of(core::WallTime time) {
  return time.time_since_epoch().count();
}

json::object info_of(const Notification& news) {
  const auto& event = news.event;
  return {{"uid", event.subject.fingerprint},
          {"title", summary(news)},
          {"desc", description(news)},
          {"types", {core::word(event.subject.kind)}},
          {"first_seen_time", milliseconds_of(news.opened)},
          {"last_seen_time", milliseconds_of(event.at)}};
}

json::object endpoint_of(const std::string& segment, const std::string& port) {
  json::object endpoint{{"name", segment}, {"zone", segment}};
  const auto number = port_words(port).number;
  if (!number.empty()) endpoint["port"] = std::stoi(number);
  return endpoint;
}

json::array evidences_of(const core::FindingEvent& event) {
  const auto& subject = event.subject;
  json::object connection{{"protocol_name", port_words(subject.port).protocol},
                          {"direction_id", 0}};
  json::object data{{"rule", subject.rule},
                    {"expectation", expectation_word(subject.kind)},
                    {"reachability", core::word(subject.reachability)},
                    {"run", event.run}};
  json::object evidence{{"src_endpoint", endpoint_of(subject.source_segment, "")},
                        {"dst_endpoint", endpoint_of(subject.destination_segment, subject.port)},
                        {"connection_info", std::move(connection)},
                        {"data", std::move(data)}};
  json::array evidences;
  evidences.push_back(std::move(evidence));
  return evidences;
}

json::object compliance_part(const Notification& news) {
  const auto& subject = news.event.subject;
  const auto status = compliance_of(news);
  return {{"control", subject.rule},
          {"standards", {subject.scenario}},
          {"requirements", {subject.title}},
          {"status_id", status.id},
          {"status", status.name}};
}

}  // namespace

std::string ocsf_line(const Notification& news, const NotifyIdentity& who) {
  const auto& event = news.event;
  const auto activity = activity_of(event.what);
  const auto severity = severity_of(event.subject.severity);
  json::object line{{"activity_id", activity.id},
                    {"activity_name", activity.name},
                    {"category_uid", kCategoryFindings},
                    {"category_name", "Findings"},
                    {"class_uid", kClassComplianceFinding},
                    {"class_name", "Compliance Finding"},
                    {"type_uid", kClassComplianceFinding * 100 + activity.id},
                    {"time", milliseconds_of(event.at)},
                    {"severity_id", severity.id},
                    {"severity", severity.name},
                    {"status_id", news.is_over() ? 4 : 1},
                    {"status", news.is_over() ? "Resolved" : "New"},
                    {"message", summary(news)}};
  json::object product{
      {"name", "Reachproof"}, {"vendor_name", "Reachproof"}, {"version", who.software}};
  line["metadata"] = {{"version", "1.8.0"}, {"uid", news.id()}, {"product", std::move(product)}};
  line["finding_info"] = info_of(news);
  line["compliance"] = compliance_part(news);
  if (!event.subject.port.empty()) line["evidences"] = evidences_of(event);
  return json::serialize(line) + "\n";
}

}  // namespace reachproof::orchestrator
