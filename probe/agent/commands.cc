#include "probe/agent/commands.h"

#include <fmt/core.h>
#include <netdb.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <thread>

#include "host/whole_file.h"
#include "probe/agent/agent.h"
#include "probe/clock.h"
#include "probe/privileges.h"
#include "probe/scope.h"
#include "protocol/certificate.h"

namespace reachproof::probe {
namespace {

volatile std::sig_atomic_t ending = 0;

int exit_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::Usage:
    case ErrorCode::Config:
    case ErrorCode::NotFound:
      return 2;
    case ErrorCode::Refused:
      return 6;
    case ErrorCode::Unavailable:
    case ErrorCode::Busy:
      return 8;
    case ErrorCode::Io:
    case ErrorCode::Protocol:
    case ErrorCode::Corrupt:
    case ErrorCode::Internal:
      return 1;
  }
  return 1;
}

int complain(const Error& error) {
  std::cerr << "reachproof-probe: " << error.message << "\n";
  return exit_of(error);
}

/// One line for each event, with its time where no journal adds one.
void say(std::string_view text) {
  if (std::getenv("JOURNAL_STREAM") == nullptr) std::cerr << core::text(moment_now().wall) << " ";
  std::cerr << text << std::endl;
}

Result<Scope> scope_of(const AgentOptions& options) {
  return Scope::load(options.scope_file.empty() ? kDefaultScope : options.scope_file,
                     !options.scope_file.empty());
}

Result<void> take_policy_key(const AgentOptions& options, Identity& identity) {
  if (options.policy_key_file.empty()) return {};
  auto pem = host::read_file(options.policy_key_file, 8192);
  if (!pem) return tl::unexpected(pem.error());
  return identity.set_policy_key(*pem);
}

