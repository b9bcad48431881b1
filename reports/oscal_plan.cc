#include <fmt/core.h>

#include <boost/json.hpp>

#include "reports/oscal.h"
#include "reports/oscal_parts.h"
#include "reports/uuid.h"

namespace reachproof::reports {
namespace {

namespace json = boost::json;

std::string activity_uuid(const Report& report, const std::string& rule) {
  return uuid_of("activity", report.run.header.scenario + "/" + rule);
}

std::string expected(const RuleUse& rule) {
  switch (rule.expectation) {
    case core::Expectation::Deny:
      return "Must be blocked";
    case core::Expectation::Allow:
      return "Must work";
    case core::Expectation::Permit:
      return "May work";
  }
  return "";
}

json::object controls_of(const Report& report, const RuleUse& rule) {
  json::array controls;
  for (const auto& id : rule.controls) {
    for (const auto& control : report.controls) {
      if (control.id == id)
        controls.push_back(json::object{{"control-id", oscal::control_id(control)}});
    }
  }
  json::object selection{{"include-controls", std::move(controls)}};
  return {{"control-selections", json::array{std::move(selection)}}};
}

json::object activity_json(const Report& report, const RuleUse& rule) {
  json::object activity{
      {"uuid", activity_uuid(report, rule.id)},
      {"title", oscal::text(rule.id)},
      {"description",
       oscal::text(fmt::format("{}, by {} checks: {}", expected(rule), rule.tally.checks,
                               rule.why.empty() ? rule.id : rule.why))}};
  activity["props"] = json::array{json::object{{"name", "method"}, {"value", "TEST"}},
                                  oscal::prop("severity", core::word(rule.severity)),
                                  oscal::prop("checks", std::to_string(rule.tally.checks))};
  if (!rule.controls.empty()) activity["related-controls"] = controls_of(report, rule);
  return activity;
}

json::object everything() {
  return {{"type", "inventory-item"}, {"include-all", json::object{}}};
}

json::object task_json(const Report& report) {
  const auto& run = report.run;
  json::object range{{"start", core::text(run.header.started)}, {"end", core::text(dated(run))}};
  json::object task{{"uuid", uuid_of("task", run.header.run)},
                    {"type", "action"},
                    {"title", oscal::text("Run " + run.header.run)},
                    {"timing", json::object{{"within-date-range", std::move(range)}}}};
  json::array activities;
  for (const auto& rule : report.rules) {
    json::object activity{{"activity-uuid", activity_uuid(report, rule.id)}};
    activity["subjects"] = json::array{everything()};
    activities.push_back(std::move(activity));
  }
  oscal::add_list(task, "associated-activities", std::move(activities));
  return task;
}

}  // namespace

std::string oscal_plan(const Report& report) {
  const auto& header = report.run.header;
  const auto ssp = uuid_of("ssp", header.scenario);
  json::object plan{{"uuid", uuid_of("assessment-plan", header.run)}};
  plan["metadata"] = oscal::metadata(report, "Reachproof plan, " + header.scenario);
  plan["import-ssp"] = {{"href", "#" + ssp}};
  json::array activities;
  for (const auto& rule : report.rules) activities.push_back(activity_json(report, rule));
  if (!activities.empty()) plan["local-definitions"] = {{"activities", std::move(activities)}};
  plan["reviewed-controls"] = oscal::reviewed_controls(report);
  plan["assessment-subjects"] = json::array{everything()};
  plan["assessment-assets"] = oscal::assessment_assets(report);
  plan["tasks"] = json::array{task_json(report)};
  json::object link{{"href", "ssp.json"}, {"media-type", "application/oscal.ssp+json"}};
  json::object resource{{"uuid", ssp},
                        {"title", "System Security Plan, supplied by the owner of the system"},
                        {"rlinks", json::array{std::move(link)}}};
  plan["back-matter"] = {{"resources", json::array{std::move(resource)}}};
  json::object document{{"assessment-plan", std::move(plan)}};
  return json::serialize(document) + "\n";
}

}  // namespace reachproof::reports
