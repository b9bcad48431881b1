#include "scenarios/selectors.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "scenarios/fields.h"

namespace reachproof::scenarios {
namespace {

using core::Selection;
using core::Workload;

/// The selector's keys while workloads are chosen; `sound` says whether all of it was understood.
struct Choice {
  std::vector<bool> chosen;
  std::vector<std::string> said;
  std::vector<std::string> gone;  ///< what `not` took away
  bool sound = true;
};

std::vector<std::string> known_of(const std::vector<Located>& names,
                                  const std::vector<std::string>& known, std::string_view kind,
                                  const std::string& what, Draft& draft) {
  std::vector<std::string> sound;
  for (const auto& name : names) {
    if (name.text == kCloudMetadata && kind == "workload") {
      draft.problems.error(name.mark, fmt::format("unknown workload `cloud-metadata` in {}", what),
                           "write { builtin: cloud-metadata }");
    } else if (check_known(name, known, kind, what, draft.problems)) {
      sound.push_back(name.text);
    }
  }
  return sound;
}

template <class Fits>
void keep(Choice& choice, const std::vector<Workload>& workloads, Fits fits) {
  for (std::size_t i = 0; i < workloads.size(); ++i) {
    choice.chosen[i] = choice.chosen[i] && fits(workloads[i]);
  }
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

/// Narrows the choice to the workloads, or the segments' workloads, that a key names.
void keep_named(const Node* node, std::string_view key, const std::string& what, Choice& choice,
                Draft& draft) {
  if (node == nullptr) return;
  const auto names = read_names(*node, fmt::format("`{}` of {}", key, what), draft.problems);
  const auto known = key == "segment" ? draft.segment_names() : draft.workload_names();
  const auto sound = known_of(names, known, key, what, draft);
  if (sound.empty() || sound.size() != names.size()) choice.sound = false;
  choice.said.push_back(key == "segment" ? "segment " + joined(sound) : joined(sound));
  keep(choice, draft.scenario.workloads, [&](const Workload& workload) {
    return contains(sound, key == "segment" ? workload.segment : workload.name);
  });
}

void check_label(const Node& key, const std::string& value, const std::string& what, Draft& draft,
                 Choice& choice) {
  std::vector<std::string> known;
  for (const auto& workload : draft.scenario.workloads) {
    for (const auto& [name, text] : workload.labels) {
      if (name == key.text && text == value) return;
      known.push_back(fmt::format("{}={}", name, text));
    }
  }
  draft.problems.error(key.mark,
                       fmt::format("no workload has the label {}={} of {}", key.text, value, what),
                       did_you_mean(key.text + "=" + value, known));
  choice.sound = false;
}

void keep_labelled(const Node* node, const std::string& what, Choice& choice, Draft& draft) {
  if (node == nullptr) return;
  if (node->kind != Node::Kind::Map || node->entries.empty()) {
    draft.problems.error(node->mark, fmt::format("`label` of {} must be a map of labels", what));
    choice.sound = false;
    return;
  }
  std::vector<std::string> said;
  for (const auto& [key, value] : node->entries) {
    const auto text =
        scalar_text(value, fmt::format("the label `{}` of {}", key.text, what), draft.problems);
    if (text.empty()) {
      choice.sound = false;
      continue;
    }
    check_label(key, text, what, draft, choice);
    said.push_back(key.text + "=" + text);
    keep(choice, draft.scenario.workloads, [&, name = key.text](const Workload& workload) {
      const auto label = workload.labels.find(name);
      return label != workload.labels.end() && label->second == text;
    });
  }
  std::ranges::sort(said);  // so that the order of keys makes no difference anywhere
  choice.said.push_back("label " + joined(said));
}

/// Where `not` is a selector of its own.
std::string subtract_selected(const Node& node, const std::string& what, Choice& choice,
                              Draft& draft) {
  const auto taken = read_selector(node, what, draft);
  if (taken.workloads.empty()) choice.sound = false;
  const auto& workloads = draft.scenario.workloads;
  choice.chosen.resize(workloads.size(), false);  // a builtin may have been added
  for (std::size_t i = 0; i < workloads.size(); ++i) {
    if (contains(taken.workloads, workloads[i].name)) choice.chosen[i] = false;
  }
  choice.gone.insert(choice.gone.end(), taken.workloads.begin(), taken.workloads.end());
  return taken.text;
}

/// Takes named workloads away, and says which of them were not there in the first place.
std::string subtract_named(const std::vector<Located>& names, const std::string& what,
                           Choice& choice, Draft& draft) {
  const auto sound = known_of(names, draft.workload_names(), "workload", what, draft);
  if (sound.size() != names.size()) choice.sound = false;
  const auto& workloads = draft.scenario.workloads;
  choice.chosen.resize(workloads.size(), false);
  for (const auto& name : names) {
    if (!contains(sound, name.text)) continue;
    const auto at = static_cast<std::size_t>(
        std::ranges::find(workloads, name.text, &Workload::name) - workloads.begin());
    if (!choice.chosen[at] && choice.sound && name.mark.file == 0 &&
        !contains(choice.gone, name.text)) {
      draft.problems.warning(
          name.mark, fmt::format("`not` of {} takes away {}, which the rest does not select", what,
                                 name.text));
    }
    choice.chosen[at] = false;
    choice.gone.push_back(name.text);
  }
  return joined(sound);
}

/// `not`: a workload, a selector, or a list of them.
std::string subtract(const Node* node, const std::string& what, Choice& choice, Draft& draft) {
  if (node == nullptr) return "";
  const auto which = fmt::format("`not` of {}", what);
  const bool selectors =
      node->kind == Node::Kind::Sequence && std::ranges::any_of(node->items, [](const Node& item) {
        return item.kind == Node::Kind::Map;
      });
  if (node->kind == Node::Kind::Map) {
    return " except " + subtract_selected(*node, which, choice, draft);
  }
  if (!selectors) {
    const auto names = read_names(*node, which, draft.problems);
    return " except " + subtract_named(names, what, choice, draft);
  }
  std::string said;
  for (const auto& item : node->items) {
    said += said.empty() ? " except " : ", ";
    said += item.kind == Node::Kind::Map
                ? subtract_selected(item, which, choice, draft)
                : subtract_named(read_names(item, which, draft.problems), what, choice, draft);
  }
  return said;
}

Selection select_builtin(const Node& builtin, const Node& node, const std::string& what,
                         Draft& draft) {
  const auto name = scalar_text(builtin, fmt::format("`builtin` of {}", what), draft.problems);
  if (node.entries.size() > 1) {
    draft.problems.error(node.mark, fmt::format("`builtin` of {} must stand alone", what));
  }
  auto& workloads = draft.scenario.workloads;
  if (name == kCloudMetadata) {
    if (draft.scenario.workload(name) == nullptr) {
      workloads.push_back({.name = name, .builtin = true});
    }
    return {.workloads = {name}, .text = name};
  }
  if (name == "internet") {
    const auto& segments = draft.scenario.segments;
    const auto segment = std::ranges::find(segments, true, &core::Segment::internet);
    if (segment != segments.end()) return {.workloads = {segment->name}, .text = segment->name};
    draft.problems.error(builtin.mark,
                         fmt::format("{} speaks of the internet, but no segment is it", what),
                         "add a segment with `builtin: internet`");
  } else if (!name.empty()) {
    const auto suggestion = did_you_mean(name, {"internet", kCloudMetadata});
    draft.problems.error(builtin.mark, fmt::format("unknown builtin `{}` in {}", name, what),
                         suggestion.empty() ? "it is internet or cloud-metadata" : suggestion);
  }
  return {};
}

std::string said_of(const Choice& choice) {
  if (choice.said.empty()) return "all workloads";
  std::string text;
  for (const auto& part : choice.said) text += (text.empty() ? "" : ", ") + part;
  return text;
}

Selection selection_of(const Choice& choice, std::string text, const Draft& draft) {
  Selection selection{.text = std::move(text)};
  for (std::size_t i = 0; i < choice.chosen.size(); ++i) {
    if (choice.chosen[i]) selection.workloads.push_back(draft.scenario.workloads[i].name);
  }
  return selection;
}

Selection select_by_map(const Node& node, const std::string& what, Draft& draft) {
  Fields keys(node, what, draft.problems);
  const Node* builtin = keys.optional("builtin");
  const bool all = keys.optional_bool("all", false);
  const Node* workload = keys.optional("workload");
  const Node* segment = keys.optional("segment");
  const Node* label = keys.optional("label");
  const Node* taken_away = keys.optional("not");
  keys.finish();
  if (builtin != nullptr) return select_builtin(*builtin, node, what, draft);

  const bool narrowed = workload != nullptr || segment != nullptr || label != nullptr;
  if (all && narrowed) {
    draft.problems.error(node.mark, fmt::format("`all` of {} says more than the rest", what),
                         "keep `all` or what narrows it");
  }
  if (node.entries.empty()) {
    draft.problems.error(node.mark, what + " is empty", "name a workload, segment or label");
  }
  if (!narrowed && !all && taken_away == nullptr) return {};
  Choice choice{.chosen = std::vector<bool>(draft.scenario.workloads.size(), true)};
  if (!narrowed) {
    keep(choice, draft.scenario.workloads, [](const Workload& one) { return !one.builtin; });
  }
  keep_named(workload, "workload", what, choice, draft);
  keep_named(segment, "segment", what, choice, draft);
  keep_labelled(label, what, choice, draft);
  const auto text = said_of(choice) + subtract(taken_away, what, choice, draft);
  if (!choice.sound) return {};
  auto selection = selection_of(choice, text, draft);
  if (selection.workloads.empty() && node.mark.file == 0) {
    draft.problems.error(node.mark, fmt::format("{} selects no workload ({})", what, text));
  }
  return selection;
}

}  // namespace

Selection read_selector(const Node& node, const std::string& what, Draft& draft) {
  if (node.kind == Node::Kind::Map) return select_by_map(node, what, draft);
  Choice choice{.chosen = std::vector<bool>(draft.scenario.workloads.size(), true)};
  const auto names = read_names(node, what, draft.problems);
  const auto sound = known_of(names, draft.workload_names(), "workload", what, draft);
  if (sound.empty() || sound.size() != names.size()) return {};
  keep(choice, draft.scenario.workloads,
       [&](const Workload& workload) { return contains(sound, workload.name); });
  return selection_of(choice, joined(sound), draft);
}

}  // namespace reachproof::scenarios
