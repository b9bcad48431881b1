#include <boost/json.hpp>
#include <memory>

#include "cli/client.h"

/// What was changed in a service, and what was denied.
namespace reachproof::cli {
namespace {

namespace json = boost::json;

/// The entries themselves, with their place in the evidence.
json::array entries(const json::array& items) {
  json::array out;
  for (const auto& item : items) {
    const auto* object = item.if_object();
    const auto* entry = object == nullptr ? nullptr : object->if_contains("entry");
    if (entry == nullptr || !entry->is_object()) continue;
    json::object flat = entry->get_object();
    flat["record"] = object->at("index");
    out.push_back(std::move(flat));
  }
  return out;
}

}  // namespace

void add_audit(CLI::App& app, Context& context) {
  struct Options {
    ServerOptions server;
    std::size_t most = 100;
  };
  auto* verb = app.add_subcommand("audit", "Who changed what in a service, and who was denied");
  verb->require_subcommand(1);
  auto options = std::make_shared<Options>();
  auto* list = verb->add_subcommand("list", "List the entries, the newest first");
  list->add_option("--limit", options->most, "At most so many")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  add_server_options(*list, options->server);
  list->callback([&context, options] {
    ApiClient client(context, options->server);
    const auto items = client.list("/api/v1/audit-log", options->most);
    if (!items) return;
    print_items(context, "AuditLog", entries(*items),
                {{"TIME", "time"},
                 {"OUTCOME", "outcome"},
                 {"STATUS", "status"},
                 {"CALLER", "caller"},
                 {"NAME", "caller_name"},
                 {"ADDRESS", "address"},
                 {"CALL", "type"},
                 {"PATH", "path"},
                 {"RECORD", "record"}});
  });
}

}  // namespace reachproof::cli
