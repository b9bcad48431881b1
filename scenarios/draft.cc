#include "scenarios/draft.h"

#include <fmt/core.h>

#include "scenarios/fields.h"

namespace reachproof::scenarios {
namespace {

template <class Things, class Member>
std::vector<std::string> names_of(const Things& things, Member name) {
  std::vector<std::string> names;
  names.reserve(things.size());
  for (const auto& thing : things) names.push_back(thing.*name);
  return names;
}

}  // namespace

std::vector<std::string> Draft::segment_names() const {
  return names_of(scenario.segments, &core::Segment::name);
}

std::vector<std::string> Draft::workload_names() const {
  return names_of(scenario.workloads, &core::Workload::name);
}

std::vector<std::string> Draft::service_names() const {
  return names_of(scenario.services, &core::Service::name);
}

std::vector<std::string> Draft::schedule_names() const {
  return names_of(scenario.schedules, &core::Schedule::name);
}

std::vector<std::string> Draft::control_ids() const {
  return names_of(scenario.controls, &core::Control::id);
}

std::vector<const Node::Entry*> named_entries(const Node* section, const std::string& key,
                                              Draft& draft) {
  std::vector<const Node::Entry*> entries;
  if (section == nullptr) return entries;
  if (section->kind != Node::Kind::Map) {
    draft.problems.error(section->mark, fmt::format("`{}` must be a map of names", key));
    return entries;
  }
  std::map<std::string, int> seen;
  for (const auto& entry : section->entries) {
    const auto name = read_name(entry.first, fmt::format("a key of `{}`", key), draft.problems);
    // A name given twice was reported with the document; its first entry counts.
    if (!name.empty() && seen[name]++ == 0) entries.push_back(&entry);
  }
  return entries;
}

const std::vector<Node>& listed_items(const Node* section, const std::string& key,
                                      std::size_t items_max, Draft& draft) {
  static const std::vector<Node> none;
  if (section == nullptr) return none;
  if (section->kind != Node::Kind::Sequence) {
    draft.problems.error(section->mark, fmt::format("`{}` must be a list", key));
    return none;
  }
  if (section->items.size() > items_max) {
    draft.problems.error(section->mark, fmt::format("`{}` has {} entries; at most {} are read", key,
                                                    section->items.size(), items_max));
    return none;
  }
  return section->items;
}

}  // namespace reachproof::scenarios
