#include "orchestrator/service.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iostream>

#include "evidence/json_text.h"
#include "host/service_notify.h"
#include "host/wall_clock.h"
#include "orchestrator/run_outcome.h"
#include "orchestrator/run_service.h"
#include "orchestrator/service_state.h"
#include "scenarios/load.h"

namespace reachproof::orchestrator {
namespace {

namespace asio = boost::asio;
using host::wall_now;

constexpr std::chrono::milliseconds kGoodbye{3000};
constexpr std::chrono::seconds kSignEvery{60};

std::string all_of(const std::vector<scenarios::Problem>& problems) {
  std::string text;
  for (const auto& problem : problems)
    text += (text.empty() ? "" : "\n") + scenarios::text(problem);
  return text;
}

}  // namespace

Service::Service(asio::io_context& loop, ServiceConfig config)
    : loop_(loop),
      config_(std::move(config)),
      tick_(loop),
      signals_(loop, SIGTERM, SIGINT, SIGHUP) {}

/// A fixed sentence and its particulars; the journal adds its own time.
void Service::say(std::string_view sentence, const std::string& detail) const {
  if (config_.log_json) {
    evidence::JsonText line;
    line.begin_object().field("detail", detail).field("message", sentence);
    line.field("time", core::text(wall_now())).end_object();
    std::cerr << line.take() << std::endl;
    return;
  }
  if (std::getenv("JOURNAL_STREAM") == nullptr) std::cerr << core::text(wall_now()) << " ";
  std::cerr << sentence << (detail.empty() ? "" : ": ") << detail << std::endl;
}

Result<void> Service::start() {
  if (auto opened = open_state(); !opened) return opened;
  auto documents = read_documents(config_);
  if (!documents) return tl::unexpected(documents.error());
  make_desks();
  auto registry = restore();
  if (!registry) return tl::unexpected(registry.error());
  if (auto opened = open_fleet(std::move(*registry)); !opened) return opened;
  if (auto used = use(std::move(*documents)); !used) return used;
  counts_->reloaded(true, wall_now());
  if (auto opened = open_api(); !opened) return opened;
  if (auto taken = take_up_runs(); !taken) return taken;
  auto control = ControlSocket::open(
      loop_, control_path(config_.state),
      [this](std::string line, ControlSocket::Reply reply) { on_control(line, std::move(reply)); });
  if (!control) return tl::unexpected(control.error());
  control_ = std::move(*control);
  wait_for_signal();
  tick();
  host::service_notify("READY=1");
  say("serving", fmt::format("probes at {}, people at {}://{}:{}, state in {}", fleet_->url(),
                             config_.api.certificate.empty() ? "http" : "https", config_.api.listen,
                             api_server_->port(), config_.state));
  return {};
}

Result<void> Service::open_state() {
  auto authority = Authority::open(config_.state + "/authority", wall_now());
  if (!authority) return tl::unexpected(authority.error());
  authority_.emplace(std::move(*authority));
  const auto log = evidence_path(config_.state);
  auto key = key_for(log + ".key", log + ".vkey", log);
  if (!key) return fail(std::move(key), "log key");
  keys_ = {key->verifier()};
  auto keeper = EvidenceKeeper::open(
      log, fmt::format("`reachproof serve`, process {} of {}", getpid(), user_at_host()),
      std::move(*key), loop_.get_executor());
  if (!keeper) return tl::unexpected(keeper.error());
  keeper_ = std::move(*keeper);
  return {};
}

Result<void> Service::open_fleet(Registry registry) {
  Fleet::Options options{.names = config_.names,
                         .url = config_.url,
                         .trust_domain = config_.trust_domain,
                         .certificate_life = config_.certificate_life};
  options.plane.address = config_.listen;
  options.plane.port = config_.port;
  options.link.silence_max = config_.probe_silence;
  // A probe that is held back must not look as if it were silent.
  options.link.hold_max = std::min(options.link.hold_max, config_.probe_silence / 3);
  Fleet::Events events;
  events.changed = [this](const std::string& id) {
    const auto* probe = api_ ? fleet_->registry().probe(id) : nullptr;
    if (probe != nullptr) api_->publish(probes_->view(*probe));
  };
  events.noted = [this](std::string_view sentence, const std::string& detail) {
    say(sentence, detail);
  };
  auto fleet = Fleet::start(loop_, *keeper_, *authority_, std::move(registry), std::move(options),
                            std::move(events));
  if (!fleet) return tl::unexpected(fleet.error());
  fleet_ = std::move(*fleet);
  constexpr std::size_t kClosedMax = 100'000;  // the newest: probes tell again what is not old
  const auto first = closed_sessions_.size() - std::min(closed_sessions_.size(), kClosedMax);
  for (std::size_t i = first; i < closed_sessions_.size(); ++i) {
    const auto& [probe, session, last] = closed_sessions_[i];
    fleet_->link().restore_closed(probe, session, last);
  }
  closed_sessions_.clear();
  pace_ = std::make_shared<Pace>(core::Limits{}.rate, core::Limits{}.per_target);
  RunEngine::Limits limits;
  limits.arm = limits.start = std::chrono::milliseconds(45'000);
  limits.grace = std::chrono::milliseconds(20'000);
  limits.stop = std::chrono::milliseconds(20'000);
  limits.pace = pace_;
  runs_ = std::make_unique<FleetRuns>(
      loop_, *keeper_, *fleet_, authority_->secret(), config_.probe_path, limits,
      [this](const FleetRuns::Finished& finished) { on_finished(finished); });
  RunDesk::Hooks hooks;
  hooks.schedule = [this](const std::string& name) { return schedules_->schedule(name); };
  hooks.preempted = [this](const std::string& schedule, const std::string& run,
                           const std::string& by) { schedules_->preempted(schedule, run, by); };
  hooks.moved = [this](const api::RunProgress& progress) { api_->publish(progress); };
  hooks.say = [this](std::string_view sentence, const std::string& detail) {
    say(sentence, detail);
  };
  run_desk_ = std::make_unique<RunDesk>(*runs_, *fleet_, *engagements_, config_.runs_at_once,
                                        std::move(hooks));
  stop_ = std::make_unique<StopDesk>(*keeper_, fleet_->link(),
                                     [this](const std::string& why) { runs_->cancel_all(why); });
  if (!stop_record_.empty()) stop_->restore(stop_record_);
  stop_->take_up();
  probes_ = std::make_unique<ProbeDesk>(*fleet_);
  probe_tokens_ = std::make_unique<ProbeTokenDesk>(*fleet_, [this](const std::string& segment) {
    return run_desk_->documents().scenario->segment(segment) != nullptr;
  });
  counts_ = std::make_unique<MetricsDesk>(
      metrics_,
      MetricsDesk::Sources{*keeper_, *fleet_, *findings_, *notify_, *engagements_, *stop_});
  return {};
}

Result<void> Service::take_up_runs() {
  auto resumed = runs_->resume(evidence_path(config_.state));
  if (!resumed) return fail(std::move(resumed), "resume");
  for (const auto& run : *resumed) say("a run is taken up again", run);
  return {};
}

// ---- documents ----

Result<Service::Documents> Service::read_documents(const ServiceConfig& config) {
  const auto now = wall_now();
  auto scenario = scenarios::load_scenario_file(
      config.scenario, std::chrono::floor<std::chrono::days>(now), scenarios::Lapsed::IsTold);
  if (!scenario) return fail(ErrorCode::Config, all_of(scenario.error()));
  auto inventory = scenarios::load_inventory_file(config.inventory, scenario->scenario);
  if (!inventory) return fail(ErrorCode::Config, all_of(inventory.error()));
  if (auto known = ScheduleDesk::check(scenario->scenario.schedules, now); !known) {
    return tl::unexpected(known.error());
  }
  auto grants = load_grants(config.grants);
  if (!grants) return tl::unexpected(grants.error());
  Documents documents;
  documents.of_runs = {
      .scenario = std::make_shared<const core::Scenario>(std::move(scenario->scenario)),
      .inventory = std::make_shared<const core::Inventory>(std::move(inventory->inventory)),
      .grants = std::move(*grants)};
  documents.engagement_required = !config.engagements.empty();
  if (documents.engagement_required) {
    auto engagements = load_engagements(config.engagements);
    if (!engagements) return tl::unexpected(engagements.error());
    documents.engagements = std::move(*engagements);
  }
  documents.receivers = config.receivers;
  return documents;
}

Result<void> Service::use(Documents documents) {
  // The one thing that can still fail comes first.
  if (auto started = notify_->start(std::move(documents.receivers)); !started) return started;
  const auto& scenario = *documents.of_runs.scenario;
  if (auto loaded = schedules_->load(scenario.schedules, wall_now()); !loaded) return loaded;
  engagements_->load(std::move(documents.engagements), documents.engagement_required);
  pace_->set(scenario.limits.rate, scenario.limits.per_target);
  counts_->scenario(scenario, wall_now());
  run_desk_->load(std::move(documents.of_runs));
  return {};
}

Result<void> Service::reload() {
  const auto take = [this]() -> Result<void> {
    auto config = load_service_config(config_.file);
    if (!config) return tl::unexpected(config.error());
    auto documents = read_documents(*config);
    if (!documents) return tl::unexpected(documents.error());
    if (auto fresh = api_server_->reload_certificate(); !fresh) return fresh;
    return use(std::move(*documents));
  };
  auto taken = take();
  counts_->reloaded(taken.has_value(), wall_now());
  say(taken ? "configuration read again" : "configuration kept as it was",
      taken ? "" : taken.error().message);
  return taken;
}

void Service::wait_for_signal() {
  signals_.async_wait([this](boost::system::error_code error, int number) {
    if (error) return;
    if (number == SIGHUP) {
      host::service_notify("RELOADING=1");
      if (!reload()) host::service_notify("STATUS=the last configuration was refused");
      host::service_notify("READY=1");
    } else {
      stop();
    }
    wait_for_signal();
  });
}

/// Runs are left as they stand: the next start takes them up. Callers get their answers; a second
/// signal does not wait for them.
void Service::stop() {
  if (std::exchange(stopping_, true)) return loop_.stop();
  say("stopping", "");
  host::service_notify("STOPPING=1");
  control_.reset();
  api_->stop();
  api_server_->stop(kGoodbye, [this] { sign([this] { loop_.stop(); }); });
}

void Service::tick() {
  if (const auto due = host::watchdog_interval(); due) host::service_notify("WATCHDOG=1");
  fleet_->link().set_log_size(keeper_->size());
  schedules_->tick(wall_now());
  run_desk_->tick();
  if (keeper_->size() != signed_size_ && std::chrono::steady_clock::now() >= sign_due_) sign({});
  tick_.expires_after(std::chrono::seconds(1));
  tick_.async_wait([this](boost::system::error_code error) {
    if (!error) tick();
  });
}

void Service::on_finished(const FleetRuns::Finished& finished) {
  counts_->finished(finished, wall_now());
  if (!finished.failure.message.empty()) {
    say("a run could not be kept", finished.run + ": " + finished.failure.message);
    return;
  }
  std::string counts;
  for (const auto& [result, count] : finished.results) {
    counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count, result);
  }
  say("run finished", fmt::format("{}: {}{}", finished.run, counts,
                                  finished.interrupted.empty() ? "" : "; " + finished.interrupted));
  api_->publish(api::RunProgress{.run = finished.run,
                                 .schedule = finished.schedule,
                                 .phase = "finished",
                                 .segments = finished.segments});
  findings_->take(finished.findings);
  sign({});
}

/// After each run, once a minute while there is something new, and at the end.
void Service::sign(std::function<void()> then) {
  sign_due_ = std::chrono::steady_clock::now() + kSignEvery;
  keeper_->sign([this, then = std::move(then)](const Result<std::string>& note) {
    if (note) {
      signed_size_ = keeper_->size();
      counts_->is_signed(wall_now());
    } else {
      say("the log could not be signed", note.error().message);
    }
    if (then) then();
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
