#include "reports/oscal_risk.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>

#include "reports/oscal_parts.h"
#include "reports/uuid.h"

namespace reachproof::reports::oscal {
namespace {

namespace json = boost::json;
using evidence::StoredCheck;

const core::ExceptionRule* exception_of(const Report& report, const StoredCheck& stored) {
  for (const auto& use : report.exceptions) {
    if (use.id == stored.check.exception) return use.rule;
  }
  return nullptr;
}

json::array threats(const core::Check& check) {
  json::array list;
  for (const auto& technique : check.techniques) {
    auto path = technique;
    std::ranges::replace(path, '.', '/');
    const auto uri = "https://attack.mitre.org/techniques/" + path + "/";
    list.push_back({{"system", "https://attack.mitre.org"}, {"id", uri}, {"href", uri}});
  }
  return list;
}

json::object by_party(const std::string& name, std::string_view role) {
  json::object actor{{"type", "party"}, {"actor-uuid", party_uuid(name)}, {"role-id", role}};
  return {{"actors", json::array{std::move(actor)}}};
}

json::array characterizations(const Report& report, const StoredCheck& stored) {
  json::object facet{{"name", "severity"},
                     {"system", "http://csrc.nist.gov/ns/oscal"},
                     {"value", core::word(stored.check.severity)}};
  json::object item;
  item["origin"] = by_party(assessor(report), "assessor");
  item["facets"] = json::array{std::move(facet)};
  return json::array{std::move(item)};
}

std::string statement(const StoredCheck& stored) {
  if (stored.check.expectation == core::Expectation::Deny) {
    return fmt::format("Whoever holds {} can send to {} on {}, which the scenario forbids.",
                       stored.check.source, stored.check.destination,
                       stored.check.port_and_layer());
  }
  return fmt::format("{} cannot use {} on {}, which the scenario requires.", stored.check.source,
                     stored.check.destination, stored.check.port_and_layer());
}

/// Owner, approval, deadline and measures of the exception that accepts the risk.
void add_acceptance(json::object& risk, const core::ExceptionRule& rule) {
  risk["origins"] = json::array{by_party(rule.owner, "risk-owner")};
  risk["deadline"] = core::text(core::WallTime(rule.expires));
  json::array factors;
  for (const auto& measure : rule.compensating) {
    factors.push_back({{"uuid", uuid_of("mitigating-factor", rule.id + "/" + measure)},
                       {"description", text(measure)}});
  }
  add_list(risk, "mitigating-factors", std::move(factors));
  json::object response{{"uuid", uuid_of("response", rule.id)},
                        {"lifecycle", "planned"},
                        {"title", text("Exception " + rule.id)},
                        {"description", text(fmt::format("{} (ticket {}, until {})", rule.rationale,
                                                         rule.ticket, core::text(rule.expires)))}};
  response["props"] = json::array{json::object{{"name", "type"}, {"value", "accept"}}};
  risk["remediations"] = json::array{std::move(response)};
  json::object by{{"party-uuid", party_uuid(rule.approver)}, {"role-id", "risk-approver"}};
  json::object entry{{"uuid", uuid_of("risk-log", rule.id)},
                     {"title", "Exception approved"},
                     {"start", core::text(core::WallTime(rule.created))},
                     {"status-change", "deviation-approved"},
                     {"logged-by", json::array{std::move(by)}}};
  entry["props"] = json::array{json::object{{"name", "type"}, {"value", "dr-approved"}}};
  risk["risk-log"] = {{"entries", json::array{std::move(entry)}}};
}

json::object risk_json(const Report& report, const StoredCheck& stored) {
  const bool excepted = stored.verdict.verdict.result == core::CheckResult::Excepted;
  json::object risk{
      {"uuid", risk_uuid(report, stored)},
      {"title", text(headline(stored))},
      {"description", text(fmt::format("Rule {}: {}. {}", stored.check.rule, stored.check.why,
                                       core::explanation(stored.verdict.verdict)))},
      {"statement", text(statement(stored))},
      {"status", excepted ? "deviation-approved" : "open"}};
  const auto* rule = excepted ? exception_of(report, stored) : nullptr;
  if (rule != nullptr) add_acceptance(risk, *rule);
  add_list(risk, "threat-ids", threats(stored.check));
  risk["characterizations"] = characterizations(report, stored);
  risk["related-observations"] =
      json::array{json::object{{"observation-uuid", observation_uuid(report, stored)}}};
  return risk;
}

}  // namespace

std::string observation_uuid(const Report& report, const StoredCheck& check) {
  return uuid_of("observation", report.run.header.run + "/" + check.check.id);
}

std::string risk_uuid(const Report& report, const StoredCheck& check) {
  return uuid_of("risk", report.run.header.scenario + "/" + check.check.id);
}

bool is_risk(const StoredCheck& check) {
  const auto result = check.verdict.verdict.result;
  return core::is_failure(result) || result == core::CheckResult::Excepted;
}

json::array risks(const Report& report) {
  json::array list;
  for (const auto& departure : report.departures) {
    if (is_risk(*departure.check)) list.push_back(risk_json(report, *departure.check));
  }
  return list;
}

}  // namespace reachproof::reports::oscal
