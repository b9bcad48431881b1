#include "orchestrator/desk/schedule_desk.h"

#include <fmt/core.h>

#include <algorithm>

#include "evidence/json_text.h"
#include "host/wall_clock.h"
#include "orchestrator/desk/body_fields.h"
#include "orchestrator/schedule/time_zone.h"

namespace reachproof::orchestrator {

namespace {

constexpr std::string_view kPause = "pause";
constexpr std::string_view kResume = "resume";

}  // namespace

// ---- records ----

evidence::Record ScheduleDesk::record_of(const Event& event) {
  evidence::JsonText body;
  body.begin_object().field("by", event.by).field("event", event.event).field("kind", "schedule");
  body.field("occurrence", event.occurrence ? core::text(*event.occurrence) : "");
  body.field("run", event.run).field("schedule", event.schedule);
  body.field("time", core::text(event.time)).field("why", event.why).end_object();
  return {"schedule", body.take()};
}

void ScheduleDesk::restore(std::string_view text) {
  const BodyFields body(text);
  take({.schedule = body.text("schedule"),
        .event = body.text("event"),
        .occurrence = core::parse_wall_time(body.text("occurrence")),
        .run = body.text("run"),
        .by = body.text("by"),
        .time = core::parse_wall_time(body.text("time")).value_or(core::WallTime{})});
}

void ScheduleDesk::take(const Event& event) {
  auto& past = past_[event.schedule];
  if (event.event == kPause || event.event == kResume) {
    past.paused = event.event == kPause;
    past.paused_by = past.paused ? event.by : "";
    return;
  }
  past.last_event = event.event;
  if (event.occurrence) {
    past.handled = std::max(past.handled.value_or(*event.occurrence), *event.occurrence);
  }
  if (event.run.empty() || event.event == "preempted") return;
  past.last_run = event.run;
  past.last_started = event.time;
}

void ScheduleDesk::change(Event event, Done<void> done) {
  auto record = record_of(event);
  keep(keeper_, {std::move(record)},
       [this, event = std::move(event), done = std::move(done)](Result<void> kept) {
         if (kept) take(event);
         if (done) done(std::move(kept));
       });
}

// ---- the clock ----

Result<std::map<std::string, ScheduleDesk::Clock>> ScheduleDesk::clocks_of(
    const std::vector<core::Schedule>& schedules, core::WallTime now) {
  std::map<std::string, Clock> clocks;
  for (const auto& schedule : schedules) {
    auto cron = core::CronExpression::parse(schedule.cron);
    auto zone = zone_rules(schedule.timezone, now);
    if (!cron) return fail(ErrorCode::Config, schedule.name + ": " + cron.error());
    if (!zone) return fail(std::move(zone), "schedule " + schedule.name);
    clocks[schedule.name] = {
        .schedule = schedule, .cron = std::move(*cron), .zone = std::move(*zone)};
  }
  return clocks;
}

Result<void> ScheduleDesk::check(const std::vector<core::Schedule>& schedules, core::WallTime now) {
  const auto clocks = clocks_of(schedules, now);
  return clocks ? Result<void>() : tl::unexpected(clocks.error());
}

Result<void> ScheduleDesk::load(const std::vector<core::Schedule>& schedules, core::WallTime now) {
  auto clocks = clocks_of(schedules, now);
  if (!clocks) return tl::unexpected(clocks.error());
  clocks_ = std::move(*clocks);
  return {};
}

void ScheduleDesk::tick(core::WallTime now) {
  for (const auto& [name, clock] : clocks_) look_at(clock, now);
}

bool ScheduleDesk::lacks_vantages(const core::Schedule& schedule, Standing& standing) const {
  if (schedule.vantages_online == 0) return false;
  standing = hooks_.standing(schedule);
  return standing.connected * 100 <
         standing.vantages * static_cast<std::size_t>(schedule.vantages_online);
}

void ScheduleDesk::look_at(const Clock& clock, core::WallTime now) {
  const auto& schedule = clock.schedule;
  auto& past = past_[schedule.name];
  if (!past.handled) past.handled = now;  // one that is new has no past to make up for
  core::ScheduleFacts facts{.cron = clock.cron,
                            .zone = clock.zone,
                            .window = schedule.window,
                            .handled = *past.handled,
                            .running = hooks_.running(schedule.name),
                            .paused = past.paused,
                            .jitter = schedule.jitter,
                            .seed = core::jitter_seed(schedule.name)};
  const auto next = clock.cron.next_after(facts.handled, clock.zone);
  if (!next || *next > now) return;
  Standing standing;
  facts.waiting = !past.paused && lacks_vantages(schedule, standing);
  const auto vantages =
      fmt::format("{} of its {} vantages are connected, {} % must be", standing.connected,
                  standing.vantages, schedule.vantages_online);
  const auto turns = core::turns(facts, now);
  if (turns.empty() && facts.waiting && !past.told_waiting) {
    past.told_waiting = true;
    hooks_.say("schedule " + schedule.name + " waits", vantages);
  }
  for (const auto& turn : turns) {
    past.handled = turn.occurrence;
    past.told_waiting = false;
    Event event{.schedule = schedule.name,
                .event = std::string(core::word(turn.what)),
                .occurrence = turn.occurrence,
                .time = now};
    if (turn.what == core::ScheduleTurn::What::Run || turn.what == core::ScheduleTurn::What::Late) {
      std::optional<core::WallTime> end;
      if (schedule.window.count() > 0) {
        end = turn.occurrence + core::jitter_of(facts, turn.occurrence) + schedule.window;
      }
      auto started = hooks_.start(schedule, end);
      if (started) event.run = *started;
      if (!started) {
        event.event = "refused";
        event.why = started.error().message;
      }
    } else if (turn.what == core::ScheduleTurn::What::Paused) {
      event.why = "paused by " + past.paused_by;
    } else if (turn.what == core::ScheduleTurn::What::Missed && facts.waiting) {
      event.why = vantages;
    }
    if (turn.more > 0) event.why = fmt::format("{} more before this one", turn.more);
    hooks_.say("schedule " + schedule.name,
               fmt::format("{} {}{}{}", core::text(turn.occurrence), event.event,
                           event.run.empty() ? "" : ", run " + event.run,
                           event.why.empty() ? "" : ", " + event.why));
    take(event);
    change(std::move(event), {});
  }
}

void ScheduleDesk::preempted(const std::string& schedule, const std::string& run,
                             const std::string& by) {
  change({.schedule = schedule,
          .event = "preempted",
          .run = run,
          .why = "ended for " + by,
          .time = host::wall_now()},
         {});
}

// ---- people ----

const core::Schedule* ScheduleDesk::schedule(const std::string& name) const {
  const auto it = clocks_.find(name);
  return it == clocks_.end() ? nullptr : &it->second.schedule;
}

api::ScheduleView ScheduleDesk::view(const Clock& clock) const {
  const auto& name = clock.schedule.name;
  api::ScheduleView view{.name = name,
                         .cron = clock.schedule.cron,
                         .time_zone = clock.zone.name,
                         .segments = hooks_.standing(clock.schedule).segments};
  const auto it = past_.find(name);
  static const Past kNone;
  const Past& past = it == past_.end() ? kNone : it->second;
  view.paused = past.paused;
  view.paused_by = past.paused_by;
  view.last_run = past.last_run;
  view.last_started = past.last_started;
  const bool gap = past.last_event != "started" && !past.last_event.empty();
  view.state = hooks_.running(name) ? "running"
               : past.told_waiting  ? "late"
               : gap                ? past.last_event
                                    : "waiting";
  const auto next = clock.cron.next_after(host::wall_now(), clock.zone);
  if (next && !past.paused) {
    view.next = *next + core::jitter_of({.cron = clock.cron,
                                         .zone = clock.zone,
                                         .jitter = clock.schedule.jitter,
                                         .seed = core::jitter_seed(name)},
                                        *next);
  }
  return view;
}

std::vector<api::ScheduleView> ScheduleDesk::list(
    const api::Page& page, const api::Wanted<api::ScheduleView>& wanted) const {
  return page_of_map<api::ScheduleView>(
      clocks_, page, wanted, [&](const auto&, const Clock& clock) { return view(clock); });
}

std::optional<api::ScheduleView> ScheduleDesk::find(const std::string& name) const {
  const auto it = clocks_.find(name);
  if (it == clocks_.end()) return std::nullopt;
  return view(it->second);
}

void ScheduleDesk::pause(const std::string& name, const Actor& actor, const std::string& reason,
                         Done<void> done) {
  change({.schedule = name,
          .event = std::string(kPause),
          .by = actor.name,
          .why = reason,
          .time = host::wall_now()},
         std::move(done));
}

void ScheduleDesk::resume(const std::string& name, const Actor& actor, Done<void> done) {
  change(
      {.schedule = name, .event = std::string(kResume), .by = actor.name, .time = host::wall_now()},
      std::move(done));
}

}  // namespace reachproof::orchestrator
