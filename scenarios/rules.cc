// What all rules share, and the sections `flows` and `forbids`.
#include "scenarios/rules.h"

#include <fmt/core.h>

#include <algorithm>

#include "scenarios/control_catalogue.h"
#include "scenarios/layers.h"

namespace reachproof::scenarios {
namespace {

bool is_technique(std::string_view text) {
  const auto digits = [&](std::size_t from, std::size_t count) {
    return text.size() >= from + count && std::ranges::all_of(text.substr(from, count), [](char c) {
             return c >= '0' && c <= '9';
           });
  };
  if (!text.starts_with('T') || !digits(1, 4)) return false;
  return text.size() == 5 || (text.size() == 9 && text[5] == '.' && digits(6, 3));
}

std::vector<std::string> read_techniques(Fields& keys, Problems& problems) {
  std::vector<std::string> techniques;
  for (const auto& name : keys.name_list("techniques")) {
    if (is_technique(name.text)) {
      techniques.push_back(name.text);
    } else {
      problems.error(name.mark,
                     fmt::format("an entry of {} is not an ATT&CK technique: `{}`",
                                 keys.said("techniques"), name.text),
                     "write it as in T1021 or T1552.005");
    }
  }
  return techniques;
}

void read_assume(const Node* node, core::ForbidRule& forbid, Draft& draft) {
  if (node == nullptr) return;
  if (forbid.reach != core::ForbidRule::Reach::Transitive) {
    draft.problems.error(node->mark,
                         fmt::format("`assume` of forbid {} needs `reach: transitive`", forbid.id));
  }
  Fields keys(*node, fmt::format("`assume` of forbid {}", forbid.id), draft.problems);
  auto& assume = forbid.assume;
  const auto pivot = keys.optional_text("pivot", assume.pivot);
  if (!pivot.empty() && pivot != assume.pivot) {
    draft.problems.error(keys.mark_of("pivot"),
                         fmt::format("{} `{}` is not supported yet", keys.said("pivot"), pivot),
                         "only any-open-tcp is");
  }
  assume.hops_max = keys.optional_int("max-hops", assume.hops_max, 1, 16);
  for (const auto& name : keys.name_list("barriers")) {
    if (check_known(name, draft.workload_names(), "workload", keys.said("barriers"),
                    draft.problems)) {
      assume.barriers.push_back(name.text);
    }
  }
  keys.finish();
}

core::FlowRule read_flow(const Node& node, Draft& draft) {
  Fields keys(node, rule_name("flow", node), draft.problems);
  keys.require({"id", "from", "to", "service"});
  core::FlowRule flow{.id = claim_id(keys, draft), .mark = node.mark};
  auto span = read_span(keys, draft);
  flow.from = std::move(span.from);
  flow.to = std::move(span.to);
  flow.service = std::move(span.service);
  flow.ports = std::move(span.ports);
  if (keys.word("need", {"required", "permitted"}) == "permitted") {
    flow.need = core::FlowRule::Need::Permitted;
  }
  flow.severity = keys.severity("severity");
  flow.hours = keys.hours("hours");
  flow.check =
      read_check(keys.optional("check"), keys.what(), draft.scenario.defaults.check, draft);
  flow.why = keys.optional_text("why");
  flow.controls = read_control_ids(keys, draft);
  flow.techniques = read_techniques(keys, draft.problems);
  flow.layer = read_layer(keys, RuleKind::Flow, flow.ports, draft);
  keys.finish();
  return flow;
}

core::ForbidRule read_forbid(const Node& node, Draft& draft) {
  Fields keys(node, rule_name("forbid", node), draft.problems);
  keys.require({"id", "from", "to", "service"});
  core::ForbidRule forbid{.id = claim_id(keys, draft), .mark = node.mark};
  forbid.title = keys.optional_text("title");
  forbid.severity = keys.severity("severity").value_or(forbid.severity);
  auto span = read_span(keys, draft);
  forbid.from = std::move(span.from);
  forbid.to = std::move(span.to);
  forbid.service = std::move(span.service);
  forbid.ports = std::move(span.ports);
  if (keys.word("reach", {"direct", "transitive"}) == "transitive") {
    forbid.reach = core::ForbidRule::Reach::Transitive;
  }
  read_assume(keys.optional("assume"), forbid, draft);
  forbid.check =
      read_check(keys.optional("check"), keys.what(), draft.scenario.defaults.check, draft);
  forbid.why = keys.optional_text("why");
  forbid.controls = read_control_ids(keys, draft);
  forbid.techniques = read_techniques(keys, draft.problems);
  forbid.layer = read_layer(keys, RuleKind::Forbid, forbid.ports, draft);
  keys.finish();
  return forbid;
}

struct PortsOfRule {
  std::string service;
  std::vector<core::PortRange> ports;
};

PortsOfRule read_service_of_rule(const Node& node, const std::string& what, Draft& draft) {
  if (node.kind == Node::Kind::Sequence) {
    PortsOfRule rule{.service = "", .ports = read_ports(node, what, draft.problems)};
    for (const auto& range : rule.ports) {
      rule.service += (rule.service.empty() ? "" : ", ") + range.text();
    }
    return rule;
  }
  const auto text = scalar_text(node, what, draft.problems);
  if (text.find('/') != std::string::npos) {
    const auto range = read_port_range(node, what, draft.problems);
    return range ? PortsOfRule{range->text(), {*range}} : PortsOfRule{};
  }
  if (text.empty() ||
      !check_known({text, node.mark}, draft.service_names(), "service", what, draft.problems)) {
    return {};
  }
  const auto& services = draft.scenario.services;
  return {text, std::ranges::find(services, text, &core::Service::name)->ports};
}

void check_ends(const Span& span, Fields& keys, Draft& draft) {
  const auto& from = span.from.workloads;
  if (std::ranges::find(from, kCloudMetadata) != from.end()) {
    draft.problems.error(
        keys.mark_of("from"),
        fmt::format("{} is cloud-metadata, from which no attempt can leave", keys.said("from")),
        "a rule may only lead to it");
  }
  if (from.size() == 1 && from == span.to.workloads && span.mark.file == 0) {
    draft.problems.error(keys.mark_of("to"),
                         fmt::format("{} leads from {} to itself", keys.what(), from.front()),
                         "rules hold between different workloads");
  }
}

}  // namespace

std::string rule_name(std::string_view kind, const Node& node) {
  const Node* id = node.find("id");
  const bool named = id != nullptr && id->kind == Node::Kind::Scalar && is_name(id->text);
  return named ? fmt::format("{} {}", kind, id->text) : fmt::format("a {} without an id", kind);
}

std::string claim_id(Fields& keys, Draft& draft) {
  auto id = keys.name("id");
  if (id.empty()) return id;
  const auto mark = keys.mark_of("id");
  if (id == "default") {
    draft.problems.error(mark, "the id `default` is taken: it names the default expectation");
    return "";
  }
  const auto [first, fresh] = draft.ids.emplace(id, mark);
  if (!fresh) {
    draft.problems.error(
        mark, fmt::format("the id {} is used twice", id),
        fmt::format("the first is on {}; {}", draft.problems.line_of(first->second),
                    mark.file != 0 && mark == first->second
                        ? "give one of the two includes another prefix with `as`"
                        : "flows, forbids and exceptions share one set of ids"));
  }
  return id;
}

Span read_span(Fields& keys, Draft& draft) {
  Span span{.mark = keys.mark_of("id")};
  if (const Node* from = keys.optional("from")) {
    span.from = read_selector(*from, keys.said("from"), draft);
  }
  if (const Node* to = keys.optional("to")) span.to = read_selector(*to, keys.said("to"), draft);
  if (const Node* service = keys.optional("service")) {
    auto read = read_service_of_rule(*service, keys.said("service"), draft);
    span.service = std::move(read.service);
    span.ports = std::move(read.ports);
  }
  check_ends(span, keys, draft);
  return span;
}

std::vector<std::string> read_control_ids(Fields& keys, Draft& draft) {
  std::vector<std::string> ids;
  for (const auto& id : keys.name_list("controls")) {
    auto defined = draft.control_ids();
    if (std::ranges::find(defined, id.text) == defined.end()) {
      if (const auto* known = catalogue_control(id.text)) {
        draft.scenario.controls.push_back(control_of(*known));
        defined.push_back(id.text);
        if (known->proposed) {
          draft.problems.warning(id.mark, fmt::format("control {} is of a PROPOSED rule, which is "
                                                      "not law",
                                                      id.text));
        }
      }
    }
    if (check_known(id, defined, "control", keys.said("controls"), draft.problems)) {
      ids.push_back(id.text);
    }
  }
  return ids;
}

namespace {

/// Ready rules cannot know this scenario: one that speaks of nothing in it is left out, and said.
template <class Rule>
bool speaks_of_something(const Rule& rule, std::string_view kind, Draft& draft) {
  if (rule.mark.file == 0 || draft.problems.any_error()) return true;
  const auto& from = rule.from.workloads;
  const auto& to = rule.to.workloads;
  if (!from.empty() && !to.empty() && (from.size() > 1 || from != to)) return true;
  draft.problems.warning(rule.mark,
                         fmt::format("{} {} speaks of no connection in this scenario (from {} to "
                                     "{}) and is left out",
                                     kind, rule.id, rule.from.text, rule.to.text));
  return false;
}

}  // namespace

void read_flows(const Node* section, Draft& draft) {
  for (const auto& item : listed_items(section, "flows", kFlowsMax, draft)) {
    auto flow = read_flow(item, draft);
    if (speaks_of_something(flow, "flow", draft)) draft.scenario.flows.push_back(std::move(flow));
  }
}

void read_forbids(const Node* section, Draft& draft) {
  for (const auto& item : listed_items(section, "forbids", kForbidsMax, draft)) {
    auto forbid = read_forbid(item, draft);
    if (speaks_of_something(forbid, "forbid", draft)) {
      draft.scenario.forbids.push_back(std::move(forbid));
    }
  }
}

}  // namespace reachproof::scenarios
