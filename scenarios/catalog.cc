#include "scenarios/catalog.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "scenarios/document.h"
#include "scenarios/fields.h"
#include "scenarios/include.h"

namespace reachproof::scenarios {
namespace {

/// As one would write it in a line of YAML.
std::string flow_style(const Node& node) {
  std::string text;
  switch (node.kind) {
    case Node::Kind::Null:
      return "";
    case Node::Kind::Scalar:
      return node.quoted ? fmt::format("\"{}\"", node.text) : node.text;
    case Node::Kind::Sequence:
      for (const auto& item : node.items) text += (text.empty() ? "" : ", ") + flow_style(item);
      return "[" + text + "]";
    case Node::Kind::Map:
      for (const auto& [key, value] : node.entries) {
        text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", key.text, flow_style(value));
      }
      return "{ " + text + " }";
  }
  return text;
}

std::string text_under(const Node& node, std::string_view key) {
  const Node* value = node.find(key);
  return value == nullptr ? "" : flow_style(*value);
}

/// Prose, without the line end that a block of text brings.
std::string prose_under(const Node& node, std::string_view key) {
  const Node* value = node.find(key);
  std::string text = value == nullptr ? "" : value->text;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::vector<std::string> texts_under(const Node& node, std::string_view key) {
  std::vector<std::string> texts;
  if (const Node* list = node.find(key)) {
    for (const auto& item : list->items) texts.push_back(item.text);
  }
  return texts;
}

/// The parameters without which a node has no sense: those written without `*` that may be absent.
void needed_of(const Node& node, const std::set<std::string>& absent, std::set<std::string>& into) {
  if (node.kind == Node::Kind::Scalar && !node.quoted && node.text.starts_with('$')) {
    const auto name = node.text.substr(1);
    if (absent.contains(name)) into.insert(name);
  }
  for (const auto& item : node.items) needed_of(item, absent, into);
  for (const auto& [key, value] : node.entries) needed_of(value, absent, into);
}

CatalogEntry::Rule rule_of(const Node& node, const std::string& kind,
                           const std::set<std::string>& absent) {
  CatalogEntry::Rule rule{.id = text_under(node, "id"), .kind = kind};
  rule.title = prose_under(node, kind == "forbid" ? "title" : "why");
  rule.severity = text_under(node, "severity");
  rule.from = text_under(node, "from");
  rule.to = text_under(node, "to");
  rule.service = text_under(node, "service");
  rule.layer = text_under(node, "layer");
  rule.techniques = texts_under(node, "techniques");
  rule.controls = texts_under(node, "controls");
  std::set<std::string> needed;
  needed_of(node, absent, needed);
  rule.parameters.assign(needed.begin(), needed.end());
  return rule;
}

std::string in_code(const std::string& text) {
  return text.empty() ? "" : "`" + text + "`";
}

}  // namespace

const CatalogText* catalog_text(std::string_view name) {
  if (name.starts_with("catalog/")) name.remove_prefix(8);
  const auto& texts = catalog_texts();
  const auto found = std::ranges::find(texts, name, &CatalogText::name);
  return found == texts.end() ? nullptr : &*found;
}

CatalogEntry catalog_entry(const CatalogText& text) {
  Problems problems("catalog/" + std::string(text.name));
  const Node root = parse_document(text.rules, problems);
  CatalogEntry entry{.name = std::string(text.name)};
  entry.title = prose_under(root, "title");
  entry.about = prose_under(root, "about");
  entry.fix = prose_under(root, "fix");
  entry.caveat = prose_under(root, "caveat");
  std::set<std::string> absent;
  for (const auto& parameter : read_parameters(root, problems)) {
    const auto fallback = parameter.fallback == nullptr ? "" : flow_style(*parameter.fallback);
    entry.parameters.push_back({parameter.name, parameter.about, parameter.required, fallback});
    if (!parameter.required && fallback.empty()) absent.insert(parameter.name);
  }
  for (const auto* kind : {"forbid", "flow"}) {
    const Node* rules = root.find(kind + std::string("s"));
    if (rules == nullptr) continue;
    for (const auto& rule : rules->items) entry.rules.push_back(rule_of(rule, kind, absent));
  }
  return entry;
}

std::string catalog_page(const CatalogEntry& entry) {
  auto page = fmt::format("# {}\n\n`include: [catalog/{}]`\n\n{}\n\n## Parameters\n\n", entry.title,
                          entry.name, entry.about);
  page += "| parameter | default | what it is |\n|---|---|---|\n";
  for (const auto& parameter : entry.parameters) {
    page +=
        fmt::format("| `{}` | {} | {} |\n", parameter.name,
                    parameter.required ? "required" : in_code(parameter.fallback), parameter.about);
  }
  page += "\n## Rules\n";
  for (const auto& rule : entry.rules) {
    page += fmt::format(
        "\n**{}.{}** {}\n\n- {}, severity {}\n- from `{}` to `{}`, `{}`{}\n", entry.name, rule.id,
        rule.title, rule.kind, rule.severity.empty() ? "of the scenario's defaults" : rule.severity,
        rule.from, rule.to, rule.service, rule.layer.empty() ? "" : ", layer `" + rule.layer + "`");
    if (!rule.techniques.empty()) {
      page += "- ATT&CK (what the reachability would serve): " + joined(rule.techniques) + "\n";
    }
    if (!rule.controls.empty()) {
      page += "- supports evidence for: " + joined(rule.controls) + "\n";
    }
    if (!rule.parameters.empty()) {
      page += "- left out unless given: " + joined(rule.parameters) + "\n";
    }
  }
  page += fmt::format("\n## What to do about a violation\n\n{}\n", entry.fix);
  page += fmt::format("\n## What a pass does not show\n\n{}\n", entry.caveat);
  page += fmt::format(
      "\n## Try it\n\n`scenario.yaml` includes it. In `lab.yaml` it holds; `violation.yaml` is the "
      "same network with what it is meant to find.\n\n```console\n$ reachproof catalog example {} "
      "-o try\n$ reachproof lab up try/violation.yaml --inventory try/inventory.yaml\n$ reachproof "
      "run try/scenario.yaml\n$ reachproof lab down try/violation.yaml\n```\n",
      entry.name);
  return page;
}

}  // namespace reachproof::scenarios
