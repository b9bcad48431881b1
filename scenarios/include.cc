#include "scenarios/include.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "scenarios/fields.h"

namespace reachproof::scenarios {
namespace {

constexpr std::string_view kMarker = "--- # include: ";
const std::vector<std::string> kMapSections{"services", "controls", "segments", "workloads"};
const std::vector<std::string> kListSections{"flows", "forbids", "exceptions"};

/// One item of `include`.
struct Include {
  std::string name;
  std::string prefix;  ///< empty: names stay as they are
  const Node* with = nullptr;
  SourceMark mark;
};

bool is_document_name(std::string_view name) {
  return !name.empty() && name.size() <= 256 && !name.starts_with('/') &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-' || c == '/';
         });
}

std::optional<Include> read_item(const Node& item, Problems& problems) {
  Include include{.mark = item.mark};
  if (item.kind == Node::Kind::Map) {
    Fields keys(item, "an entry of `include`", problems);
    include.name = keys.required_text("use");
    include.prefix = keys.name("as");
    include.with = keys.optional("with");
    keys.finish();
  } else {
    include.name = scalar_text(item, "an entry of `include`", problems);
  }
  if (include.name.empty()) return std::nullopt;
  if (!is_document_name(include.name)) {
    problems.error(item.mark, fmt::format("`{}` cannot be included", include.name),
                   "write catalog/NAME, or a path relative to this file");
    return std::nullopt;
  }
  if (include.prefix.empty() && include.name.starts_with("catalog/")) {
    include.prefix = include.name.substr(include.name.rfind('/') + 1);
  }
  return include;
}

/// Puts the values of parameters in place of `$name` and `$name*`.
class Substitution {
 public:
  /// `values` has every parameter that there is; null where it has no value.
  Substitution(std::map<std::string, const Node*> values, Problems& problems)
      : values_(std::move(values)), problems_(problems) {}

  /// Nothing where the node is to be left out. A parameter that has no value and is asked for
  /// without `*` is noted in `lacking`.
  std::optional<Node> put_into(const Node& node, std::set<std::string>& lacking) {
    if (const auto* value = asked(node)) {
      const bool optional = node.text.ends_with('*');
      if (value->second != nullptr) return *value->second;
      if (optional) return std::nullopt;
      lacking.insert(value->first);
      return node;
    }
    Node made = node;
    made.items.clear();
    made.entries.clear();
    for (const auto& item : node.items) {
      auto put = put_into(item, lacking);
      if (!put) continue;
      const bool spliced = asked(item) != nullptr && put->kind == Node::Kind::Sequence;
      if (spliced) {
        for (auto& one : put->items) made.items.push_back(std::move(one));
      } else {
        made.items.push_back(std::move(*put));
      }
    }
    // A list of which nothing is left is left out, too.
    if (made.items.empty() && !node.items.empty()) return std::nullopt;
    for (const auto& [key, value] : node.entries) {
      if (auto put = put_into(value, lacking)) made.entries.push_back({key, std::move(*put)});
    }
    return made;
  }

 private:
  using Value = std::pair<const std::string, const Node*>;
  const Value* asked(const Node& node) {
    if (node.kind != Node::Kind::Scalar || node.quoted || !node.text.starts_with('$')) {
      return nullptr;
    }
    auto name = node.text.substr(1);
    if (name.ends_with('*')) name.pop_back();
    if (const auto value = values_.find(name); value != values_.end()) return &*value;
    if (complained_.insert({name, node.mark}).second) {
      std::vector<std::string> known;
      for (const auto& [parameter, value] : values_) known.push_back(parameter);
      problems_.error(node.mark, fmt::format("there is no parameter `{}`", name),
                      did_you_mean(name, known));
    }
    return nullptr;
  }

  std::map<std::string, const Node*> values_;
  std::set<std::pair<std::string, SourceMark>> complained_;
  Problems& problems_;
};

