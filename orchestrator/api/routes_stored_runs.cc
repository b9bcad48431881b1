#include <charconv>

#include "orchestrator/api/objects.h"
#include "orchestrator/api/parts.h"
#include "orchestrator/api/stored.h"

/// What a run found, and what is different in another.
namespace reachproof::orchestrator::api {
namespace {

namespace json = boost::json;

struct CheckQuestion {
  std::string run;
  Page page;
  Reach reach;
  std::string result;
  std::string check;
  bool observations = false;

  [[nodiscard]] bool wants(const evidence::StoredCheck& stored) const {
    if (!sees(reach, stored.check)) return false;
    if (!check.empty() && stored.check.id != check) return false;
    if (observations && stored.observations.empty()) return false;
    return result.empty() ||
           (stored.has_verdict && core::word(stored.verdict.verdict.result) == result);
  }
};

/// Checks have no order but that of their run: a cursor is the place in it.
EvidenceDesk::Answer list_checks(EvidenceShelf& shelf, const CheckQuestion& question) {
  const auto name = question.observations ? "observations" : "verdicts";
  const auto run = visible_run(shelf, question.run, question.reach);
  if (!run) return run.error();
  std::size_t at = 0;
  if (const auto& after = question.page.after; !after.empty()) {
    const auto [end, error] = std::from_chars(after.data(), after.data() + after.size(), at);
    if (error != std::errc{} || end != after.data() + after.size()) at = (*run)->checks.size();
    ++at;
  }
  json::array items;
  std::size_t last = 0;
  for (; at < (*run)->checks.size(); ++at) {
    const auto& stored = (*run)->checks[at];
    if (!question.wants(stored)) continue;
    if (items.size() == question.page.limit) {
      return {list_response(json::serialize(items), name, std::to_string(last)), false};
    }
    items.push_back(question.observations ? observations_view(stored) : verdict_view(stored));
    last = at;
  }
  return {list_response(json::serialize(items), name, {}), false};
}

void list_verdicts(const CallPtr& call, Parts& parts) {
  CheckQuestion question{
      .run = call->object(),
      .page = page_of(call->query, "verdicts"),
      .reach = call->caller.reach,
      .result = call->one_of("result", {"pass", "violation", "broken", "unproven", "in-use",
                                        "in-use-noted", "idle", "excepted"}),
      .check = call->query.text("check")};
  if (call->refuse_query()) return;
  answer_from_evidence(call, parts, [question = std::move(question)](EvidenceShelf& shelf) {
    return list_checks(shelf, question);
  });
}

void list_observations(const CallPtr& call, Parts& parts) {
  CheckQuestion question{.run = call->object(),
                         .page = page_of(call->query, "observations"),
                         .reach = call->caller.reach,
                         .check = call->query.text("check"),
                         .observations = true};
  if (call->refuse_query()) return;
  answer_from_evidence(call, parts, [question = std::move(question)](EvidenceShelf& shelf) {
    return list_checks(shelf, question);
  });
}

std::map<std::string, core::CheckState> states(const evidence::StoredRun& run, const Reach& reach) {
  std::map<std::string, core::CheckState> states;
  for (const auto& stored : run.checks) {
    if (!stored.has_verdict || !sees(reach, stored.check)) continue;
    const auto& verdict = stored.verdict.verdict;
    const auto& check = stored.check;
    states[check.id] = {verdict.result, verdict.reachability, check.flow()};
  }
  return states;
}

void show_difference(const CallPtr& call, Parts& parts) {
  answer_from_evidence(
      call, parts,
      [a = call->path.at("a"), b = call->path.at("b"),
       reach = call->caller.reach](EvidenceShelf& shelf) -> EvidenceDesk::Answer {
        const auto before = visible_run(shelf, a, reach);
        if (!before) return before.error();
        const auto after = visible_run(shelf, b, reach);
        if (!after) return after.error();
        const auto difference = core::diff(states(**before, reach), states(**after, reach));
        const auto object = diff_view((*before)->header.run, (*after)->header.run, difference);
        return {json_response(200, json::serialize(object)), false};
      });
}

}  // namespace

void add_stored_run_routes(Router& router, Parts& parts) {
  router.add({"GET",
              "/api/v1/runs/{id}/verdicts",
              Permission::SeeRuns,
              [&parts](const CallPtr& call) { list_verdicts(call, parts); },
              {"limit", "cursor", "result", "check"}});
  router.add({"GET",
              "/api/v1/runs/{id}/observations",
              Permission::SeeRuns,
              [&parts](const CallPtr& call) { list_observations(call, parts); },
              {"limit", "cursor", "check"}});
  router.add({"GET", "/api/v1/runs/{a}/diff/{b}", Permission::SeeRuns,
              [&parts](const CallPtr& call) { show_difference(call, parts); }});
}

}  // namespace reachproof::orchestrator::api
