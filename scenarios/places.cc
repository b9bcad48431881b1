// The sections that name things: controls, services, segments, workloads.
#include <fmt/core.h>

#include <algorithm>

#include "scenarios/control_catalogue.h"
#include "scenarios/draft.h"
#include "scenarios/fields.h"
#include "scenarios/matches.h"

namespace reachproof::scenarios {
namespace {

bool is_spiffe_id(std::string_view text) {
  constexpr std::string_view scheme = "spiffe://";
  if (!text.starts_with(scheme) || text.size() > 2048) return false;
  const auto rest = text.substr(scheme.size());
  const auto trust_domain = rest.substr(0, rest.find('/'));
  if (!is_name(trust_domain) || rest.ends_with('/')) return false;
  return rest.find("//") == std::string_view::npos && std::ranges::all_of(rest, [](char c) {
           return c == '/' || is_name(std::string_view(&c, 1));
         });
}

std::string read_identity(Fields& keys, Problems& problems) {
  auto identity = keys.optional_text("identity");
  if (identity.empty() || is_spiffe_id(identity)) return identity;
  problems.error(keys.mark_of("identity"),
                 fmt::format("{} is not a SPIFFE id: `{}`", keys.said("identity"), identity),
                 "write it as in spiffe://example.org/ns/fhir/sa/fhir-api");
  return "";
}

std::map<std::string, std::string> read_labels(Fields& keys, Problems& problems) {
  std::map<std::string, std::string> labels;
  const Node* node = keys.optional("labels");
  if (node == nullptr) return labels;
  if (node->kind != Node::Kind::Map) {
    problems.error(node->mark, keys.said("labels") + " must be a map of text to text");
    return labels;
  }
  for (const auto& [key, value] : node->entries) {
    const auto name = read_name(key, "a key of " + keys.said("labels"), problems);
    auto text =
        scalar_text(value, fmt::format("the label `{}` of {}", name, keys.what()), problems);
    if (!name.empty() && !text.empty()) labels.emplace(name, std::move(text));
  }
  return labels;
}

std::vector<core::Match> read_matches(Fields& keys, Problems& problems) {
  std::vector<core::Match> matches;
  const Node* node = keys.optional("match");
  if (node == nullptr) return matches;
  if (node->kind != Node::Kind::Sequence || node->items.empty()) {
    problems.error(node->mark, keys.said("match") + " must be a list of at least one entry");
    return matches;
  }
  for (const auto& item : node->items) {
    auto match = read_match(item, fmt::format("a match of {}", keys.what()), problems);
    if (match) matches.push_back(std::move(*match));
  }
  return matches;
}

core::Segment read_segment(const std::string& name, SourceMark mark, const Node& node,
                           Draft& draft) {
  Fields keys(node, "segment " + name, draft.problems);
  core::Segment segment{.name = name, .mark = mark};
  if (keys.word("mode", {"enforce", "observe"}) == "observe") {
    segment.mode = core::Segment::Mode::Observe;
  }
  segment.untrusted = keys.optional_bool("untrusted", false);
  segment.internet = keys.word("builtin", {"internet"}).has_value();
  segment.sites = texts(keys.name_list("sites"));
  segment.description = keys.optional_text("description");
  if (const Node* canary = keys.optional("canary")) {
    Fields inner(*canary, "`canary` of segment " + name, draft.problems);
    segment.canary.denied = inner.optional_text("denied");
    segment.canary.allowed = inner.optional_text("allowed");
    inner.finish();
  }
  keys.finish();
  return segment;
}

core::Workload read_workload(const std::string& name, SourceMark mark, const Node& node,
                             Draft& draft) {
  Fields keys(node, "workload " + name, draft.problems);
  keys.require({"segment"});
  core::Workload workload{.name = name, .mark = mark};
  workload.segment = keys.name("segment");
  if (!workload.segment.empty()) {
    check_known({workload.segment, keys.mark_of("segment")}, draft.segment_names(), "segment",
                "workload " + name, draft.problems);
  }
  workload.identity = read_identity(keys, draft.problems);
  workload.labels = read_labels(keys, draft.problems);
  workload.match = read_matches(keys, draft.problems);
  workload.fragile = keys.hours("fragile");
  keys.finish();
  return workload;
}

bool name_is_free(const std::string& name, SourceMark mark, Draft& draft) {
  if (name == kCloudMetadata) {
    draft.problems.error(mark, "the name `cloud-metadata` is taken by a builtin workload",
                         "choose another; rules reach the builtin by { builtin: cloud-metadata }");
    return false;
  }
  const auto* segment = draft.scenario.segment(name);
  if (segment == nullptr || !segment->internet) return true;
  draft.problems.error(mark, fmt::format("the workload `{}` is implied by its segment", name),
                       "a builtin segment has a workload of its own name already; choose another");
  return false;
}

/// Reports the first workload before `index` that has an endpoint in common with it.
void report_overlap(std::size_t index, Draft& draft) {
  const auto& workloads = draft.scenario.workloads;
  const auto& later = workloads[index];
  for (std::size_t i = 0; i < index; ++i) {
    for (const auto& a : workloads[i].match) {
      for (const auto& b : later.match) {
        const auto why = overlap(a, b);
        if (!why) continue;
        draft.problems.error(
            later.mark,
            fmt::format("the workloads {} and {} overlap: {}", workloads[i].name, later.name, *why),
            fmt::format("{} stands on {}; an endpoint belongs to exactly one workload",
                        workloads[i].name, draft.problems.line_of(workloads[i].mark)));
        return;
      }
    }
  }
}

void report_overlaps(Draft& draft) {
  std::size_t matches = 0;
  for (const auto& workload : draft.scenario.workloads) matches += workload.match.size();
  if (matches > kMatchesMax) {
    draft.problems.error({1, 1}, fmt::format("the workloads have {} matches; at most {} are read",
                                             matches, kMatchesMax));
    return;
  }
  for (std::size_t i = 0; i < draft.scenario.workloads.size(); ++i) report_overlap(i, draft);
}

void warn_of_empty_segments(Draft& draft) {
  for (const auto& segment : draft.scenario.segments) {
    const bool used = std::ranges::any_of(draft.scenario.workloads, [&](const auto& workload) {
      return workload.segment == segment.name;
    });
    if (used) continue;
    draft.problems.warning(segment.mark, fmt::format("segment {} has no workload", segment.name));
  }
}

void read_cadence(Fields& keys, Draft& draft) {
  const auto text = keys.optional_text("cadence");
  if (text.empty()) return;
  const auto span = core::CalendarSpan::parse(text);
  if (!span) {
    draft.problems.error(keys.mark_of("cadence"),
                         fmt::format("`{}` is no span: P12M, P90D or P1Y", text));
  } else {
    draft.scenario.controls.back().cadence = span;
  }
}

}  // namespace

void read_controls(const Node* section, Draft& draft) {
  for (const auto* entry : named_entries(section, "controls", draft)) {
    Fields keys(entry->second, "control " + entry->first.text, draft.problems);
    keys.require({"framework", "ref"});
    const auto* known = catalogue_control(entry->first.text);
    draft.scenario.controls.push_back({.id = entry->first.text,
                                       .framework = keys.optional_text("framework"),
                                       .ref = keys.optional_text("ref"),
                                       .title = keys.optional_text("title"),
                                       .cadence = known ? cadence_of(*known) : std::nullopt});
    read_cadence(keys, draft);
    keys.finish();
  }
}

void read_services(const Node* section, Draft& draft) {
  for (const auto* entry : named_entries(section, "services", draft)) {
    const auto& name = entry->first.text;
    draft.scenario.services.push_back(
        {.name = name,
         .ports = read_ports(entry->second, "service " + name, draft.problems),
         .mark = entry->first.mark});
  }
}

void read_segments(const Node* section, Draft& draft) {
  const core::Segment* internet = nullptr;
  const auto entries = named_entries(section, "segments", draft);
  draft.scenario.segments.reserve(entries.size());
  for (const auto* entry : entries) {
    auto segment = read_segment(entry->first.text, entry->first.mark, entry->second, draft);
    if (segment.internet && internet != nullptr) {
      draft.problems.error(segment.mark,
                           fmt::format("the segments {} and {} are both `builtin: internet`",
                                       internet->name, segment.name),
                           "there is one internet; keep one");
      segment.internet = false;
    }
    draft.scenario.segments.push_back(std::move(segment));
    if (draft.scenario.segments.back().internet) internet = &draft.scenario.segments.back();
  }
}

void read_workloads(const Node* section, Draft& draft) {
  auto& workloads = draft.scenario.workloads;
  const auto entries = named_entries(section, "workloads", draft);
  if (entries.size() > kWorkloadsMax) {
    draft.problems.error(section->mark, fmt::format("there are {} workloads; at most {} are read",
                                                    entries.size(), kWorkloadsMax));
    return;
  }
  for (const auto* entry : entries) {
    const auto& name = entry->first;
    if (!name_is_free(name.text, name.mark, draft)) continue;
    workloads.push_back(read_workload(name.text, name.mark, entry->second, draft));
  }
  report_overlaps(draft);
  for (const auto& segment : draft.scenario.segments) {
    if (!segment.internet) continue;
    workloads.push_back(
        {.name = segment.name, .segment = segment.name, .builtin = true, .mark = segment.mark});
  }
  warn_of_empty_segments(draft);
}

}  // namespace reachproof::scenarios
