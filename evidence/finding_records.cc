#include "evidence/finding_records.h"

#include <fmt/core.h>

#include <boost/json.hpp>

#include "core/hex.h"
#include "core/utf8.h"
#include "evidence/json_text.h"
#include "evidence/merkle.h"

namespace reachproof::evidence {
namespace {

using core::CheckResult;
using core::FindingOutcome;

constexpr std::size_t kTextBytesMax = 300;

FindingOutcome outcome_of(CheckResult result) {
  switch (result) {
    case CheckResult::Violation:
    case CheckResult::Broken:
      return FindingOutcome::Failed;
    case CheckResult::Pass:
      return FindingOutcome::Passed;
    case CheckResult::Unproven:
    case CheckResult::InUse:
    case CheckResult::InUseNoted:
    case CheckResult::Idle:
    case CheckResult::Excepted:
      return FindingOutcome::Unknown;
  }
  return FindingOutcome::Unknown;
}

/// One that failed outweighs all, one that is unknown outweighs those that passed.
FindingOutcome worse(FindingOutcome a, FindingOutcome b) {
  if (a == FindingOutcome::Failed || b == FindingOutcome::Failed) return FindingOutcome::Failed;
  if (a == FindingOutcome::Unknown || b == FindingOutcome::Unknown) return FindingOutcome::Unknown;
  return FindingOutcome::Passed;
}

std::string text_in(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

}  // namespace

core::FindingRun finding_run(const std::string& scenario, const core::Plan& plan,
                             std::span<const core::CheckVerdict> verdicts) {
  core::FindingRun run;
  std::map<std::string, core::FindingFacts> facts;
  for (std::size_t c = 0; c < plan.checks.size(); ++c) {
    const auto& check = plan.checks[c];
    if (check.expectation == core::Expectation::Permit) continue;
    const auto name =
        fmt::format("{}\x1f{}\x1f{}\x1f{}\x1f{}\x1f{}", scenario, check.rule, check.source_segment,
                    check.destination_segment, check.port.text(), core::word(check.expectation));
    const auto fingerprint = core::hex(sha256(name));
    const auto outcome = outcome_of(verdicts[c].verdict.result);
    const auto [it, fresh] = facts.try_emplace(fingerprint);
    auto& fact = it->second;
    fact.outcome = fresh ? outcome : worse(fact.outcome, outcome);
    fact.fingerprint = fingerprint;
    fact.kind = check.expectation == core::Expectation::Deny ? core::FindingKind::Violation
                                                             : core::FindingKind::Broken;
    fact.rule = check.rule;
    fact.title = fmt::format("{} to {}, {}", check.source_segment, check.destination_segment,
                             check.port.text());
    fact.severity = std::max(fresh ? core::Severity::Low : fact.severity, check.severity);
  }
  for (auto& [fingerprint, fact] : facts) run.facts.push_back(std::move(fact));
  return run;
}

Record record_of_finding(const core::FindingEvent& event) {
  JsonText body;
  body.begin_object().field("event", core::word(event.what));
  body.field("finding", core::word(event.kind)).field("fingerprint", event.fingerprint);
  body.field("kind", "finding").field("rule", core::cut_utf8(event.rule, kTextBytesMax));
  body.field("run", event.run).field("severity", core::word(event.severity));
  body.field("time", core::text(event.at))
      .field("title", core::cut_utf8(event.title, kTextBytesMax));
  body.field("why", core::cut_utf8(event.why, kTextBytesMax)).end_object();
  return {"finding", body.take()};
}

Result<core::FindingEvent> finding_event(std::string_view text) {
  boost::json::error_code error;
  const auto value = boost::json::parse(text, error);
  if (error || !value.is_object())
    return fail(ErrorCode::Corrupt, "a finding's record is not JSON");
  const auto& body = value.get_object();
  const auto what = core::finding_event_of(text_in(body, "event"));
  const auto kind = core::finding_kind_of(text_in(body, "finding"));
  const auto severity = core::severity_of(text_in(body, "severity"));
  const auto at = core::parse_wall_time(text_in(body, "time"));
  if (!what || !kind || !severity || !at) {
    return fail(ErrorCode::Corrupt, "a finding's record has a word that is not known");
  }
  return core::FindingEvent{.what = *what,
                            .fingerprint = text_in(body, "fingerprint"),
                            .kind = *kind,
                            .rule = text_in(body, "rule"),
                            .title = text_in(body, "title"),
                            .severity = *severity,
                            .run = text_in(body, "run"),
                            .at = *at,
                            .why = text_in(body, "why")};
}

Result<core::FindingBook> load_findings(const LogReader& log) {
  const auto size = log.size();
  if (!size) return tl::unexpected(size.error());
  core::FindingBook book;
  Result<void> sound;
  auto read = log.scan(0, *size, {"finding"}, [&](const StoredRecord& record) {
    auto event = finding_event(record.body);
    if (!event) {
      sound = tl::unexpected(event.error());
      return false;
    }
    book.take(*event);
    return true;
  });
  if (!read) return tl::unexpected(read.error());
  if (!sound) return tl::unexpected(sound.error());
  return book;
}

}  // namespace reachproof::evidence