void prefix_scalar(Node* node, const std::set<std::string>& names, const std::string& prefix,
                   int file) {
  if (node == nullptr || node->kind != Node::Kind::Scalar || node->mark.file != file) return;
  if (names.contains(node->text)) node->text = prefix + "." + node->text;
}

Node* find_in(Node* map, std::string_view key) {
  return map == nullptr ? nullptr : const_cast<Node*>(std::as_const(*map).find(key));
}

std::set<std::string> ids_of(const Node& document) {
  std::set<std::string> ids;
  for (const auto& section : kListSections) {
    const Node* list = document.find(section);
    if (list == nullptr) continue;
    for (const auto& rule : list->items) {
      if (const Node* id = rule.find("id")) ids.insert(id->text);
    }
  }
  return ids;
}

/// Gives the document's own rules and services their prefix, wherever it speaks of them.
void put_prefix(Node& document, const std::string& prefix, int file) {
  const auto ids = ids_of(document);
  std::set<std::string> services;
  if (Node* section = find_in(&document, "services")) {
    for (auto& [key, value] : section->entries) {
      services.insert(key.text);
      key.text = prefix + "." + key.text;
    }
  }
  for (const auto& name : kListSections) {
    Node* section = find_in(&document, name);
    if (section == nullptr) continue;
    for (auto& rule : section->items) {
      prefix_scalar(find_in(&rule, "id"), ids, prefix, file);
      prefix_scalar(find_in(&rule, "of"), ids, prefix, file);
      prefix_scalar(find_in(&rule, "service"), services, prefix, file);
      prefix_scalar(find_in(find_in(&rule, "allow"), "service"), services, prefix, file);
    }
  }
  if (Node* segments = find_in(&document, "segments")) {
    for (auto& [key, value] : segments->entries) {
      for (const auto* end : {"denied", "allowed"}) {
        prefix_scalar(find_in(find_in(&value, "canary"), end), ids, prefix, file);
      }
    }
  }
}

class Expansion {
 public:
  Expansion(Node& root, const AttachedText& text, const ReadIncluded& read, Problems& problems)
      : root_(root), text_(text), read_(read), problems_(problems) {}

  std::vector<std::pair<std::string, std::string>> run() {
    const Node* list = root_.find("include");
    if (list == nullptr) {
      refuse_unused();
      return {};
    }
    if (list->kind != Node::Kind::Sequence) {
      problems_.error(list->mark, "`include` must be a list", "write [catalog/cloud-metadata]");
      return {};
    }
    if (list->items.size() > kIncludesMax) {
      problems_.error(list->mark, fmt::format("`include` has {} entries; at most {} are read",
                                              list->items.size(), kIncludesMax));
      return {};
    }
    const Node items = *list;  // the root is added to meanwhile
    for (const auto& item : items.items) {
      if (const auto include = read_item(item, problems_)) add(*include);
    }
    refuse_unused();
    return std::move(included_);
  }

 private:
  void refuse_unused() {
    for (const auto& part : text_.parts) {
      if (documents_.contains(std::string(part.name))) continue;
      problems_.error({},
                      fmt::format("`{}` is attached to the scenario and not included", part.name),
                      "take it out of the file");
    }
  }

  Result<std::string> text_of(const std::string& name) {
    for (const auto& part : text_.parts) {
      if (part.name == name) return std::string(part.text);
    }
    return read_(name);
  }

  /// A document that was read, whichever of its includes asked first.
  struct Document {
    int file = 0;
    Node root;
    std::vector<Parameter> parameters;
    bool usable = false;
  };

