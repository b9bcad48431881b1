#include "scenarios/catalog.h"

#include <fmt/core.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "cli/verb.h"

namespace reachproof::cli {
namespace {

struct Options {
  std::string name;
  std::string format = "text";
  std::string folder = ".";
};

const scenarios::CatalogText* found(Context& context, const std::string& name) {
  const auto* text = scenarios::catalog_text(name);
  if (text == nullptr) {
    complain(context, {ErrorCode::NotFound, fmt::format("the catalog has no `{}`; `reachproof "
                                                        "catalog list` shows what it has",
                                                        name)});
  }
  return text;
}

boost::json::array texts_json(const std::vector<std::string>& texts) {
  boost::json::array list;
  for (const auto& text : texts) list.emplace_back(text);
  return list;
}

boost::json::object entry_json(const scenarios::CatalogEntry& entry) {
  boost::json::array parameters;
  for (const auto& one : entry.parameters) {
    parameters.push_back({{"name", one.name},
                          {"about", one.about},
                          {"required", one.required},
                          {"default", one.fallback}});
  }
  boost::json::array rules;
  for (const auto& rule : entry.rules) {
    rules.push_back({{"id", entry.name + "." + rule.id},
                     {"kind", rule.kind},
                     {"title", rule.title},
                     {"severity", rule.severity},
                     {"techniques", texts_json(rule.techniques)},
                     {"controls", texts_json(rule.controls)}});
  }
  return {{"name", entry.name},
          {"title", entry.title},
          {"parameters", std::move(parameters)},
          {"rules", std::move(rules)}};
}

void list(Context& context) {
  boost::json::array entries;
  for (const auto& text : scenarios::catalog_texts()) {
    const auto entry = scenarios::catalog_entry(text);
    if (context.json()) {
      entries.push_back(entry_json(entry));
      continue;
    }
    std::string needed;
    for (const auto& parameter : entry.parameters) {
      if (parameter.required) needed += (needed.empty() ? "needs " : ", ") + parameter.name;
    }
    std::cout << fmt::format("{:<26} {:>2} rules  {}{}\n", entry.name, entry.rules.size(),
                             entry.title, needed.empty() ? "" : " (" + needed + ")");
  }
  if (context.json()) {
    std::cout << boost::json::serialize(boost::json::object{
                     {"apiVersion", "reachproof/v1"}, {"kind", "Catalog"}, {"entries", entries}})
              << "\n";
  } else {
    std::cout << "\n`reachproof catalog show NAME` has the page of one.\n";
  }
}

void show(Context& context, const Options& options) {
  const auto* text = found(context, options.name);
  if (text == nullptr) return;
  if (options.format == "yaml") {
    std::cout << text->rules;
  } else if (context.json()) {
    std::cout << boost::json::serialize(entry_json(scenarios::catalog_entry(*text))) << "\n";
  } else {
    std::cout << scenarios::catalog_page(scenarios::catalog_entry(*text));
  }
}

/// Never over a file that is there: somebody may have worked on it.
void example(Context& context, const Options& options) {
  const auto* text = found(context, options.name);
  if (text == nullptr) return;
  std::error_code failed;
  std::filesystem::create_directories(options.folder, failed);
  for (const auto& [name, body] :
       {std::pair{"scenario.yaml", text->scenario}, std::pair{"lab.yaml", text->lab},
        std::pair{"violation.yaml", text->violation}}) {
    const auto path = std::filesystem::path(options.folder) / name;
    if (std::filesystem::exists(path)) {
      return complain(context, {ErrorCode::Usage,
                                fmt::format("`{}` is there already; give another folder with -o",
                                            path.string())});
    }
    std::ofstream file(path, std::ios::binary);
    file << body;
    if (!file.flush()) {
      return complain(context, {ErrorCode::Io, fmt::format("cannot write `{}`", path.string())});
    }
    std::cout << path.string() << "\n";
  }
}

}  // namespace

void add_catalog(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("catalog", "Ready rules that a scenario can include");
  verb->require_subcommand(1);
  auto options = std::make_shared<Options>();
  auto* list_verb = verb->add_subcommand("list", "What the catalog has");
  add_examples(*list_verb, {"reachproof catalog list"});
  list_verb->callback([&context] { list(context); });

  auto* show_verb = verb->add_subcommand("show", "One entry: what it tests, parameters, rules");
  show_verb->add_option("name", options->name, "Such as cloud-metadata")->required();
  show_verb->add_option("--format", options->format, "text (Markdown) or yaml (the rules)")
      ->check(CLI::IsMember({"text", "yaml"}))
      ->capture_default_str();
  add_examples(*show_verb, {"reachproof catalog show databases",
                            "reachproof catalog show databases --format yaml"});
  show_verb->callback([&context, options] { show(context, *options); });

  auto* example_verb = verb->add_subcommand(
      "example", "Write a scenario that includes it, and two labs: one sound, one not");
  example_verb->add_option("name", options->name, "Such as cloud-metadata")->required();
  example_verb->add_option("-o,--folder", options->folder, "Where to")->capture_default_str();
  add_examples(*example_verb, {"reachproof catalog example databases -o try"});
  example_verb->callback([&context, options] { example(context, *options); });
}

}  // namespace reachproof::cli
