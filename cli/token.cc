#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "cli/client.h"
#include "core/rate.h"

/// Tokens of a service's API.
namespace reachproof::cli {
namespace {

namespace json = boost::json;

struct Options {
  ServerOptions server;
  std::string name;
  std::vector<std::string> roles;
  std::vector<std::string> segments;
  std::string ttl = "90d";
  std::string id;
};

json::array texts(const std::vector<std::string>& values) {
  json::array list;
  for (const auto& value : values) list.push_back(json::string(value));
  return list;
}

void create(Context& context, const Options& options) {
  const auto life = core::parse_duration(options.ttl);
  if (!life) return complain(context, {ErrorCode::Usage, "--ttl: not a duration such as 30d"});
  ApiClient client(context, options.server);
  const auto made =
      client.post("/api/v1/tokens",
                  {{"name", json::string(options.name)},
                   {"roles", texts(options.roles)},
                   {"segments", texts(options.segments)},
                   {"ttl_s", std::chrono::duration_cast<std::chrono::seconds>(*life).count()}});
  if (!made) return;
  if (context.json()) return print_object(context, "Token", *made);
  std::cerr << "This is shown once:\n";
  std::cout << made->at("token").as_string().c_str() << "\n";
}

}  // namespace

void add_token(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("token", "Tokens of a service's API");
  verb->require_subcommand(1);
  auto options = std::make_shared<Options>();
  auto* made = verb->add_subcommand("create", "Make a token; it is shown once");
  made->add_option("--name", options->name, "What it is for")->required();
  made->add_option("--role", options->roles,
                   "viewer, auditor, operator, policy-editor, approver or admin")
      ->required();
  made->add_option("--segment", options->segments, "Only these segments (default: all)");
  made->add_option("--ttl", options->ttl, "How long it is good")->capture_default_str();
  add_server_options(*made, options->server);
  add_examples(*made, {"reachproof token create --name ci --role operator --ttl 30d",
                       "reachproof token create --name lab --role viewer --segment lab"});
  made->callback([&context, options] { create(context, *options); });
  auto* list = verb->add_subcommand("list", "List the tokens, without their secrets");
  add_server_options(*list, options->server);
  list->callback([&context, options] {
    ApiClient client(context, options->server);
    const auto items = client.list("/api/v1/tokens", 10'000);
    if (!items) return;
    print_items(context, "Tokens", *items,
                {{"ID", "id"},
                 {"NAME", "name"},
                 {"ROLES", "roles"},
                 {"SEGMENTS", "segments"},
                 {"STATE", "state"},
                 {"EXPIRES", "expires"},
                 {"LAST USED", "last_used"},
                 {"FROM", "last_used_from"}});
  });
  auto* revoke = verb->add_subcommand("revoke", "Revoke a token, at once");
  revoke->add_option("id", options->id, "Its id, the part between the underscores")->required();
  add_server_options(*revoke, options->server);
  revoke->callback([&context, options] {
    ApiClient client(context, options->server);
    if (client.remove("/api/v1/tokens/" + url_word(options->id))) std::cerr << "revoked\n";
  });
}

}  // namespace reachproof::cli