  /// Null where its text cannot be had. It is parsed and checked once, however often it is
  /// included.
  const Document* open(const Include& include) {
    if (const auto known = documents_.find(include.name); known != documents_.end()) {
      return &known->second;
    }
    auto text = text_of(include.name);
    if (!text) {
      problems_.error(include.mark, text.error().message);
      return nullptr;
    }
    auto& document = documents_[include.name];
    document.file = problems_.add_file(include.name);
    if (text->size() > kIncludedBytesMax) {
      problems_.error({1, 1, document.file}, fmt::format("{} bytes; at most {} can be included",
                                                         text->size(), kIncludedBytesMax));
    } else {
      document.root = parse_document(*text, problems_, document.file);
    }
    included_.emplace_back(include.name, std::move(*text));
    if (document.root.kind != Node::Kind::Null) check(include.name, document);
    return &document;
  }

  void check(const std::string& name, Document& document) {
    Fields keys(document.root, name, problems_);
    keys.require({"version"});
    keys.version();
    keys.refuse("include", "what is included cannot include");
    for (const auto* key : {"title", "about", "fix", "caveat", "parameters"}) knows(keys, key);
    for (const auto& section : kMapSections) knows(keys, section);
    for (const auto& section : kListSections) knows(keys, section);
    keys.finish();
    document.usable = keys.usable();
    if (document.usable) document.parameters = read_parameters(document.root, problems_);
  }

  void add(const Include& include) {
    const auto* document = open(include);
    if (document == nullptr || !document->usable) return;
    Substitution substitution(values_of(include, document->parameters), problems_);
    merge(include, put_together(include, document->root, substitution), document->file);
  }

  /// These keys are taken from the document itself.
  static void knows(Fields& keys, std::string_view key) { static_cast<void>(keys.optional(key)); }

  std::map<std::string, const Node*> values_of(const Include& include,
                                               const std::vector<Parameter>& parameters) {
    std::map<std::string, const Node*> values;
    for (const auto& parameter : parameters) values[parameter.name] = parameter.fallback;
    if (include.with != nullptr) {
      Fields given(*include.with, fmt::format("`with` of {}", include.name), problems_);
      for (const auto& parameter : parameters) {
        if (const Node* value = given.optional(parameter.name)) values[parameter.name] = value;
      }
      given.finish();
    }
    for (const auto& parameter : parameters) {
      if (!parameter.required || values[parameter.name] != nullptr) continue;
      problems_.error(
          include.mark,
          fmt::format("{} needs the parameter `{}`: {}", include.name, parameter.name,
                      parameter.about),
          fmt::format("write {{ use: {}, with: {{ {}: ... }} }}", include.name, parameter.name));
      unsound_ = true;
    }
    return values;
  }

  /// The document with its parameters in place; rules that lack one are left out.
  Node put_together(const Include& include, const Node& document, Substitution& substitution) {
    Node made{.kind = Node::Kind::Map, .mark = document.mark};
    std::size_t rules = 0;
    std::set<std::string> lacking_of_all;
    for (const auto& [key, section] : document.entries) {
      const bool listed = std::ranges::find(kListSections, key.text) != kListSections.end();
      if (!listed && std::ranges::find(kMapSections, key.text) == kMapSections.end()) continue;
      Node kept{.kind = section.kind, .mark = section.mark};
      const auto take = [&](const Node& one) -> std::optional<Node> {
        std::set<std::string> lacking;
        auto put = substitution.put_into(one, lacking);
        lacking_of_all.insert(lacking.begin(), lacking.end());
        return lacking.empty() ? put : std::nullopt;
      };
      for (const auto& rule : section.items) {
        if (auto put = take(rule)) kept.items.push_back(std::move(*put));
      }
      for (const auto& [name, value] : section.entries) {
        if (auto put = take(value)) kept.entries.push_back({name, std::move(*put)});
      }
      rules += kept.items.size() + kept.entries.size();
      made.entries.push_back({key, std::move(kept)});
    }
    if (rules == 0 && !unsound_) {
      problems_.warning(include.mark,
                        fmt::format("{} adds nothing without a value for {}", include.name,
                                    joined({lacking_of_all.begin(), lacking_of_all.end()})));
    }
    return made;
  }

