#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/scenario.h"

/// Ready rules that the program carries along, from scenarios/catalog/: what a scenario includes as
/// `catalog/NAME`.
namespace reachproof::scenarios {

/// The files of scenarios/catalog/NAME/.
struct CatalogText {
  std::string_view name;       ///< "cloud-metadata"
  std::string_view rules;      ///< what is included
  std::string_view scenario;   ///< a scenario that includes it
  std::string_view lab;        ///< a lab in which that scenario holds
  std::string_view violation;  ///< the same lab with what the rules are meant to find
};
/// Sorted by name.
[[nodiscard]] const std::vector<CatalogText>& catalog_texts();
/// By its name, with or without `catalog/` before it.
[[nodiscard]] const CatalogText* catalog_text(std::string_view name);

/// An entry as its page shows it.
struct CatalogEntry {
  std::string name;
  std::string title;
  std::string about;   ///< what it tests, and why
  std::string fix;     ///< what to do about a violation
  std::string caveat;  ///< what a pass does not show
  struct Parameter {
    std::string name;
    std::string about;
    bool required = false;
    std::string fallback;  ///< its default as YAML, empty for none
  };
  std::vector<Parameter> parameters;
  struct Rule {
    std::string id;    ///< without the include's prefix
    std::string kind;  ///< "forbid" or "flow"
    std::string title;
    std::string severity;
    std::string from, to, service, layer;  ///< as written
    std::vector<std::string> techniques;
    std::vector<std::string> controls;
    std::vector<std::string> parameters;  ///< without which it is left out
  };
  std::vector<Rule> rules;
};
/// Every text of the catalog is sound: tests load each.
[[nodiscard]] CatalogEntry catalog_entry(const CatalogText& text);

/// The entry's page, docs/catalog/NAME.md, in Markdown.
[[nodiscard]] std::string catalog_page(const CatalogEntry& entry);

}  // namespace reachproof::scenarios
