#pragma once

#include "orchestrator/api/call.h"
#include "orchestrator/api/evidence_desk.h"
#include "orchestrator/api/parts.h"

/// Routes that answer from the evidence: their work is done on the desk's thread, so it owns all
/// that it needs, and touches nothing of the loop's.
namespace reachproof::orchestrator::api {

inline void answer_from_evidence(const CallPtr& call, Parts& parts, EvidenceDesk::Work work) {
  parts.desk.ask(std::move(work), [call](EvidenceDesk::Answer answer) {
    if (!*call->open) return;
    call->denied = answer.denied;
    call->respond(std::move(answer.response));
  });
}

[[nodiscard]] inline EvidenceDesk::Answer error_answer(const Error& error) {
  // Which run was asked for is the caller's to know; what else the message says may not be.
  if (error.code == ErrorCode::NotFound) return {problem_response(missing_object()), false};
  return {problem_response(problem_of(error)), false};
}

[[nodiscard]] inline EvidenceDesk::Answer hidden_answer() {
  return {problem_response(missing_object()), true};
}

/// A run that this caller may see, or the answer that says why not.
[[nodiscard]] tl::expected<std::shared_ptr<const evidence::StoredRun>, EvidenceDesk::Answer>
visible_run(EvidenceShelf& shelf, const std::string& id, const Reach& reach);

[[nodiscard]] inline bool sees(const Reach& reach, const core::Check& check) {
  return reach.sees({check.source_segment, check.destination_segment});
}

}  // namespace reachproof::orchestrator::api