  Node& section_of_root(const Node& key, const Node& section) {
    if (Node* found = find_in(&root_, key.text)) return *found;
    root_.entries.push_back({key, Node{.kind = section.kind, .mark = section.mark}});
    return root_.entries.back().second;
  }

  void merge(const Include& include, Node document, int file) {
    if (!include.prefix.empty()) put_prefix(document, include.prefix, file);
    for (auto& [key, section] : document.entries) {
      Node& whole = section_of_root(key, section);
      if (whole.kind != section.kind) {
        // Of the scenario's own section its reader complains.
        if (section.kind != Node::Kind::Map && section.kind != Node::Kind::Sequence) {
          problems_.error(section.mark, fmt::format("`{}` is not what it must be", key.text));
        }
        continue;
      }
      for (auto& rule : section.items) whole.items.push_back(std::move(rule));
      for (auto& entry : section.entries) add_entry(key.text, whole, std::move(entry));
    }
  }

  void add_entry(const std::string& section, Node& whole, Node::Entry entry) {
    for (const auto& [key, value] : whole.entries) {
      if (key.text != entry.first.text) continue;
      // A control is the same one wherever it is told of.
      if (section == "controls") return;
      problems_.error(entry.first.mark,
                      fmt::format("`{}` of {} is defined twice", key.text, section),
                      fmt::format("the first is on {}", problems_.line_of(key.mark)));
      return;
    }
    whole.entries.push_back(std::move(entry));
  }

  Node& root_;
  const AttachedText& text_;
  const ReadIncluded& read_;
  Problems& problems_;
  std::vector<std::pair<std::string, std::string>> included_;
  std::map<std::string, Document> documents_;  ///< by name
  bool unsound_ = false;
};

}  // namespace

std::vector<Parameter> read_parameters(const Node& document, Problems& problems) {
  std::vector<Parameter> parameters;
  const Node* section = document.find("parameters");
  if (section == nullptr) return parameters;
  if (section->kind != Node::Kind::Map) {
    problems.error(section->mark, "`parameters` must be a map of names");
    return parameters;
  }
  for (const auto& [key, value] : section->entries) {
    const auto name = read_name(key, "a key of `parameters`", problems);
    Fields keys(value, "parameter " + key.text, problems);
    Parameter parameter{.name = name, .mark = key.mark};
    parameter.about = keys.required_text("about");
    parameter.required = keys.optional_bool("required", false);
    parameter.fallback = keys.optional("default");
    keys.finish();
    if (!name.empty()) parameters.push_back(std::move(parameter));
  }
  return parameters;
}

AttachedText take_apart(std::string_view text) {
  AttachedText apart;
  std::string_view rest = text;
  std::string_view* part = &apart.scenario;
  while (true) {
    std::size_t at = 0;
    while (true) {  // a marker stands at the beginning of a line
      at = rest.find(kMarker, at);
      if (at == std::string_view::npos || (at > 0 && rest[at - 1] == '\n')) break;
      at += kMarker.size();
    }
    *part = rest.substr(0, at);
    if (at == std::string_view::npos) return apart;
    rest = rest.substr(at + kMarker.size());
    const auto end = std::min(rest.find('\n'), rest.size());
    apart.parts.push_back({rest.substr(0, end), {}});
    part = &apart.parts.back().text;
    rest = rest.substr(std::min(end + 1, rest.size()));
  }
}

std::string attached(std::string_view scenario,
                     const std::vector<std::pair<std::string, std::string>>& included) {
  std::string text(scenario);
  for (const auto& [name, document] : included) {
    if (!text.empty() && text.back() != '\n') text += '\n';
    text += fmt::format("{}{}\n{}", kMarker, name, document);
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> expand_includes(Node& root,
                                                                 const AttachedText& text,
                                                                 const ReadIncluded& read,
                                                                 Problems& problems) {
  return Expansion(root, text, read, problems).run();
}

}  // namespace reachproof::scenarios
