#include <algorithm>
#include <set>

#include "orchestrator/api/body.h"
#include "orchestrator/api/objects.h"
#include "orchestrator/api/parts.h"
#include "orchestrator/api/stored.h"

/// Runs as a whole: what there are, starting and cancelling them.
namespace reachproof::orchestrator::api {
namespace {

namespace json = boost::json;

std::set<std::string> running(const Runs& runs) {
  std::set<std::string> ids;
  for (const auto& run : runs.active()) ids.insert(run.run);
  return ids;
}

struct RunQuestion {
  Page page;
  Reach reach;
  std::set<std::string> running;
  std::string state;
  std::string scenario;
};

std::string state_of(const evidence::RunSummary& run, const RunQuestion& question) {
  if (question.running.contains(run.header.run)) return "running";
  return run.end ? "finished" : "broken-off";
}

/// The newest first.
EvidenceDesk::Answer list_runs(EvidenceShelf& shelf, const RunQuestion& question) {
  const auto runs = shelf.runs();
  if (!runs) return error_answer(runs.error());
  json::array items;
  std::string last;
  bool begun = question.page.after.empty();
  for (auto run = runs->rbegin(); run != runs->rend(); ++run) {
    const auto& id = run->header.run;
    if (!begun) {
      begun = id == question.page.after;
      continue;
    }
    if (!question.state.empty() && state_of(*run, question) != question.state) continue;
    if (!question.scenario.empty() && run->header.scenario != question.scenario) continue;
    if (!question.reach.everything()) {
      const auto segments = shelf.segments_of(id);
      if (!segments) return error_answer(segments.error());
      if (!question.reach.sees(*segments)) continue;
    }
    if (items.size() == question.page.limit) {
      return {list_response(json::serialize(items), "runs", last), false};
    }
    items.push_back(run_view(run->header, run->end, question.running.contains(id)));
    last = id;
  }
  return {list_response(json::serialize(items), "runs", {}), false};
}

void list(const CallPtr& call, Parts& parts) {
  RunQuestion question{.page = page_of(call->query, "runs"),
                       .reach = call->caller.reach,
                       .running = running(parts.backend.runs),
                       .state = call->one_of("state", {"running", "finished", "broken-off"}),
                       .scenario = call->query.text("scenario")};
  if (call->refuse_query()) return;
  answer_from_evidence(call, parts, [question = std::move(question)](EvidenceShelf& shelf) {
    return list_runs(shelf, question);
  });
}

/// A scoped caller is told the results of what they see, not of everything.
EvidenceDesk::Answer run_answer(EvidenceShelf& shelf, const std::string& id, const Reach& reach,
                                const std::vector<RunProgress>& active) {
  const auto run = visible_run(shelf, id, reach);
  if (!run) return run.error();
  auto end = (*run)->end;
  if (end && !reach.everything()) {
    *end = {.finished = end->finished, .interrupted = end->interrupted};
    for (const auto& stored : (*run)->checks) {
      if (!sees(reach, stored.check) || !stored.has_verdict) continue;
      const auto& verdict = stored.verdict.verdict;
      ++end->results[std::string(core::word(verdict.result))];
      end->proved += verdict.proof == core::Proof::Proved ? 1 : 0;
      end->corroborated += verdict.proof == core::Proof::Corroborated ? 1 : 0;
    }
  }
  const auto progress =
      std::ranges::find(active, (*run)->header.run, [](const auto& each) { return each.run; });
  auto object = run_view((*run)->header, end, progress != active.end());
  object["progress"] = nullptr;
  if (progress != active.end()) object["progress"] = view(*progress);
  return {json_response(200, json::serialize(object)), false};
}

void show(const CallPtr& call, Parts& parts) {
  answer_from_evidence(
      call, parts,
      [id = call->object(), reach = call->caller.reach, active = parts.backend.runs.active()](
          EvidenceShelf& shelf) { return run_answer(shelf, id, reach, active); });
}

void start(const CallPtr& call, Runs& runs) {
  BodyReader body(call->request.body);
  RunOrder order;
  order.schedule = body.text("schedule", {});
  order.only = body.texts("only", {});
  order.skip = body.texts("skip", {});
  order.engagement = body.text("engagement", {});
  order.reason = body.text("reason", {.bytes_max = 500});
  if (auto wrong = body.problem()) return call->problem(std::move(*wrong));
  const auto segments = runs.segments_of(order);
  if (!segments) return call->error(segments.error());
  if (!call->caller.reach.owns(*segments)) return call->not_yours();
  runs.start(order, call->actor(), then<std::string>(call, [call](const Result<std::string>& run) {
               const json::object object{{"id", *run}};
               auto response = json_response(202, json::serialize(object));
               response.headers.emplace_back("Location", "/api/v1/runs/" + *run);
               call->respond(std::move(response));
             }));
}

void cancel(const CallPtr& call, Runs& runs) {
  const auto active = runs.active();
  const auto run =
      std::ranges::find(active, call->object(), [](const auto& each) { return each.run; });
  // What is over cannot be cancelled; whether there was such a run is told by GET.
  if (run == active.end()) return call->missing();
  if (!may_change(call, run->segments)) return;
  BodyReader body(call->request.body);
  const auto reason = body.text("reason", {.bytes_max = 500});
  if (auto wrong = body.problem()) return call->problem(std::move(*wrong));
  runs.cancel(run->run, call->actor(), reason, then<void>(call, [call](const Result<void>&) {
                const json::object object{{"id", call->object()}};
                call->json(202, json::serialize(object));
              }));
}

}  // namespace

void add_run_routes(Router& router, Parts& parts) {
  auto& runs = parts.backend.runs;
  router.add({"GET",
              "/api/v1/runs",
              Permission::SeeRuns,
              [&parts](const CallPtr& call) { list(call, parts); },
              {"limit", "cursor", "state", "scenario"}});
  router.add({"POST", "/api/v1/runs", Permission::StartRun,
              [&runs](const CallPtr& call) { start(call, runs); }});
  router.add({"GET", "/api/v1/runs/{id}", Permission::SeeRuns,
              [&parts](const CallPtr& call) { show(call, parts); }});
  router.add({"POST", "/api/v1/runs/{id}:cancel", Permission::CancelRun,
              [&runs](const CallPtr& call) { cancel(call, runs); }});
}

}  // namespace reachproof::orchestrator::api
