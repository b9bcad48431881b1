#include "orchestrator/desk/run_desk.h"

#include <fmt/core.h>

#include <algorithm>

#include "host/wall_clock.h"

namespace reachproof::orchestrator {
namespace {

constexpr std::size_t kAboutsMax = 64;

core::PlanOptions options_of_schedule(const core::Schedule& schedule) {
  return {.severities = schedule.select_severity, .rate = schedule.rate, .schedule = schedule.name};
}

api::RunProgress progress_of(const FleetRuns::Active& active) {
  return {.run = active.run,
          .schedule = active.schedule,
          .phase = active.phase,
          .done = active.done,
          .total = active.total,
          .segments = active.segments};
}

}  // namespace

void RunDesk::load(Documents documents) {
  documents_ = std::move(documents);
  abouts_.clear();
}

const RunDesk::About& RunDesk::about(const core::PlanOptions& options) const {
  std::string key = options.schedule + "\n";
  for (const auto& word : options.only) key += "+" + word;
  for (const auto& word : options.skip) key += "-" + word;
  for (const auto severity : options.severities) key += fmt::format("\n{}", core::word(severity));
  const auto known = abouts_.find(key);
  if (known != abouts_.end()) return known->second;
  if (abouts_.size() >= kAboutsMax) abouts_.clear();
  auto timed = options;
  timed.now = host::wall_now();
  const auto plan = core::plan(*documents_.scenario, *documents_.inventory, timed);
  return abouts_[key] = {.segments = orchestrator::segments_of(plan),
                         .vantages = plan.vantages,
                         .checks = plan.checks.size()};
}

ScheduleDesk::Standing RunDesk::standing(const core::Schedule& schedule) const {
  const auto& what = about(options_of_schedule(schedule));
  ScheduleDesk::Standing standing{.segments = what.segments, .vantages = what.vantages.size()};
  for (const auto& name : what.vantages) {
    const auto& endpoints = documents_.inventory->endpoints;
    const auto endpoint = std::ranges::find(endpoints, name, &core::Endpoint::name);
    if (endpoint == endpoints.end()) continue;
    if (endpoint->launch.kind == core::Launch::Kind::Enrolled) {
      const auto* probe = fleet_.registry().find(endpoint->launch.enrolled);
      const bool here = probe != nullptr && probe->state == ProbeState::Active &&
                        fleet_.link().is_connected(probe->id);
      standing.connected += here ? 1 : 0;
    } else {
      ++standing.connected;
    }
  }
  return standing;
}

// ---- beginning ----

/// Where no more runs may go on, the one of the lowest priority ends for one of a higher.
Result<void> RunDesk::make_room(core::Priority priority, const std::string& told_as) {
  auto active = runs_.active();
  std::erase_if(active, [](const auto& run) { return run.ending; });
  if (active.size() < at_once_) return {};
  const auto lowest = std::ranges::min_element(active, {}, &FleetRuns::Active::priority);
  if (lowest == active.end() || lowest->priority >= priority) {
    return fail(ErrorCode::Busy, fmt::format("{} runs go on already, as many as `runs-at-once` "
                                             "allows",
                                             active.size()));
  }
  runs_.cancel(lowest->run, fmt::format("preempted: ended for {}", told_as));
  if (!lowest->schedule.empty()) hooks_.preempted(lowest->schedule, lowest->run, told_as);
  hooks_.say("a run was preempted", fmt::format("{} for {}", lowest->run, told_as));
  return {};
}

Result<std::string> RunDesk::begin(FleetRunOrder order, const std::string& engagement,
                                   const std::string& told_as) {
  if (fleet_.link().stop()) {
    return fail(ErrorCode::Refused, "all probes are stopped: `reachproof stop --release` first");
  }
  const auto& what = about(order.options);
  if (what.checks == 0) return fail(ErrorCode::NotFound, "no check fits: the run would be empty");
  auto admitted = engagements_.admit(engagement, what.segments);
  if (!admitted) return tl::unexpected(admitted.error());
  if (auto room = make_room(order.priority, told_as); !room) return tl::unexpected(room.error());
  order.engagement = std::move(*admitted);
  order.scenario = documents_.scenario;
  order.inventory = documents_.inventory;
  order.grants = documents_.grants;
  return runs_.start(std::move(order));
}

Result<std::string> RunDesk::start(const core::Schedule& schedule,
                                   std::optional<core::WallTime> end) {
  FleetRunOrder order{.options = options_of_schedule(schedule),
                      .schedule = schedule.name,
                      .priority = schedule.priority};
  if (end) order.window = std::max(std::chrono::milliseconds(1000), *end - host::wall_now());
  return begin(std::move(order), "", "schedule " + schedule.name);
}

Result<core::PlanOptions> RunDesk::options_of(const api::RunOrder& order) const {
  core::PlanOptions options;
  if (!order.schedule.empty()) {
    const auto* schedule = hooks_.schedule(order.schedule);
    if (schedule == nullptr) {
      return fail(ErrorCode::NotFound, fmt::format("there is no schedule `{}`", order.schedule));
    }
    options = options_of_schedule(*schedule);
  }
  options.only = order.only;
  options.skip = order.skip;
  return options;
}

Result<std::vector<std::string>> RunDesk::segments_of(const api::RunOrder& order) const {
  const auto options = options_of(order);
  if (!options) return tl::unexpected(options.error());
  return about(*options).segments;
}

void RunDesk::start(const api::RunOrder& wanted, const Actor& actor, Done<std::string> done) {
  const auto options = options_of(wanted);
  if (!options) return done(tl::unexpected(options.error()));
  FleetRunOrder order{
      .options = *options, .schedule = wanted.schedule, .who = actor.name, .why = wanted.reason};
  if (const auto* schedule = hooks_.schedule(wanted.schedule); schedule != nullptr) {
    order.priority = schedule->priority;
    order.window = schedule->window;
  }
  // The answer waits for the beginning to be on disk, which comes after the id is known.
  const auto id = std::make_shared<std::string>();
  order.begun = [id, done](const Result<void>& kept) {
    if (!kept) return done(tl::unexpected(kept.error()));
    done(*id);
  };
  auto run = begin(std::move(order), wanted.engagement, actor.name);
  if (!run) return done(tl::unexpected(run.error()));
  *id = *run;
}

// ---- under way ----

std::vector<api::RunProgress> RunDesk::active() const {
  std::vector<api::RunProgress> list;
  for (const auto& active : runs_.active()) list.push_back(progress_of(active));
  return list;
}

void RunDesk::cancel(const std::string& run, const Actor& actor, const std::string& reason,
                     Done<void> done) {
  const auto why =
      fmt::format("cancelled by {}{}{}", actor.name, reason.empty() ? "" : ": ", reason);
  if (!runs_.cancel(run, why)) {
    return done(fail(ErrorCode::Refused, fmt::format("run {} is not under way", run)));
  }
  hooks_.say("a run is cancelled", fmt::format("{}, {}", run, why));
  done({});
}

void RunDesk::tick() {
  std::map<std::string, std::size_t> told;
  for (const auto& active : runs_.active()) {
    // A phase that is new, or a try that is settled, is news.
    const auto mark = std::hash<std::string>()(active.phase) + active.done;
    const auto before = told_.find(active.run);
    if (before == told_.end() || before->second != mark) hooks_.moved(progress_of(active));
    told[active.run] = mark;
    if (active.ending) continue;
    if (const auto why = engagements_.objection(active.engagement); !why.empty()) {
      runs_.cancel(active.run, why);
      hooks_.say("a run is ended", fmt::format("{}: {}", active.run, why));
    }
  }
  told_ = std::move(told);
}

}  // namespace reachproof::orchestrator
