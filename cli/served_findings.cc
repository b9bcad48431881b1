#include <boost/json.hpp>
#include <memory>

#include "cli/client.h"

/// A service's findings over its API: the same for everybody, and who looks after them.
namespace reachproof::cli {
namespace {

struct Options {
  ServerOptions server;
  std::string id;
  std::string state;
  std::string note;
  std::string assignee;
};

std::string path_of(const Options& options) {
  return "/api/v1/findings/" + url_word(options.id);
}

void list(Context& context, const Options& options) {
  ApiClient client(context, options.server);
  const auto query = options.state.empty() ? std::string() : "?state=" + options.state;
  const auto items = client.list("/api/v1/findings" + query, 100'000);
  if (!items) return;
  print_items(context, "Findings", *items,
              {{"STATE", "state"},
               {"KIND", "kind"},
               {"SEVERITY", "severity"},
               {"RULE", "rule"},
               {"WHAT", "title"},
               {"SINCE", "opened"},
               {"WHO", "assignee"},
               {"ID", "id"}});
  for (const auto& item : *items) {
    const auto* state = item.is_object() ? item.get_object().if_contains("state") : nullptr;
    if (state != nullptr && state->is_string() && state->get_string() != "closed") {
      context.exit = Exit::Findings;
    }
  }
}

void change(Context& context, const Options& options, const std::string& verb,
            const boost::json::object& body) {
  ApiClient client(context, options.server);
  const auto after = client.post(path_of(options) + ":" + verb, body);
  if (after) print_object(context, "Finding", *after);
}

}  // namespace

void add_served_findings(CLI::App& findings, Context& context) {
  auto options = std::make_shared<Options>();
  auto* listed = findings.add_subcommand("list", "List a service's findings");
  listed->add_option("--state", options->state, "open, acknowledged or closed (default: all)")
      ->check(CLI::IsMember({"open", "acknowledged", "closed"}));
  add_server_options(*listed, options->server);
  listed->callback([&context, options] { list(context, *options); });
  auto* shown = findings.add_subcommand("show", "Show one of a service's findings");
  shown->add_option("id", options->id, "The finding")->required();
  add_server_options(*shown, options->server);
  shown->callback([&context, options] {
    ApiClient client(context, options->server);
    const auto finding = client.get(path_of(*options));
    if (finding) print_object(context, "Finding", *finding);
  });
  auto* acked = findings.add_subcommand("ack", "Say that you look after it");
  acked->add_option("id", options->id, "The finding")->required();
  acked->add_option("--note", options->note, "For the others");
  add_server_options(*acked, options->server);
  acked->callback([&context, options] {
    change(context, *options, "ack", {{"note", options->note}});
  });
  auto* assigned = findings.add_subcommand("assign", "Give it to somebody, or to nobody");
  assigned->add_option("id", options->id, "The finding")->required();
  assigned->add_option("assignee", options->assignee, "Who; left out: nobody");
  add_server_options(*assigned, options->server);
  assigned->callback([&context, options] {
    change(context, *options, "assign", {{"assignee", options->assignee}});
  });
}

}  // namespace reachproof::cli
