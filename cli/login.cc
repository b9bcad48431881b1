#include <termios.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <iostream>
#include <memory>

#include "cli/client.h"
#include "orchestrator/control.h"
#include "orchestrator/run_outcome.h"
#include "orchestrator/service.h"

/// Tokens of the API on this machine: login, logout, whoami.
namespace reachproof::cli {
namespace {

namespace json = boost::json;

/// One line of standard input, not shown on a terminal: a secret does not belong on a command
/// line, where every process of the machine can read it.
std::string read_secret() {
  const bool terminal = isatty(STDIN_FILENO) == 1;
  termios before{};
  if (terminal) {
    std::cerr << "Setup token (rps_...) or token (rpt_...): " << std::flush;
    tcgetattr(STDIN_FILENO, &before);
    termios quiet = before;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
  }
  std::string line;
  std::getline(std::cin, line);
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    std::cerr << "\n";
  }
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  return line;
}

/// A new setup token, asked of the service over its control socket: whoever may do that is root
/// there, or the service's own user.
std::optional<std::string> setup_token(Context& context, const std::string& state) {
  const auto answer =
      orchestrator::ask_control(orchestrator::control_path(state), R"({"do":"setup"})");
  if (!answer) {
    complain(context, answer.error());
    return std::nullopt;
  }
  json::error_code error;
  const auto value = json::parse(*answer, error);
  const auto* object = error ? nullptr : value.if_object();
  const auto* token = object == nullptr ? nullptr : object->if_contains("token");
  if (token != nullptr && token->is_string()) return std::string(token->get_string());
  const auto* why = object == nullptr ? nullptr : object->if_contains("error");
  complain(context, {ErrorCode::Refused, why != nullptr && why->is_string()
                                             ? std::string(why->get_string())
                                             : "the service gave no setup token"});
  return std::nullopt;
}

void login(Context& context, const ServerOptions& options, const std::string& name,
           const std::string& state) {
  std::optional<std::string> given = state.empty() ? read_secret() : setup_token(context, state);
  if (!given) return;
  auto token = std::move(*given);
  ApiClient client(context, options);
  if (token.starts_with("rps_")) {
    client.use_token("");
    const auto made =
        client.post("/api/v1/setup", {{"setup_token", token}, {"name", json::string(name)}});
    if (!made) return;
    const auto* text = made->if_contains("token");
    if (text == nullptr || !text->is_string()) {
      return complain(context, {ErrorCode::Protocol, "the service gave no token"});
    }
    token = std::string(text->get_string());
  } else if (!token.starts_with("rpt_")) {
    return complain(context, {ErrorCode::Usage, "that is no token: rps_... or rpt_... is"});
  }
  client.use_token(token);
  const auto self = client.get("/api/v1/whoami");
  if (!self) return;
  const auto path = token_path(options);
  if (auto saved = save_token(path, token); !saved) return complain(context, saved.error());
  std::cerr << "The token is kept in " << path << "\n";
  print_object(context, "Token", *self);
}

void logout(Context& context, const ServerOptions& options) {
  std::error_code failed;
  const auto path = token_path(options);
  if (!std::filesystem::remove(path, failed) && failed) {
    return complain(context, {ErrorCode::Io, "cannot remove `" + path + "`: " + failed.message()});
  }
  std::cerr << "No token is kept here any more; `reachproof token revoke` ends one for good\n";
}

}  // namespace

void add_login(CLI::App& app, Context& context) {
  struct Options {
    ServerOptions server;
    std::string name;
    std::string state;
  };
  auto options = std::make_shared<Options>();
  options->name = orchestrator::user_at_host();
  auto* in = app.add_subcommand("login", "Keep a token of a service's API, or be its first user");
  add_server_options(*in, options->server);
  in->add_option("--name", options->name, "Of the token that a setup token is exchanged for")
      ->capture_default_str();
  in->add_option("--setup", options->state,
                 "Be the first administrator: asks the service on this machine, whose state folder "
                 "this is");
  add_examples(*in, {"reachproof login --server https://reachproof.example.com",
                     "reachproof login --name ada --setup /var/lib/reachproof",
                     "reachproof login --name ci < token"});
  in->callback(
      [&context, options] { login(context, options->server, options->name, options->state); });
  auto* out = app.add_subcommand("logout", "Forget the token that is kept here");
  add_server_options(*out, options->server);
  out->callback([&context, options] { logout(context, options->server); });
  auto* who = app.add_subcommand("whoami", "Show the token that is kept here");
  add_server_options(*who, options->server);
  who->callback([&context, options] {
    ApiClient client(context, options->server);
    const auto self = client.get("/api/v1/whoami");
    if (self) print_object(context, "Token", *self);
  });
}

}  // namespace reachproof::cli
