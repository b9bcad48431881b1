#include "reports/oscal_parts.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cctype>
#include <set>

#include "core/utf8.h"
#include "reports/uuid.h"

namespace reachproof::reports::oscal {
namespace {

namespace json = boost::json;

constexpr std::string_view kNamespace = "urn:reachproof:oscal";
constexpr std::string_view kTrestle =
    "https://oscal-compass.github.io/compliance-trestle/schemas/oscal";

/// Objectives of NIST SP 800-53A rev. 5 (catalog 5.1.1) that a check of reachability speaks to: for
/// what must be blocked, and for what must work. Controls that are not here are named by statement.
struct Objective {
  std::string_view control;
  std::string_view blocked;
  std::string_view works;
};
constexpr std::array kObjectives{
    Objective{"ac-3", "ac-3_obj", "ac-3_obj"},
    Objective{"ac-4", "ac-4_obj", "ac-4_obj"},
    Objective{"ac-6", "ac-6_obj", "ac-6_obj"},
    Objective{"ca-9", "ca-9_obj.a", "ca-9_obj.a"},
    Objective{"cm-7", "cm-7_obj.b-1", "cm-7_obj.b-1"},
    Objective{"sc-2", "sc-2_obj", "sc-2_obj"},
    Objective{"sc-7", "sc-7_obj.a-4", "sc-7_obj.a-4"},
    Objective{"sc-7.3", "sc-7.3_obj", "sc-7.3_obj"},
    Objective{"sc-7.5", "sc-7.5_obj-1", "sc-7.5_obj-2"},
    Objective{"sc-7.8", "sc-7.8_obj", "sc-7.8_obj"},
    Objective{"sc-7.21", "sc-7.21_obj", "sc-7.21_obj"},
    Objective{"si-4.22", "si-4.22_obj.a", "si-4.22_obj.a"},
    Objective{"ca-8", "ca-8_obj", "ca-8_obj"},
};

json::object prop_in(std::string_view space, std::string_view name, std::string_view value) {
  return {{"name", name}, {"ns", space}, {"value", text(value)}};
}

/// Letters, digits, `.`, `-` and `_`, not beginning with a digit or a sign.
std::string token(std::string_view words) {
  std::string out;
  for (const char c : words) {
    const auto byte = static_cast<unsigned char>(c);
    out += std::isalnum(byte) != 0 || c == '.' || c == '-' || c == '_' ? c : '-';
  }
  if (out.empty() || std::isalpha(static_cast<unsigned char>(out[0])) == 0) out = "_" + out;
  return out;
}

json::object party(std::string_view name, std::string_view type) {
  return {{"uuid", party_uuid(name)}, {"type", type}, {"name", text(name)}};
}

json::array parties(const Report& report) {
  std::set<std::string> told;
  json::array list;
  const auto add = [&](const std::string& name, std::string_view type) {
    if (!name.empty() && told.insert(name).second) list.push_back(party(name, type));
  };
  add(assessor(report), "person");
  if (report.from.scenario != nullptr) add(report.from.scenario->owner, "organization");
  for (const auto& use : report.exceptions) {
    if (use.rule == nullptr) continue;
    add(use.rule->owner, "organization");
    add(use.rule->approver, "person");
  }
  return list;
}

}  // namespace

std::string text(std::string_view words) {
  const bool utf8 = core::valid_utf8_prefix(words) == words.size();
  std::string out;
  for (const char c : words) {
    const auto byte = static_cast<unsigned char>(c);
    const bool foreign = byte > 0x7f && !utf8;
    out += byte < 0x20 || byte == 0x7f ? ' ' : foreign ? '?' : c;
  }
  const auto first = out.find_first_not_of(' ');
  if (first == std::string::npos) return "-";
  return out.substr(first, out.find_last_not_of(' ') - first + 1);
}

json::object prop(std::string_view name, std::string_view value) {
  return prop_in(kNamespace, name, value);
}

json::object trestle_prop(std::string_view name, std::string_view value) {
  return prop_in(kTrestle, name, value);
}

void add_list(json::object& to, std::string_view name, json::array list) {
  if (!list.empty()) to[name] = std::move(list);
}

std::string party_uuid(std::string_view name) {
  return uuid_of("party", name);
}

std::string assessor(const Report& report) {
  return report.run.header.who.empty() ? "unknown" : report.run.header.who;
}

json::object metadata(const Report& report, std::string_view title) {
  json::object responsible{{"role-id", "assessor"},
                           {"party-uuids", json::array{party_uuid(assessor(report))}}};
  json::object object{{"title", text(title)},
                      {"last-modified", core::text(dated(report.run))},
                      {"version", "1"},
                      {"oscal-version", "1.1.3"}};
  object["roles"] =
      json::array{json::object{{"id", "assessor"}, {"title", "Assessor"}},
                  json::object{{"id", "risk-owner"}, {"title", "Owner of an accepted risk"}},
                  json::object{{"id", "risk-approver"}, {"title", "Approver of an exception"}}};
  object["parties"] = parties(report);
  object["responsible-parties"] = json::array{std::move(responsible)};
  object["remarks"] = text(report.untested_sentence + " " + report.sentence);
  return object;
}

std::string control_id(const ControlSupport& control) {
  const bool nist = control.framework.find("800-53") != std::string::npos && !control.ref.empty();
  if (!nist) return token(control.id);
  std::string id;
  for (const char c : control.ref) {
    if (c == '(') {
      id += '.';
    } else if (c != ')' && c != ' ') {
      id += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return token(id);
}

Target target_of(const ControlSupport& control) {
  const auto id = control_id(control);
  for (const auto& known : kObjectives) {
    if (known.control != id) continue;
    const bool works_only = control.requires_flow && !control.denies;
    return {"objective-id", std::string(works_only ? known.works : known.blocked)};
  }
  return {"statement-id", id + "_smt"};
}

json::object reviewed_controls(const Report& report) {
  std::set<std::string> ids;
  for (const auto& control : report.controls) ids.insert(control_id(control));
  json::object selection;
  if (ids.empty()) {
    selection["description"] = "No rule of this scenario names a control.";
  } else {
    json::array controls;
    for (const auto& id : ids) controls.push_back(json::object{{"control-id", id}});
    selection["include-controls"] = std::move(controls);
  }
  json::object reviewed{{"control-selections", json::array{std::move(selection)}}};
  json::array objectives;
  std::set<std::string> told;
  for (const auto& control : report.controls) {
    const auto target = target_of(control);
    if (target.type != "objective-id" || !told.insert(target.id).second) continue;
    objectives.push_back(json::object{{"objective-id", target.id}});
  }
  if (!objectives.empty()) {
    json::object selected{{"include-objectives", std::move(objectives)}};
    reviewed["control-objective-selections"] = json::array{std::move(selected)};
  }
  return reviewed;
}

std::string platform_uuid() {
  return uuid_of("platform", "reachproof");
}

json::object assessment_assets(const Report& report) {
  json::array components;
  json::array uses;
  const auto add = [&](std::string_view title, std::string_view what, std::string_view version) {
    const auto uuid = uuid_of("component", title);
    json::object component{{"uuid", uuid},
                           {"type", "software"},
                           {"title", title},
                           {"description", what},
                           {"status", json::object{{"state", "operational"}}}};
    component["props"] = json::array{json::object{{"name", "version"}, {"value", text(version)}}};
    components.push_back(std::move(component));
    uses.push_back(json::object{{"component-uuid", uuid}});
  };
  add("Reachproof orchestrator", "Plans runs, judges what was observed, keeps the evidence",
      report.run.header.software);
  std::set<std::string> versions;
  for (const auto& probe : report.run.probes) versions.insert(probe.software);
  for (const auto& version : versions) {
    if (!version.empty()) add("Reachproof probe " + version, "Vantage and witness", version);
  }
  json::object platform{{"uuid", platform_uuid()}, {"title", "Reachproof"}};
  platform["uses-components"] = std::move(uses);
  return {{"components", std::move(components)},
          {"assessment-platforms", json::array{std::move(platform)}}};
}

}  // namespace reachproof::reports::oscal
