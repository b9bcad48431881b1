#include <iostream>
#include <memory>
#include <string>

#include "cli/verb.h"

namespace reachproof::cli {
namespace {

/// "verb" or "verb inner" with the words that may follow it, gathered from the very options that
/// the program parses.
struct Node {
  std::string path;
  std::string words;
};

void gather(const CLI::App& app, const std::string& path, std::vector<Node>& nodes) {
  Node node{.path = path};
  for (const auto* inner : app.get_subcommands({})) node.words += inner->get_name() + " ";
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) node.words += "--" + name + " ";
  }
  if (!node.words.empty()) node.words.pop_back();
  nodes.push_back(node);
  for (const auto* inner : app.get_subcommands({})) {
    gather(*inner, path.empty() ? inner->get_name() : path + " " + inner->get_name(), nodes);
  }
}

std::string bash(const std::vector<Node>& nodes) {
  std::string text =
      "# bash completion for reachproof: source <(reachproof completion bash)\n"
      "_reachproof() {\n"
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\" path=\"\" word\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$word\" in -*) ;; *) path=\"${path:+$path }$word\" ;; esac\n"
      "  done\n"
      "  local words=\"\"\n"
      "  while :; do\n"
      "    case \"$path\" in\n";
  for (const auto& node : nodes) {
    text += "      '" + node.path + "') words='" + node.words + "' ; break ;;\n";
  }
  text +=
      "      *' '*) path=\"${path% *}\" ;;\n"
      "      *) path=\"\" ;;\n"
      "    esac\n"
      "  done\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\") $(compgen -f -- \"$current\"))\n"
      "}\n"
      "complete -o filenames -F _reachproof reachproof\n";
  return text;
}

std::string zsh(const std::vector<Node>& nodes) {
  return "#compdef reachproof\n# zsh completion: source <(reachproof completion zsh)\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         bash(nodes);
}

std::string fish(const std::vector<Node>& nodes) {
  std::string text = "# fish completion: reachproof completion fish | source\n";
  for (const auto& node : nodes) {
    std::string condition = "__fish_use_subcommand";
    if (!node.path.empty()) {
      const auto last = node.path.substr(node.path.rfind(' ') + 1);
      condition = "__fish_seen_subcommand_from " + last;
    }
    text += "complete -c reachproof -n '" + condition + "' -a '" + node.words + "'\n";
  }
  return text;
}

}  // namespace

void add_completion(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("completion", "Print a completion script for a shell");
  auto shell = std::make_shared<std::string>("bash");
  verb->add_option("shell", *shell, "bash, zsh or fish")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->capture_default_str();
  add_examples(*verb, {"source <(reachproof completion bash)"});
  verb->callback([&app, &context, shell] {
    std::vector<Node> nodes;
    gather(app, "", nodes);
    std::cout << (*shell == "fish" ? fish(nodes) : *shell == "zsh" ? zsh(nodes) : bash(nodes));
    context.exit = Exit::Ok;
  });
}

}  // namespace reachproof::cli
