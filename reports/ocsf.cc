#include "reports/ocsf.h"

#include <fmt/core.h>

#include <boost/json.hpp>

#include "reports/uuid.h"

namespace reachproof::reports {
namespace {

namespace json = boost::json;
using core::CheckResult;
using core::Outcome;
using evidence::StoredCheck;

constexpr int kFindings = 2;
constexpr int kNetwork = 4;
constexpr int kComplianceFinding = 2003;
constexpr int kNetworkActivity = 4001;
constexpr int kInformational = 1;
constexpr int kLateral = 3;

int severity_id(core::Severity severity) {
  switch (severity) {
    case core::Severity::Low:
      return 2;
    case core::Severity::Medium:
      return 3;
    case core::Severity::High:
      return 4;
    case core::Severity::Critical:
      return 5;
  }
  return 0;
}

/// 1 Pass, 2 Warning (nothing could be concluded), 3 Fail.
int compliance_status(const StoredCheck& check) {
  const auto result = check.verdict.verdict.result;
  if (!check.has_verdict || result == CheckResult::Unproven) return 2;
  const bool fails = core::is_failure(result) || result == CheckResult::Excepted;
  return fails ? 3 : 1;
}

std::string_view status_word(int status) {
  if (status == 3) return "Fail";
  return status == 2 ? "Warning" : "Pass";
}

int protocol_number(core::Protocol protocol, core::Family family) {
  switch (protocol) {
    case core::Protocol::Tcp:
      return 6;
    case core::Protocol::Udp:
      return 17;
    case core::Protocol::Icmp:
      return family == core::Family::V6 ? 58 : 1;
  }
  return 0;
}

std::int64_t milliseconds(core::WallTime time) {
  return time.time_since_epoch().count();
}

json::object metadata(const Report& report, std::string_view uid,
                      const std::optional<evidence::LeafIndex>& record) {
  json::object product{
      {"name", "Reachproof"}, {"vendor_name", "Reachproof"}, {"version", report.from.software}};
  json::object object{{"version", "1.8.0"},
                      {"uid", uid},
                      {"correlation_uid", report.run.header.run},
                      {"product", std::move(product)}};
  if (record) object["sequence"] = static_cast<std::int64_t>(*record);
  return object;
}

/// The members that all classes share.
json::object event(int category, int class_uid, int activity, core::WallTime time) {
  return {{"activity_id", activity},
          {"category_uid", category},
          {"class_uid", class_uid},
          {"type_uid", class_uid * 100 + activity},
          {"time", milliseconds(time)}};
}

json::object connection(core::Protocol protocol, core::Family family) {
  return {{"direction_id", kLateral},
          {"protocol_num", protocol_number(protocol, family)},
          {"protocol_name", core::word(protocol)},
          {"protocol_ver_id", family == core::Family::V6 ? 6 : 4}};
}

json::object endpoint(const std::string& name, const std::string& segment) {
  json::object object{{"name", name}};
  if (!segment.empty()) object["zone"] = segment;
  return object;
}

json::object evidence_json(const Report& report, const StoredCheck& stored) {
  const auto& check = stored.check;
  const auto& verdict = stored.verdict.verdict;
  const auto deciding = stored.verdict.deciding_path;
  const bool has_path = deciding >= 0 && static_cast<std::size_t>(deciding) < check.paths.size();
  auto source = endpoint(check.source, check.source_segment);
  auto destination = endpoint(check.destination, check.destination_segment);
  if (check.port.port != 0) destination["port"] = check.port.port;
  auto family = core::Family::V4;
  if (has_path) {
    const auto& path = check.paths[static_cast<std::size_t>(deciding)];
    family = path.address.family();
    destination["ip"] = path.address.text();
    source["instance_uid"] = path.vantage;
    destination["instance_uid"] = path.target;
  }
  json::object data{{"expectation", core::word(check.expectation)},
                    {"reachability", core::word(verdict.reachability)},
                    {"proof", core::word(verdict.proof)},
                    {"result", core::word(verdict.result)},
                    {"connected", verdict.connected},
                    {"attempts", verdict.attempts}};
  if (stored.verdict_record) data["log_index"] = static_cast<std::int64_t>(*stored.verdict_record);
  const auto leaf = report.leaf_sha256(stored.verdict_record);
  if (!leaf.empty()) data["leaf_sha256"] = leaf;
  json::object item{{"src_endpoint", std::move(source)}, {"dst_endpoint", std::move(destination)}};
  item["connection_info"] = connection(check.port.protocol, family);
  item["data"] = std::move(data);
  return item;
}

json::array attacks(const core::Check& check) {
  json::array list;
  for (const auto& technique : check.techniques) {
    const bool sub = technique.find('.') != std::string::npos;
    json::object attack{{"version", "18.1"}};
    attack["technique"] = {{"uid", technique.substr(0, technique.find('.'))}};
    if (sub) attack["sub_technique"] = {{"uid", technique}};
    list.push_back(std::move(attack));
  }
  return list;
}

json::object compliance(const Report& report, const StoredCheck& stored, int status) {
  json::array standards;
  json::array requirements;
  for (const auto& id : stored.check.controls) {
    for (const auto& control : report.controls) {
      if (control.id != id) continue;
      standards.push_back(json::string(control.framework.empty() ? id : control.framework));
      requirements.push_back(json::string(control.ref.empty() ? id : control.ref));
    }
  }
  json::object check{
      {"uid", stored.check.id}, {"name", flow_text(stored.check)}, {"status_id", status}};
  json::object object{{"status_id", status},
                      {"status", status_word(status)},
                      {"control", stored.check.rule},
                      {"desc", stored.check.why}};
  object["checks"] = json::array{std::move(check)};
  object["status_details"] = json::array{core::explanation(stored.verdict.verdict)};
  if (!standards.empty()) object["standards"] = std::move(standards);
  if (!requirements.empty()) object["requirements"] = std::move(requirements);
  return object;
}

std::string finding_line(const Report& report, const StoredCheck& stored) {
  const int status = compliance_status(stored);
  constexpr int kCreate = 1;
  auto line = event(kFindings, kComplianceFinding, kCreate, tried(report.run, stored).last);
  line["severity_id"] = status == 1 ? kInformational : severity_id(stored.check.severity);
  line["status_id"] = stored.verdict.verdict.result == CheckResult::Excepted ? 3 : 1;
  line["message"] = headline(stored);
  line["metadata"] =
      metadata(report, uuid_of("ocsf-finding", report.run.header.run + "/" + stored.check.id),
               stored.verdict_record);
  json::object info{{"uid", stored.check.id}, {"title", headline(stored)}};
  if (auto list = attacks(stored.check); !list.empty()) info["attacks"] = std::move(list);
  line["finding_info"] = std::move(info);
  line["compliance"] = compliance(report, stored, status);
  const auto& destination = stored.check.destination;
  line["resources"] =
      json::array{json::object{{"uid", destination}, {"type", "workload"}, {"name", destination}}};
  line["evidences"] = json::array{evidence_json(report, stored)};
  return json::serialize(line) + "\n";
}

/// 1 Open, 4 Fail, 5 Refuse; nothing for what never went on the wire.
std::optional<int> activity_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::Connected:
      return 1;
    case Outcome::Refused:
      return 5;
    case Outcome::TimedOut:
    case Outcome::Unreachable:
      return 4;
    case Outcome::DnsFailed:
    case Outcome::LocalError:
    case Outcome::NotRun:
      return std::nullopt;
  }
  return std::nullopt;
}

