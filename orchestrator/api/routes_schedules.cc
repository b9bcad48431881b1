#include "orchestrator/api/body.h"
#include "orchestrator/api/objects.h"
#include "orchestrator/api/parts.h"

/// Schedules, which can be paused and resumed here; what they are stands in the scenario.
namespace reachproof::orchestrator::api {
namespace {

void list_schedules(const CallPtr& call, const Schedules& schedules) {
  answer_list<ScheduleView>(
      call,
      {.name = "schedules",
       .list = [&](const Page& page, const auto& wanted) { return schedules.list(page, wanted); },
       .wanted = [&](const ScheduleView& view) { return call->caller.reach.sees(view.segments); },
       .id = [](const ScheduleView& view) { return view.name; }});
}

void change(const CallPtr& call, Schedules& schedules, bool pause) {
  const auto schedule = schedules.find(call->path.at("name"));
  if (!schedule) return call->missing();
  if (!may_change(call, schedule->segments)) return;
  BodyReader body(call->request.body);
  const auto reason = pause ? body.text("reason", {.bytes_max = 500}) : std::string();
  if (auto wrong = body.problem()) return call->problem(std::move(*wrong));
  auto done = then<void>(call, [call, &schedules](const Result<void>&) {
    answer_object(call, schedules.find(call->path.at("name")));
  });
  if (pause) {
    schedules.pause(schedule->name, call->actor(), reason, std::move(done));
  } else {
    schedules.resume(schedule->name, call->actor(), std::move(done));
  }
}

}  // namespace

void add_schedule_routes(Router& router, Parts& parts) {
  auto& schedules = parts.backend.schedules;
  router.add({"GET",
              "/api/v1/schedules",
              Permission::SeeSchedules,
              [&schedules](const CallPtr& call) { list_schedules(call, schedules); },
              {"limit", "cursor"}});
  router.add({"POST", "/api/v1/schedules/{name}:pause", Permission::PauseSchedule,
              [&schedules](const CallPtr& call) { change(call, schedules, true); }});
  router.add({"POST", "/api/v1/schedules/{name}:resume", Permission::ResumeSchedule,
              [&schedules](const CallPtr& call) { change(call, schedules, false); }});
}

}  // namespace reachproof::orchestrator::api
