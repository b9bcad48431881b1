#include "orchestrator/api/body.h"
#include "orchestrator/api/objects.h"
#include "orchestrator/api/parts.h"

/// Findings: departures from intent, and who looks after them.
namespace reachproof::orchestrator::api {
namespace {

void list_findings(const CallPtr& call, const Findings& findings) {
  const auto state = call->one_of("state", {"open", "acknowledged", "closed"});
  const auto kind = call->one_of("kind", {"violation", "broken", "cannot-test"});
  const auto segment = call->query.text("segment");
  answer_list<FindingView>(
      call,
      {.name = "findings",
       .list = [&](const Page& page, const auto& wanted) { return findings.list(page, wanted); },
       .wanted =
           [&](const FindingView& finding) {
             return call->caller.reach.sees(segments_of(finding)) &&
                    (state.empty() || finding.state == state) &&
                    (kind.empty() || finding.kind == kind) &&
                    (segment.empty() || finding.source_segment == segment ||
                     finding.destination_segment == segment);
           },
       .id = [](const FindingView& finding) { return finding.id; }});
}

void show_finding(const CallPtr& call, const Findings& findings) {
  const auto finding = findings.find(call->object());
  if (finding && !may_see(call, segments_of(*finding))) return;
  answer_object(call, finding);
}

Done<void> shown_again(const CallPtr& call, const Findings& findings) {
  return then<void>(call, [call, &findings](const Result<void>&) {
    answer_object(call, findings.find(call->object()));
  });
}

void ack(const CallPtr& call, Findings& findings) {
  const auto finding = findings.find(call->object());
  if (!finding) return call->missing();
  if (!may_change(call, segments_of(*finding))) return;
  BodyReader body(call->request.body);
  const auto note = body.text("note", {.bytes_max = 1000});
  if (auto wrong = body.problem()) return call->problem(std::move(*wrong));
  findings.ack(finding->id, call->actor(), note, shown_again(call, findings));
}

void assign(const CallPtr& call, Findings& findings) {
  const auto finding = findings.find(call->object());
  if (!finding) return call->missing();
  if (!may_change(call, segments_of(*finding))) return;
  BodyReader body(call->request.body);
  const auto assignee = body.text("assignee", {});
  if (auto wrong = body.problem()) return call->problem(std::move(*wrong));
  findings.assign(finding->id, call->actor(), assignee, shown_again(call, findings));
}

}  // namespace

void add_finding_routes(Router& router, Parts& parts) {
  auto& findings = parts.backend.findings;
  router.add({"GET",
              "/api/v1/findings",
              Permission::SeeFindings,
              [&findings](const CallPtr& call) { list_findings(call, findings); },
              {"limit", "cursor", "state", "kind", "segment"}});
  router.add({"GET", "/api/v1/findings/{id}", Permission::SeeFindings,
              [&findings](const CallPtr& call) { show_finding(call, findings); }});
  router.add({"POST", "/api/v1/findings/{id}:ack", Permission::AckFinding,
              [&findings](const CallPtr& call) { ack(call, findings); }});
  router.add({"POST", "/api/v1/findings/{id}:assign", Permission::AssignFinding,
              [&findings](const CallPtr& call) { assign(call, findings); }});
}

}  // namespace reachproof::orchestrator::api