struct Try {
  const StoredCheck& stored;
  std::size_t path;
  const core::Attempt& attempt;
};

void write_try(const Report& report, const Try& made, const Sink& sink) {
  const auto activity = activity_of(made.attempt.outcome);
  if (!activity) return;
  const auto& check = made.stored.check;
  const auto& path = check.paths[made.path];
  const auto port = core::port_of(check, path);
  auto line = event(kNetwork, kNetworkActivity, *activity, made.attempt.started.wall);
  line["severity_id"] = kInformational;
  line["status_id"] = *activity == 1 ? 1 : 2;
  line["status_detail"] = core::summary(made.attempt);
  line["duration"] = made.attempt.elapsed_us / 1000;
  line["metadata"] =
      metadata(report,
               uuid_of("ocsf-attempt", fmt::format("{}/{}/{}/{}", report.run.header.run, check.id,
                                                   made.path, made.attempt.number)),
               made.stored.observation_record);
  auto source = endpoint(path.vantage, check.source_segment);
  if (made.attempt.source_port != 0) {
    source["ip"] = made.attempt.source.text();
    source["port"] = made.attempt.source_port;
  }
  auto destination = endpoint(path.target, check.destination_segment);
  destination["ip"] = path.address.text();
  if (port.port != 0) destination["port"] = port.port;
  line["src_endpoint"] = std::move(source);
  line["dst_endpoint"] = std::move(destination);
  line["connection_info"] = connection(port.protocol, path.address.family());
  sink(json::serialize(line) + "\n");
}

}  // namespace

void write_ocsf(const Report& report, const Sink& sink) {
  for (const auto& stored : report.run.checks) {
    if (stored.check.expectation != core::Expectation::Permit) {
      sink(finding_line(report, stored));
    }
    const auto paths = std::min(stored.observations.size(), stored.check.paths.size());
    for (std::size_t p = 0; p < paths; ++p) {
      for (const auto& attempt : stored.observations[p].attempts) {
        write_try(report, {stored, p, attempt}, sink);
      }
    }
  }
}

}  // namespace reachproof::reports
