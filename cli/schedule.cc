#include <boost/json.hpp>
#include <memory>

#include "cli/client.h"

/// A service's schedules.
namespace reachproof::cli {

void add_schedule(CLI::App& app, Context& context) {
  struct Options {
    ServerOptions server;
    std::string name;
    std::string reason;
  };
  auto* verb = app.add_subcommand("schedule", "A service's schedules");
  verb->require_subcommand(1);
  auto options = std::make_shared<Options>();
  auto* list = verb->add_subcommand("list", "List the schedules, and when each is due");
  add_server_options(*list, options->server);
  list->callback([&context, options] {
    ApiClient client(context, options->server);
    const auto items = client.list("/api/v1/schedules", 10'000);
    if (!items) return;
    print_items(context, "Schedules", *items,
                {{"NAME", "name"},
                 {"CRON", "cron"},
                 {"ZONE", "time_zone"},
                 {"STATE", "state"},
                 {"NEXT", "next"},
                 {"LAST RUN", "last_run"},
                 {"PAUSED", "paused"},
                 {"BY", "paused_by"}});
  });
  const auto change = [&context, options](const std::string& what, bool with_reason) {
    ApiClient client(context, options->server);
    boost::json::object body;
    if (with_reason) body["reason"] = options->reason;
    const auto path = "/api/v1/schedules/" + url_word(options->name) + ":" + what;
    if (const auto after = client.post(path, body)) print_object(context, "Schedule", *after);
  };
  auto* pause = verb->add_subcommand("pause", "Start no more runs of a schedule");
  pause->add_option("name", options->name, "The schedule")->required();
  pause->add_option("--reason", options->reason, "Why, for the record");
  add_server_options(*pause, options->server);
  pause->callback([change] { change("pause", true); });
  auto* resume = verb->add_subcommand("resume", "Start its runs again");
  resume->add_option("name", options->name, "The schedule")->required();
  add_server_options(*resume, options->server);
  resume->callback([change] { change("resume", false); });
}

}  // namespace reachproof::cli