int join(const AgentOptions& options, const std::string& token_text, int wait_seconds) {
  const auto token = protocol::decode_join_token(token_text);
  if (!token) return complain(token.error());
  auto identity = Identity::prepare(options.folder, *token);
  if (!identity) return complain(identity.error());
  if (auto taken = take_policy_key(options, *identity); !taken) return complain(taken.error());
  std::cout << "probe key " << identity->id() << "\n";
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(wait_seconds);
  while (true) {
    const auto answer = join_once(*identity, token->secret, options.proxy);
    if (!answer) return complain(answer.error());
    if (!answer->certificate.empty()) {
      std::cout << fmt::format(
          "joined {} as a probe of segment {}\nstart it with: {}\n", identity->url(),
          answer->segment, "systemctl enable --now reachproof-probe   (or: reachproof-probe run)");
      return 0;
    }
    if (std::chrono::steady_clock::now() >= until) {
      std::cout << fmt::format("{}: {}\n`reachproof-probe run` waits for it\n", answer->state,
                               answer->detail);
      return 0;
    }
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

std::string own_program() {
  std::error_code failed;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? "reachproof-probe" : path.string();
}

int run(const AgentOptions& options) {
  auto identity = Identity::load(options.folder);
  if (!identity) return complain(identity.error());
  if (auto taken = take_policy_key(options, *identity); !taken) return complain(taken.error());
  const auto scope = scope_of(options);
  if (!scope) return complain(scope.error());
  Agent::Options settings;
  settings.worker_command = {own_program(), "--stdio"};
  if (!options.scope_file.empty()) {
    settings.worker_command.insert(settings.worker_command.end(), {"--scope", options.scope_file});
  }
  if (options.no_witness) settings.worker_command.emplace_back("--no-witness");
  settings.scope_digest = scope->digest();
  settings.can_capture = !options.no_witness && may_capture();
  settings.proxy = options.proxy;
  settings.stop_file = options.stop_file;
  settings.say = say;
  for (const int number : {SIGTERM, SIGINT}) {
    std::signal(number, [](int) { ending = 1; });
  }
  auto agent = Agent::create(std::move(*identity), std::move(settings));
  if (!agent) return complain(agent.error());
  const auto ran = (*agent)->run([] { return ending != 0; });
  return ran ? 0 : complain(ran.error());
}

int status(const AgentOptions& options) {
  const auto identity = Identity::load(options.folder);
  if (!identity) return complain(identity.error());
  const auto text = host::read_file(options.folder + "/status", 65536);
  if (!text) {
    std::cout << "id: " << identity->id() << "\norchestrator: " << identity->url()
              << "\nlink: not running yet\n";
    return 8;
  }
  std::cout << *text;
  if (const auto facts = protocol::read_certificate(identity->certificate())) {
    std::cout << "certificate: until " << core::text(facts->until) << "\n";
  }
  return 0;
}

int explain(const AgentOptions& options, const std::string& address_text,
            const std::string& port_text) {
  const auto scope = scope_of(options);
  if (!scope) return complain(scope.error());
  const auto address = core::IpAddress::parse(address_text);
  const auto port = core::PortRange::parse(port_text);
  if (!address || !port || port->first != port->last) {
    return complain({ErrorCode::Usage, "explain takes an address and a port such as tcp/443"});
  }
  const auto objection = scope->objection(*address, {port->protocol, port->first});
  std::cout << (objection ? "refused by this host's scope: " + *objection
                          : "within this host's scope")
            << "\n";
  const auto identity = Identity::load(options.folder);
  if (identity && identity->policy_key()) {
    std::cout << fmt::format(
        "besides, only what a plan names that is signed by policy key {} with version {} or "
        "newer\n",
        identity->policy_key()->fingerprint(), identity->policy_version());
  }
  return objection ? 7 : 0;
}

struct NetcheckLine {
  std::string what;
  bool sound = false;
  std::string detail;
};

NetcheckLine resolved(const std::string& url) {
  const auto begin = url.find("://") == std::string::npos ? 0 : url.find("://") + 3;
  auto host = url.substr(begin, url.find_first_of("/", begin) - begin);
  if (host.starts_with('[')) {
    host = host.substr(1, host.find(']') - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.c_str(), nullptr, nullptr, &found);
  if (failed == 0) freeaddrinfo(found);
  return {"resolver", failed == 0,
          fmt::format("{}: {}", host, failed == 0 ? "found" : gai_strerror(failed))};
}

int netcheck(const AgentOptions& options) {
  auto identity = Identity::load(options.folder);
  if (!identity) return complain(identity.error());
  std::vector<NetcheckLine> lines{resolved(identity->url())};
  const auto answer = renew_once(*identity, options.proxy);
  lines.push_back({"orchestrator", answer.has_value(),
                   answer ? fmt::format("{} answers: {}", identity->url(), answer->state)
                          : answer.error().message});
  const auto facts = protocol::read_certificate(identity->certificate());
  lines.push_back(
      {"certificate", facts.has_value(), facts ? "until " + core::text(facts->until) : "none yet"});
  const auto scope = scope_of(options);
  lines.push_back({"scope", scope.has_value(),
                   !scope ? scope.error().message
                   : scope->digest().empty()
                       ? "no scope file: everything but what is always out of it"
                       : "SHA-256 " + scope->digest()});
  lines.push_back(
      {"witness", may_capture(), may_capture() ? "may capture" : "no CAP_NET_RAW: a vantage only"});
  bool sound = true;
  for (const auto& line : lines) {
    std::cout << fmt::format("{:<13}{:<6}{}\n", line.what, line.sound ? "ok" : "FAILS",
                             line.detail);
    sound = sound && (line.sound || line.what == "witness");
  }
  return sound ? 0 : 8;
}

int leave(const AgentOptions& options) {
  const auto identity = Identity::load(options.folder);
  if (!identity) return complain(identity.error());
  std::error_code failed;
  for (const auto* name : {"certificate.pem", "authority.pem", "heartbeat.pem", "orchestrator",
                           "ca-pin", "key.pem", "status"}) {
    std::filesystem::remove(options.folder + "/" + name, failed);
  }
  std::cout << fmt::format(
      "left {}; its id {} is not used again. Ban it there: reachproof probe "
      "ban {}\n",
      identity->url(), identity->id(), identity->id());
  return 0;
}

}  // namespace

void add_agent_commands(CLI::App& app, AgentOptions& options, int& exit) {
  app.fallthrough();  // before the commands, which take it over
  const char* state = std::getenv("STATE_DIRECTORY");
  options.folder = state != nullptr ? state : "/var/lib/reachproof-probe";
  app.add_option("--state", options.folder, "Folder of the probe's key and spool")
      ->capture_default_str();
  app.add_option("--proxy", options.proxy, "HTTP proxy on the way to the orchestrator");
  app.add_option("--stop-file", options.stop_file, "While this file is there, nothing is done")
      ->capture_default_str();
  app.add_option("--policy-key", options.policy_key_file,
                 "Public key (PEM); from then on only plans signed by it are run");
  auto token = std::make_shared<std::string>();
  auto wait = std::make_shared<int>(0);
  auto* joining = app.add_subcommand("join", "Enrol this host with an orchestrator");
  joining->add_option("token", *token, "As printed by `reachproof probe token create`")->required();
  joining->add_option("--wait", *wait, "Seconds to wait for approval");
  joining->callback([&, token, wait] { exit = join(options, *token, *wait); });
  app.add_subcommand("run", "Serve the orchestrator that this host has joined")->callback([&] {
    exit = run(options);
  });
  app.add_subcommand("status", "What the probe is doing")->callback([&] {
    exit = status(options);
  });
  auto address = std::make_shared<std::string>();
  auto port = std::make_shared<std::string>();
  auto* explaining = app.add_subcommand("explain", "Whether this host lets a try happen");
  explaining->add_option("address", *address)->required();
  explaining->add_option("port", *port, "Such as tcp/443")->required();
  explaining->callback([&, address, port] { exit = explain(options, *address, *port); });
  app.add_subcommand("netcheck", "Check the way to the orchestrator")->callback([&] {
    exit = netcheck(options);
  });
  app.add_subcommand("leave", "Forget the orchestrator and this host's key")->callback([&] {
    exit = leave(options);
  });
  app.require_subcommand(0, 1);
}

}  // namespace reachproof::probe
