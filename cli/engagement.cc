#include <boost/json.hpp>
#include <memory>

#include "cli/client.h"

/// Rules of engagement of a service: who allowed which tests, where and when.
namespace reachproof::cli {

void add_engagement(CLI::App& app, Context& context) {
  struct Options {
    ServerOptions server;
    std::string id;
    std::string reason;
  };
  auto* verb = app.add_subcommand("engagement", "A service's rules of engagement");
  verb->require_subcommand(1);
  auto options = std::make_shared<Options>();
  auto* list = verb->add_subcommand("list", "List them, and what they wait for");
  add_server_options(*list, options->server);
  list->callback([&context, options] {
    ApiClient client(context, options->server);
    const auto items = client.list("/api/v1/engagements", 10'000);
    if (!items) return;
    print_items(context, "Engagements", *items,
                {{"ID", "id"},
                 {"STATE", "state"},
                 {"OWNER", "owner"},
                 {"STARTS", "starts"},
                 {"ENDS", "ends"},
                 {"APPROVED BY", "approved_by"},
                 {"SEGMENTS", "segments"}});
  });
  auto* show = verb->add_subcommand("show", "Show one");
  show->add_option("id", options->id, "The engagement")->required();
  add_server_options(*show, options->server);
  show->callback([&context, options] {
    ApiClient client(context, options->server);
    const auto one = client.get("/api/v1/engagements/" + url_word(options->id));
    if (one) print_object(context, "Engagement", *one);
  });
  const auto change = [&context, options](const std::string& what, bool with_reason) {
    ApiClient client(context, options->server);
    boost::json::object body;
    if (with_reason) body["reason"] = options->reason;
    const auto path = "/api/v1/engagements/" + url_word(options->id) + ":" + what;
    if (const auto after = client.post(path, body)) print_object(context, "Engagement", *after);
  };
  auto* approve = verb->add_subcommand("approve", "Approve one, as one of its approvers");
  approve->add_option("id", options->id, "The engagement")->required();
  add_server_options(*approve, options->server);
  approve->callback([change] { change("approve", false); });
  auto* revoke = verb->add_subcommand("revoke", "End one at once, and the runs under it");
  revoke->add_option("id", options->id, "The engagement")->required();
  revoke->add_option("--reason", options->reason, "Why, for the record");
  add_server_options(*revoke, options->server);
  revoke->callback([change] { change("revoke", true); });
}

}  // namespace reachproof::cli
