#include "lab/lab.h"

#include <fmt/core.h>

#include <iostream>
#include <memory>

#include "cli/verb.h"
#include "reports/look.h"

namespace reachproof::cli {
namespace {

struct Options {
  std::string file = "lab.yaml";
  std::string inventory;
  std::string node;
};

std::optional<lab::Lab> load(Context& context, const std::string& path) {
  const auto file = lab::load_lab_file(path);
  if (!file) {
    complain(context, file.error());
    return std::nullopt;
  }
  if (!file->problems.empty()) std::cerr << lab::text(file->problems) << "\n";
  if (!file->lab) context.exit = Exit::Usage;
  return file->lab;
}

lab::Programs programs() {
  return {.serve = {own_path(), "lab-serve"}, .reachproof = own_path(), .probe = probe_path()};
}

void up(Context& context, const Options& options) {
  const auto lab = load(context, options.file);
  if (!lab) return;
  lab::UpOptions up_options{.programs = programs(), .inventory = options.inventory};
  const auto report = lab::up(*lab, up_options);
  if (!report) return complain(context, report.error());
  const char* how = "";
  switch (report->how) {
    case lab::UpReport::How::Built:
      how = "is up";
      break;
    case lab::UpReport::How::Rebuilt:
      how = "was rebuilt";
      break;
    case lab::UpReport::How::AlreadyUp:
      how = "was up already";
      break;
  }
  std::cout << fmt::format("lab {} {}: {} hosts; inventory: {}\n", lab->name, how, report->hosts,
                           report->inventory.string());
}

void down(Context& context, const Options& options) {
  const auto name = lab::lab_name_in(options.file);
  if (!name) return complain(context, name.error());
  const auto removed = lab::down(*name);
  if (!removed) return complain(context, removed.error());
  std::cout << fmt::format("lab {} {}\n", *name, *removed ? "is down" : "was not up");
}

void print_node(const lab::NodeStatus& node) {
  std::cout << fmt::format("{} {}{}", node.router ? "router" : "host  ", node.name,
                           node.down      ? " (down on purpose)"
                           : node.present ? ""
                                          : " (MISSING)");
  for (const auto& address : node.addresses) std::cout << "  " << address;
  std::cout << "\n";
  for (const auto& listener : node.listeners) {
    std::cout << fmt::format("    {} {}: {}, served {}\n", listener.ports, listener.kind,
                             listener.alive ? "alive" : "not alive", listener.served);
  }
  if (!node.rules.empty()) std::cout << node.rules << (node.rules.ends_with("\n") ? "" : "\n");
}

void status(Context& context, const Options& options) {
  const auto lab = load(context, options.file);
  if (!lab) return;
  const auto status = lab::status(*lab);
  if (!status) return complain(context, status.error());
  if (!status->up) {
    std::cout << fmt::format("lab {} is not up\n", lab->name);
    context.exit = Exit::Unavailable;
    return;
  }
  std::cout << fmt::format("lab {} is up{}{} (helper {}, state in {})\n", lab->name,
                           status->healthy ? "" : ", but NOT healthy: `lab up` rebuilds it",
                           status->changed ? "; its file has changed since" : "",
                           status->helper_pid, status->state.string());
  for (const auto& node : status->nodes) print_node(node);
  if (!status->healthy) context.exit = Exit::Unavailable;
}

void exec(Context& context, const Options& options) {
  const auto lab = load(context, options.file);
  if (!lab) return;
  complain(context, lab::exec(*lab, options.node, context.behind_dashes));
}

}  // namespace

void add_lab(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("lab", "Real networks on this machine, in network namespaces");
  verb->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto add = [&](const char* name, const char* what) {
    auto* inner = verb->add_subcommand(name, what);
    inner->add_option("file", options->file, "The lab file")->capture_default_str();
    return inner;
  };
  auto* up_verb = add("up", "Build the lab and write its inventory");
  up_verb->add_option("--inventory", options->inventory, "Write the inventory here");
  add_examples(*up_verb, {"reachproof lab up lab.yaml --inventory inventory.yaml"});
  up_verb->callback([&context, options] { up(context, *options); });
  auto* status_verb = add("status", "Show hosts, listeners and rule sets");
  status_verb->callback([&context, options] { status(context, *options); });
  auto* exec_verb = add("exec", "Run a command inside a host or router");
  exec_verb->add_option("host", options->node, "The host or router")->required();
  add_examples(*exec_verb, {"reachproof lab exec lab.yaml web-1 -- ip address"});
  exec_verb->callback([&context, options] {
    if (context.behind_dashes.empty()) {
      return complain(
          context,
          {ErrorCode::Usage, "lab exec needs a command: reachproof lab exec FILE HOST -- COMMAND"});
    }
    exec(context, *options);
  });
  auto* down_verb = add("down", "Remove the lab; nothing of it stays");
  down_verb->callback([&context, options] { down(context, *options); });
}

}  // namespace reachproof::cli
