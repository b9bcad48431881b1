#include "orchestrator/service.h"

#include <fmt/core.h>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <filesystem>
#include <iostream>

#include "evidence/finding_records.h"
#include "host/service_notify.h"
#include "orchestrator/run_outcome.h"
#include "orchestrator/run_service.h"
#include "orchestrator/service_state.h"
#include "scenarios/load.h"

namespace reachproof::orchestrator {
namespace {

namespace asio = boost::asio;

core::WallTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

/// A fixed sentence and its particulars; the journal adds its own time.
void say(std::string_view sentence, const std::string& detail) {
  if (std::getenv("JOURNAL_STREAM") == nullptr) std::cerr << core::text(wall_now()) << " ";
  std::cerr << sentence << (detail.empty() ? "" : ": ") << detail << std::endl;
}

}  // namespace

Service::Service(asio::io_context& loop, ServiceConfig config)
    : loop_(loop),
      config_(std::move(config)),
      tick_(loop),
      signals_(loop, SIGTERM, SIGINT, SIGHUP) {}

Result<void> Service::start() {
  auto authority = Authority::open(config_.state + "/authority", wall_now());
  if (!authority) return tl::unexpected(authority.error());
  authority_.emplace(std::move(*authority));
  const auto log = evidence_path(config_.state);
  auto key = key_for(log + ".key", log + ".vkey", log);
  if (!key) return fail(std::move(key), "log key");
  auto keeper = EvidenceKeeper::open(
      log, fmt::format("`reachproof serve`, process {} of {}", getpid(), user_at_host()),
      std::move(*key), loop_.get_executor());
  if (!keeper) return tl::unexpected(keeper.error());
  keeper_ = std::move(*keeper);
  if (auto loaded = load_documents(); !loaded) return loaded;
  auto stored = read_state(log);
  if (!stored) return tl::unexpected(stored.error());
  Fleet::Options options{.names = config_.names,
                         .url = config_.url,
                         .trust_domain = config_.trust_domain,
                         .certificate_life = config_.certificate_life};
  options.plane.address = config_.listen;
  options.plane.port = config_.port;
  options.link.silence_max = config_.probe_silence;
  Fleet::Events events{.changed = [](const std::string&) {}, .noted = say};
  auto fleet = Fleet::start(loop_, *keeper_, *authority_, std::move(stored->registry),
                            std::move(options), std::move(events));
  if (!fleet) return tl::unexpected(fleet.error());
  fleet_ = std::move(*fleet);
  if (stored->stop) fleet_->link().engage_stop(*stored->stop);
  handled_ = std::move(stored->handled);
  findings_ = std::move(stored->findings);
  RunEngine::Limits limits;
  limits.arm = limits.start = std::chrono::milliseconds(45'000);
  limits.grace = std::chrono::milliseconds(20'000);
  limits.stop = std::chrono::milliseconds(20'000);
  runs_ = std::make_unique<FleetRuns>(
      loop_, *keeper_, *fleet_, authority_->secret(), config_.probe_path, limits,
      [this](const FleetRuns::Finished& finished) { on_finished(finished); });
  auto resumed = runs_->resume(log);
  if (!resumed) return fail(std::move(resumed), "resume");
  for (const auto& run : *resumed) say("a run is taken up again", run);
  auto control = ControlSocket::open(
      loop_, control_path(config_.state),
      [this](std::string line, ControlSocket::Reply reply) { on_control(line, std::move(reply)); });
  if (!control) return tl::unexpected(control.error());
  control_ = std::move(*control);
  wait_for_signal();
  tick();
  host::service_notify("READY=1");
  say("serving", fmt::format("probes at {}, state in {}", fleet_->url(), config_.state));
  return {};
}

// ---- documents ----

Result<void> Service::load_documents() {
  const auto day = std::chrono::floor<std::chrono::days>(wall_now());
  const auto all = [](const std::vector<scenarios::Problem>& problems) {
    std::string text;
    for (const auto& problem : problems)
      text += (text.empty() ? "" : "\n") + scenarios::text(problem);
    return text;
  };
  auto scenario = scenarios::load_scenario_file(config_.scenario, day);
  if (!scenario) return fail(ErrorCode::Config, all(scenario.error()));
  auto inventory = scenarios::load_inventory_file(config_.inventory, scenario->scenario);
  if (!inventory) return fail(ErrorCode::Config, all(inventory.error()));
  std::map<std::string, ScheduleClock> clocks;
  for (const auto& schedule : scenario->scenario.schedules) {
    auto cron = core::CronExpression::parse(schedule.cron);
    auto zone = zone_rules(schedule.timezone, wall_now());
    if (!cron) return fail(ErrorCode::Config, schedule.name + ": " + cron.error());
    if (!zone) return fail(std::move(zone), "schedule " + schedule.name);
    clocks[schedule.name] = {
        .schedule = schedule, .cron = std::move(*cron), .zone = std::move(*zone)};
  }
  auto grants = load_grants(config_.grants);
  if (!grants) return tl::unexpected(grants.error());
  scenario_ = std::make_shared<const core::Scenario>(std::move(scenario->scenario));
  inventory_ = std::make_shared<const core::Inventory>(std::move(inventory->inventory));
  clocks_ = std::move(clocks);
  grants_ = std::move(*grants);
  return {};
}

void Service::wait_for_signal() {
  signals_.async_wait([this](boost::system::error_code error, int number) {
    if (error) return;
    if (number == SIGHUP) {
      auto loaded = load_documents();
      say(loaded ? "configuration read again" : "configuration kept as it was",
          loaded ? "" : loaded.error().message);
      wait_for_signal();
    } else {
      stop();
    }
  });
}

/// Runs are left as they stand: the next start takes them up.
void Service::stop() {
  say("stopping", "");
  host::service_notify("STOPPING=1");
  control_.reset();
  loop_.stop();
}

// ---- schedules ----

void Service::tick() {
  if (const auto due = host::watchdog_interval(); due) host::service_notify("WATCHDOG=1");
  fleet_->link().set_log_size(keeper_->size());
  const auto now = wall_now();
  for (auto& [name, clock] : clocks_) look_at(clock, now);
  tick_.expires_after(std::chrono::seconds(1));
  tick_.async_wait([this](boost::system::error_code error) {
    if (!error) tick();
  });
}

void Service::look_at(const ScheduleClock& clock, core::WallTime now) {
  const auto& name = clock.schedule.name;
  const auto [handled, fresh] = handled_.try_emplace(name, now);
  if (fresh) {
    handled->second = std::max(handled->second, now);
    return;
  }
  const core::ScheduleFacts facts{.cron = clock.cron,
                                  .zone = clock.zone,
                                  .window = clock.schedule.window,
                                  .handled = handled->second,
                                  .running = runs_->is_running(name)};
  for (const auto& turn : core::turns(facts, now)) {
    handled->second = turn.occurrence;
    std::string run;
    std::string why;
    std::string event(core::word(turn.what));
    if (turn.what == core::ScheduleTurn::What::Run || turn.what == core::ScheduleTurn::What::Late) {
      auto started = start_run(clock.schedule, "", "");
      if (started) run = *started;
      if (!started) {
        event = "refused";
        why = started.error().message;
      }
    }
    if (turn.more > 0) why = fmt::format("{} more were missed before this one", turn.more);
    keeper_->append({schedule_record(name, event, turn.occurrence, run, why)}, {});
    say("schedule " + name,
        fmt::format("{} {}{}{}", core::text(turn.occurrence), event,
                    run.empty() ? "" : ", run " + run, why.empty() ? "" : ", " + why));
  }
}

Result<std::string> Service::start_run(const core::Schedule& schedule, const std::string& who,
                                       const std::string& why) {
  FleetRunOrder order{.scenario = scenario_,
                      .inventory = inventory_,
                      .schedule = schedule.name,
                      .who = who,
                      .why = why,
                      .grants = grants_};
  order.options.severities = schedule.select_severity;
  order.options.rate = schedule.rate;
  return runs_->start(std::move(order));
}

void Service::on_finished(const FleetRuns::Finished& finished) {
  std::string counts;
  for (const auto& [result, count] : finished.results) {
    counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count, result);
  }
  if (!finished.failure.message.empty()) {
    say("a run could not be kept", finished.run + ": " + finished.failure.message);
    return;
  }
  say("run finished", fmt::format("{}: {}{}", finished.run, counts,
                                  finished.interrupted.empty() ? "" : "; " + finished.interrupted));
  take_findings(finished.findings);
  keeper_->sign([](Result<std::string> note) {
    if (!note) say("the log could not be signed", note.error().message);
  });
}

/// A finding changes when its record is on disk; what is not kept is asked again by the next run.
void Service::take_findings(const core::FindingRun& run) {
  auto events = findings_.events_of(run);
  if (events.empty()) return;
  std::vector<evidence::Record> records;
  for (const auto& event : events) records.push_back(evidence::record_of_finding(event));
  keeper_->append(std::move(records), [this, events = std::move(events)](auto kept) {
    if (!kept) return say("findings could not be kept", kept.error().message);
    for (const auto& event : events) {
      findings_.take(event);
      if (!event.is_news()) continue;
      say(fmt::format("finding {}", core::word(event.what)),
          fmt::format("{} {}, rule {}: {}{}", core::word(event.subject.severity),
                      core::word(event.subject.kind), event.subject.rule, event.subject.title,
                      event.why.empty() ? "" : " (" + event.why + ")"));
    }
  });
}

Result<void> serve(const ServiceConfig& config) {
  std::signal(SIGPIPE, SIG_IGN);
  asio::io_context loop;
  Service service(loop, config);
  if (auto started = service.start(); !started) return started;
  loop.run();
  return {};
}

}  // namespace reachproof::orchestrator
