#include "orchestrator/api/audit.h"

#include <algorithm>

#include "core/utf8.h"
#include "evidence/json_text.h"
#include "orchestrator/api/router.h"

namespace reachproof::orchestrator::api {
namespace {

constexpr std::size_t kPathBytesMax = 300;

evidence::Record entry(const Call& call, int status, std::string_view outcome, core::WallTime now) {
  const auto path = core::cut_utf8(call.request.path, kPathBytesMax);
  const std::string type = call.route == nullptr ? std::string("no such call")
                                                 : call.route->method + " " + call.route->pattern;
  evidence::JsonText body;
  body.begin_object()
      .field("address", std::string_view(call.request.peer.text()))
      .field("caller", std::string_view(call.caller.token))
      .field("caller_name", std::string_view(call.caller.name))
      .field("kind", kAuditKind)
      .field("outcome", outcome)
      .field("path", path)
      .field("request", std::string_view(call.id))
      .field("status", status)
      .field("time", std::string_view(core::text(now)))
      .field("type", std::string_view(type))
      .end_object();
  return {std::string(kAuditKind), body.take()};
}

}  // namespace

void AuditTrail::changed(const Call& call, int status, core::WallTime now,
                         Done<evidence::LeafIndex> done) {
  std::vector<evidence::Record> records;
  records.push_back(entry(call, status, "done", now));
  journal_.append(std::move(records), std::move(done));
}

void AuditTrail::denied(const Call& call, int status, core::WallTime now) {
  const auto passed = std::chrono::duration<double>(now - filled_).count();
  left_ = std::min(kDeniedAtOnce, left_ + std::max(0.0, passed) * kDeniedPerSecond);
  filled_ = now;
  if (left_ < 1) {
    if (gathered_++ == 0) gathered_since_ = now;
    gathered_last_from_ = call.request.peer.text();
    return;
  }
  left_ -= 1;
  write(entry(call, status,
              call.denied || status == 401 || status == 403 || status == 429 ? "denied" : "failed",
              now));
}

void AuditTrail::tick(core::WallTime now) {
  if (gathered_ == 0 || now - gathered_since_ < kGather) return;
  evidence::JsonText body;
  body.begin_object()
      .field("address", std::string_view(gathered_last_from_))
      .field("calls", gathered_)
      .field("kind", kAuditKind)
      .field("outcome", std::string_view("denied"))
      .field("since", std::string_view(core::text(gathered_since_)))
      .field("time", std::string_view(core::text(now)))
      .field("type", std::string_view("flood"))
      .end_object();
  gathered_ = 0;
  write({std::string(kAuditKind), body.take()});
}

void AuditTrail::write(evidence::Record record) {
  std::vector<evidence::Record> records;
  records.push_back(std::move(record));
  journal_.append(std::move(records), [lost = lost_](const Result<evidence::LeafIndex>& kept) {
    if (!kept) ++*lost;
  });
}

}  // namespace reachproof::orchestrator::api
