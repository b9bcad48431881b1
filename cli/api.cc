#include <iostream>
#include <memory>

#include "cli/client.h"
#include "host/whole_file.h"

/// Any call of a service's API, for what has no verb of its own.
namespace reachproof::cli {
namespace {

constexpr std::size_t kBodyBytesMax = 1U << 20U;

struct Options {
  ServerOptions server;
  std::string method = "GET";
  std::string path;
  std::string body;
  std::string body_file;
};

void call(Context& context, Options options) {
  if (!options.body_file.empty()) {
    auto body = host::read_file(options.body_file, kBodyBytesMax);
    if (!body) return complain(context, body.error());
    options.body = std::move(*body);
  }
  ApiClient client(context, options.server);
  const auto response = client.raw(options.method, options.path, options.body);
  if (!response) return;
  std::cout << response->body;
  if (!response->body.empty() && response->body.back() != '\n') std::cout << "\n";
  if (response->status >= 400) {
    std::cerr << "reachproof: the service answered " << response->status << "\n";
    context.exit = exit_of_status(response->status);
  }
}

}  // namespace

void add_api(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("api", "Call a service's API");
  auto options = std::make_shared<Options>();
  verb->add_option("method", options->method, "GET, POST or DELETE")
      ->required()
      ->check(CLI::IsMember({"GET", "POST", "DELETE"}));
  verb->add_option("path", options->path, "/api/v1/... with its query")
      ->required()
      ->check([](const std::string& path) {
        return path.starts_with("/") ? std::string() : "a path begins with a slash";
      });
  verb->add_option("--body", options->body, "JSON to send");
  verb->add_option("--body-file", options->body_file, "File with the JSON to send");
  add_server_options(*verb, options->server);
  add_examples(*verb, {"reachproof api GET /api/v1/openapi.json",
                       "reachproof api POST /api/v1/runs --body '{\"schedule\":\"nightly\"}'"});
  verb->callback([&context, options] { call(context, *options); });
}

}  // namespace reachproof::cli
