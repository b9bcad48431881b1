#include <fmt/core.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "cli/verb.h"
#include "core/rate.h"
#include "orchestrator/control.h"
#include "orchestrator/run_outcome.h"
#include "orchestrator/service.h"

/// The verbs that serve a fleet, and those that ask a service over its control socket.
namespace reachproof::cli {
namespace {

namespace json = boost::json;

struct Asking {
  std::string state = "/var/lib/reachproof";
};

void add_state_option(CLI::App& verb, Asking& asking) {
  verb.add_option("--state", asking.state, "The service's state folder")
      ->envname("REACHPROOF_STATE")
      ->capture_default_str();
}

/// Asks, and complains where that failed; nothing then.
std::optional<json::object> ask(Context& context, const Asking& asking, json::object question) {
  question["by"] = orchestrator::user_at_host();
  const auto answer = orchestrator::ask_control(orchestrator::control_path(asking.state),
                                                json::serialize(question));
  if (!answer) {
    complain(context, answer.error());
    return std::nullopt;
  }
  json::error_code error;
  auto value = json::parse(*answer, error);
  if (error || !value.is_object()) {
    complain(context, {ErrorCode::Internal, "the service answered something else than JSON"});
    return std::nullopt;
  }
  auto& object = value.get_object();
  if (const auto* message = object.if_contains("error"); message != nullptr) {
    const auto* code = object.if_contains("code");
    const bool sound = message->is_string() && code != nullptr && code->is_int64();
    complain(context, {sound ? static_cast<ErrorCode>(code->get_int64()) : ErrorCode::Internal,
                       sound ? std::string(message->get_string()) : "the service failed"});
    return std::nullopt;
  }
  return std::move(object);
}

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

void print_probes(const json::object& answer) {
  std::cout << fmt::format("{:<18}{:<14}{:<12}{:<13}{:<18}{}\n", "NAME", "SEGMENT", "STATE", "LINK",
                           "ID", "NOTE");
  for (const auto& item : answer.at("probes").as_array()) {
    const auto& probe = item.as_object();
    const bool connected = probe.at("connected").as_bool();
    const auto stopped = text_of(probe, "stopped");
    std::cout << fmt::format("{:<18}{:<14}{:<12}{:<13}{:<18}{}\n", text_of(probe, "name"),
                             text_of(probe, "segment"), text_of(probe, "state"),
                             connected ? "connected" : "-", text_of(probe, "id").substr(0, 16),
                             stopped.empty() ? text_of(probe, "why") : "idle: " + stopped);
  }
}

void list_probes(Context& context, const Asking& asking) {
  const auto answer = ask(context, asking, {{"do", "probes"}});
  if (!answer) return;
  if (context.json()) {
    std::cout << json::serialize(*answer) << "\n";
  } else {
    print_probes(*answer);
  }
}

/// An inventory of the probes that work: where each stands is known, which workload that is only
/// where the scenario's `match` finds the address.
void print_inventory(Context& context, const Asking& asking) {
  const auto answer = ask(context, asking, {{"do", "probes"}});
  if (!answer) return;
  std::cout << "# Addresses are those from which the probes joined: behind a translation, write "
               "the host's own.\n# An endpoint without `workload` must fit the `match` of one in "
               "the scenario.\nversion: 1\nendpoints:\n";
  int listed = 0;
  for (const auto& item : answer->at("probes").as_array()) {
    const auto& probe = item.as_object();
    if (text_of(probe, "state") != "active") continue;
    ++listed;
    std::cout << fmt::format(
        "  - {{ name: \"{0}\", addresses: [\"{1}\"], probe: {{ enrolled: \"{0}\" }} }}  "
        "# segment {2}\n",
        text_of(probe, "name"), text_of(probe, "address"), text_of(probe, "segment"));
  }
  if (listed == 0) std::cout << "  []\n";
}

/// What is wrong with a probe, and what to do: the reasons for which it would not be used.
void doctor(Context& context, const Asking& asking) {
  const auto answer = ask(context, asking, {{"do", "probes"}});
  if (!answer) return;
  int faults = 0;
  const auto say = [&](const json::object& probe, const std::string& what) {
    ++faults;
    std::cout << fmt::format("{}: {}\n", text_of(probe, "name"), what);
  };
  for (const auto& item : answer->at("probes").as_array()) {
    const auto& probe = item.as_object();
    const auto state = text_of(probe, "state");
    if (state == "banned") continue;
    if (state == "pending")
      say(probe, "waits for approval: reachproof probe approve " + text_of(probe, "name"));
    if (state == "quarantined")
      say(probe, text_of(probe, "why") + ": ban it, and have one host join anew");
    if (state == "active" && !probe.at("connected").as_bool()) {
      say(probe, "is not connected: `reachproof-probe netcheck` on its host says why");
    }
    if (!text_of(probe, "stopped").empty()) say(probe, "is idle: " + text_of(probe, "stopped"));
    if (const auto* offset = probe.if_contains("offset_ms");
        offset != nullptr && std::abs(offset->to_number<std::int64_t>()) > 2000) {
      say(probe, fmt::format("its clock is {} ms off", offset->to_number<std::int64_t>()));
    }
    if (const auto* capture = probe.if_contains("can_capture");
        capture != nullptr && !capture->as_bool()) {
      say(probe, "cannot be a witness: it lacks CAP_NET_RAW");
    }
  }
  if (faults == 0) std::cout << "nothing is wrong with any probe\n";
  if (faults > 0) context.exit = Exit::Unavailable;
}

struct TokenOptions {
  std::string segment;
  std::string name;
  std::string ttl = "15m";
  int uses = 1;
  bool automatic = false;
};

void create_token(Context& context, const Asking& asking, const TokenOptions& options) {
  const auto life = core::parse_duration(options.ttl);
  if (!life || *life > std::chrono::hours(24 * 30)) {
    return complain(context, {ErrorCode::Usage, "--ttl: not a duration such as 15m, at most 30d"});
  }
  const auto answer =
      ask(context, asking,
          {{"do", "token-create"},
           {"segment", options.segment},
           {"name", options.name},
           {"ttl_s", std::chrono::duration_cast<std::chrono::seconds>(*life).count()},
           {"uses", options.uses},
           {"automatic", options.automatic}});
  if (!answer) return;
  std::cout << "reachproof-probe join " << text_of(*answer, "token") << "\n";
}

void show_status(Context& context, const Asking& asking) {
  const auto answer = ask(context, asking, {{"do", "status"}});
  if (!answer) return;
  if (context.json()) {
    std::cout << json::serialize(*answer) << "\n";
    return;
  }
  std::cout << fmt::format("probes connected: {}\nrecords: {}\n",
                           answer->at("connected").to_number<std::int64_t>(),
                           answer->at("log_size").to_number<std::int64_t>());
  if (answer->at("stopped").as_bool()) {
    std::cout << fmt::format("STOPPED: {} (reached {} probes)\n", text_of(*answer, "stop"),
                             answer->at("stop_reached").to_number<std::int64_t>());
  }
  for (const auto& item : answer->at("schedules").as_array()) {
    const auto& schedule = item.as_object();
    std::cout << fmt::format("schedule {}: `{}` {}, {}, next {}\n", text_of(schedule, "schedule"),
                             text_of(schedule, "cron"), text_of(schedule, "timezone"),
                             text_of(schedule, "state"), text_of(schedule, "next"));
  }
  for (const auto& item : answer->at("runs").as_array()) {
    const auto& run = item.as_object();
    std::cout << fmt::format("run {}: {} {}/{}\n", text_of(run, "run"), text_of(run, "phase"),
                             run.at("done").to_number<std::int64_t>(),
                             run.at("total").to_number<std::int64_t>());
  }
}

/// Tells how many probes know of the stop, and after how long.
void stop_all(Context& context, const Asking& asking, const std::string& reason) {
  const auto began = std::chrono::steady_clock::now();
  if (!ask(context, asking, {{"do", "stop"}, {"reason", reason}})) return;
  constexpr std::chrono::seconds kPatience{10};
  while (true) {
    const auto status = ask(context, asking, {{"do", "status"}});
    if (!status) return;
    const auto reached = status->at("stop_reached").to_number<std::int64_t>();
    const auto connected = status->at("connected").to_number<std::int64_t>();
    const auto passed = std::chrono::steady_clock::now() - began;
    if (reached >= connected || passed > kPatience) {
      std::cout << fmt::format(
          "stopped {} of {} connected probes in {} ms\n", reached, connected,
          std::chrono::duration_cast<std::chrono::milliseconds>(passed).count());
      if (reached < connected) context.exit = Exit::Unavailable;
      return;
    }
    ::usleep(50'000);
  }
}

}  // namespace

void add_serve(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("serve", "Run as a service: enrolled probes, schedules");
  auto file = std::make_shared<std::string>("/etc/reachproof/orchestrator.yaml");
  verb->add_option("--config", *file, "The service's configuration")->capture_default_str();
  add_examples(*verb, {"reachproof serve --config orchestrator.yaml"});
  verb->callback([&context, file] {
    auto config = orchestrator::load_service_config(*file);
    if (!config) return complain(context, config.error());
    config->probe_path = probe_path();
    if (auto served = orchestrator::serve(*config); !served) complain(context, served.error());
  });
}

void add_status(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("status", "What a service is doing");
  auto asking = std::make_shared<Asking>();
  add_state_option(*verb, *asking);
  verb->callback([&context, asking] { show_status(context, *asking); });
  auto* now = app.add_subcommand("dispatch", "Have a service begin a run now");
  struct Wanted {
    std::string schedule;
    std::string engagement;
    std::string why;
    std::vector<std::string> only;
    std::vector<std::string> skip;
  };
  auto wanted = std::make_shared<Wanted>();
  add_state_option(*now, *asking);
  now->add_option("--schedule", wanted->schedule, "As this schedule would; without it everything");
  now->add_option("--only", wanted->only, "Keep checks whose id contains one of these texts");
  now->add_option("--skip", wanted->skip, "Drop checks whose id contains one of these texts");
  now->add_option("--engagement", wanted->engagement, "Under these rules of engagement");
  now->add_option("--reason", wanted->why, "Kept in the evidence");
  now->callback([&context, asking, wanted] {
    const auto answer = ask(context, *asking,
                            {{"do", "run"},
                             {"schedule", wanted->schedule},
                             {"engagement", wanted->engagement},
                             {"only", json::value_from(wanted->only)},
                             {"skip", json::value_from(wanted->skip)},
                             {"why", wanted->why}});
    if (answer) std::cout << text_of(*answer, "run") << "\n";
  });
  auto* cancel =
      app.add_subcommand("cancel", "Have a service end a run early; what is done counts");
  auto run = std::make_shared<std::string>();
  add_state_option(*cancel, *asking);
  cancel->add_option("run", *run, "The run's id")->required();
  cancel->add_option("--reason", wanted->why, "Kept in the evidence");
  cancel->callback([&context, asking, run, wanted] {
    if (ask(context, *asking, {{"do", "cancel"}, {"run", *run}, {"why", wanted->why}})) {
      std::cout << *run << ": ending\n";
    }
  });
}

void add_probe(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("probe", "Enrolled probes: tokens, approval, state");
  auto asking = std::make_shared<Asking>();
  add_state_option(*verb, *asking);
  verb->require_subcommand(1);
  verb->add_subcommand("list", "All probes, and how they are")->callback([&context, asking] {
    list_probes(context, *asking);
  });
  verb->add_subcommand("inventory", "An inventory of the probes that work, to begin with")
      ->callback([&context, asking] { print_inventory(context, *asking); });
  verb->add_subcommand("doctor", "What is wrong with them, and what to do")
      ->callback([&context, asking] { doctor(context, *asking); });
  auto name = std::make_shared<std::string>();
  auto why = std::make_shared<std::string>();
  for (const auto& [change, help] : {std::pair{"approve", "Let a probe that has joined work"},
                                     std::pair{"drain", "Give a probe no new work"},
                                     std::pair{"ban", "Shut a probe out, at once and for good"}}) {
    auto* changing = verb->add_subcommand(change, help);
    changing->add_option("probe", *name, "Its name, or the beginning of its id")->required();
    changing->add_option("--reason", *why, "Kept in the evidence");
    changing->callback([&context, asking, name, why, change = std::string(change)] {
      if (ask(context, *asking, {{"do", change}, {"probe", *name}, {"why", *why}})) {
        std::cout << fmt::format("{}: {}\n", *name, change == "ban" ? "banned" : change + "d");
      }
    });
  }
  auto* token = verb->add_subcommand("token", "Join tokens");
  token->require_subcommand(1);
  auto* create = token->add_subcommand("create", "Print the line to run on a new probe's host");
  auto options = std::make_shared<TokenOptions>();
  create->add_option("--segment", options->segment, "In which the host stands")->required();
  create->add_option("--name", options->name, "Of the probe; else its host's");
  create->add_option("--ttl", options->ttl)->capture_default_str();
  create->add_option("--uses", options->uses)->check(CLI::Range(1, 100'000));
  create->add_flag("--auto-approve", options->automatic, "Who joins with it needs no approval");
  create->callback([&context, asking, options] { create_token(context, *asking, *options); });
  auto* revoke = token->add_subcommand("revoke", "Make a token useless");
  revoke->add_option("id", *name, "The token's id")->required();
  revoke->callback([&context, asking, name] {
    ask(context, *asking, {{"do", "token-revoke"}, {"id", *name}});
  });
}

void add_stop(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("stop", "Have all probes do nothing, now");
  auto asking = std::make_shared<Asking>();
  auto reason = std::make_shared<std::string>();
  auto all = std::make_shared<bool>(false);
  auto release = std::make_shared<bool>(false);
  add_state_option(*verb, *asking);
  verb->add_flag("--all", *all, "Every probe");
  verb->add_flag("--release", *release, "End a stop");
  verb->add_option("--reason", *reason, "Kept in the evidence")->required();
  verb->callback([&context, asking, reason, all, release] {
    if (*all == *release) {
      return complain(context, {ErrorCode::Usage, "stop takes one of --all and --release"});
    }
    if (*all) return stop_all(context, *asking, *reason);
    if (ask(context, *asking, {{"do", "release"}, {"reason", *reason}})) {
      std::cout << "released\n";
    }
  });
}

}  // namespace reachproof::cli
