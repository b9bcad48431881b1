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

core::FindingFacts facts_of(const std::string& scenario, const core::Check& check,
                            const core::Verdict& verdict) {
  const bool denied = check.expectation == core::Expectation::Deny;
  const auto title = fmt::format("{} to {}, {}", check.source_segment, check.destination_segment,
                                 check.port_and_layer());
  return {.subject = {.fingerprint = fingerprint_of(scenario, check),
                      .kind = denied ? core::FindingKind::Violation : core::FindingKind::Broken,
                      .scenario = scenario,
                      .rule = check.rule,
                      .source_segment = check.source_segment,
                      .destination_segment = check.destination_segment,
                      .port = check.port.text(),
                      .title = title,
                      .severity = check.severity,
                      .reachability = verdict.reachability},
          .outcome = outcome_of(verdict.result)};
}

core::FindingSubject cannot_test(const std::string& scenario) {
  return {.fingerprint = core::hex(sha256(scenario + "\x1f"
                                                     "cannot-test")),
          .kind = core::FindingKind::CannotTest,
          .scenario = scenario,
          .rule = "fleet",
          .title = "half of the vantages of a run or more were lost",
          .severity = core::Severity::High};
}

}  // namespace

std::string fingerprint_of(const std::string& scenario, const core::Check& check) {
  return core::hex(sha256(fmt::format("{}\x1f{}\x1f{}\x1f{}\x1f{}\x1f{}", scenario, check.rule,
                                      check.source_segment, check.destination_segment,
                                      check.port.text(), core::word(check.expectation))));
}

core::FindingRun finding_run(const std::string& scenario, const core::Plan& plan,
                             std::span<const core::CheckVerdict> verdicts) {
  core::FindingRun run;
  std::map<std::string, core::FindingFacts> facts;
  for (std::size_t c = 0; c < plan.checks.size(); ++c) {
    const auto& check = plan.checks[c];
    if (check.expectation == core::Expectation::Permit) continue;
    const auto& verdict = verdicts[c].verdict;
    const auto fresh = facts_of(scenario, check, verdict);
    auto& fact = facts.try_emplace(fresh.subject.fingerprint, fresh).first->second;
    if (fresh.outcome == FindingOutcome::Failed && fact.outcome != FindingOutcome::Failed) {
      fact.subject.reachability = verdict.reachability;
    }
    fact.outcome = worse(fact.outcome, fresh.outcome);
    fact.subject.severity = std::max(fact.subject.severity, fresh.subject.severity);
  }
  for (auto& [fingerprint, fact] : facts) run.facts.push_back(std::move(fact));
  run.facts.push_back({.subject = cannot_test(scenario), .outcome = FindingOutcome::Passed});
  return run;
}

Record record_of_finding(const core::FindingEvent& event) {
  const auto& subject = event.subject;
  const auto cut = [](std::string_view text) { return core::cut_utf8(text, kTextBytesMax); };
  JsonText body;
  body.begin_object().field("destination", cut(subject.destination_segment));
  body.field("event", core::word(event.what)).field("finding", core::word(subject.kind));
  body.field("fingerprint", subject.fingerprint).field("kind", "finding");
  body.field("port", subject.port).field("reachability", core::word(subject.reachability));
  body.field("rule", cut(subject.rule)).field("run", event.run);
  body.field("scenario", cut(subject.scenario)).field("severity", core::word(subject.severity));
  body.field("source", cut(subject.source_segment)).field("time", core::text(event.at));
  body.field("title", cut(subject.title)).field("why", cut(event.why)).end_object();
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
  const auto reachability = core::reachability_of(text_in(body, "reachability"));
  return core::FindingEvent{
      .what = *what,
      .subject = {.fingerprint = text_in(body, "fingerprint"),
                  .kind = *kind,
                  .scenario = text_in(body, "scenario"),
                  .rule = text_in(body, "rule"),
                  .source_segment = text_in(body, "source"),
                  .destination_segment = text_in(body, "destination"),
                  .port = text_in(body, "port"),
                  .title = text_in(body, "title"),
                  .severity = *severity,
                  .reachability = reachability.value_or(core::Reachability::Inconclusive)},
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
