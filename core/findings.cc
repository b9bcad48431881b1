#include "core/findings.h"

#include <algorithm>
#include <set>

#include "core/words.h"

namespace reachproof::core {
namespace {

using What = FindingEvent::What;

constexpr Words<FindingKind, 3> kKinds{{{FindingKind::Violation, "violation"},
                                        {FindingKind::Broken, "broken"},
                                        {FindingKind::CannotTest, "cannot-test"}}};
constexpr Words<What, 8> kEvents{{{What::Suspected, "suspected"},
                                  {What::Watched, "watched"},
                                  {What::Cleared, "cleared"},
                                  {What::Opened, "opened"},
                                  {What::Reopened, "reopened"},
                                  {What::Recovering, "recovering"},
                                  {What::Closed, "closed"},
                                  {What::Relapsed, "relapsed"}}};

What opening(const Finding& finding) {
  return finding.times_opened > 0 ? What::Reopened : What::Opened;
}

/// For what opens and closes at once.
std::optional<What> plain_event(const Finding& finding, FindingOutcome outcome) {
  if (outcome == FindingOutcome::Failed && !finding.is_open()) return opening(finding);
  if (outcome == FindingOutcome::Passed && finding.is_open()) return What::Closed;
  return std::nullopt;
}

/// A denied flow that is reachable opens at once. One that keeps coming and going closes only when
/// it was blocked in several runs in a row, so that it is told of once.
std::optional<What> violation_event(const Finding& finding, FindingOutcome outcome) {
  if (!finding.is_flapping() || !finding.is_open()) return plain_event(finding, outcome);
  const bool recovering = finding.phase == FindingPhase::Recovering;
  if (outcome == FindingOutcome::Failed) {
    return recovering ? std::optional(What::Relapsed) : std::nullopt;
  }
  if (outcome != FindingOutcome::Passed) return std::nullopt;
  if (!recovering) return What::Recovering;
  return finding.counted + 1 >= Finding::kRunsToCalm ? What::Closed : What::Watched;
}

std::optional<What> broken_event(const Finding& finding, FindingOutcome outcome) {
  constexpr int kRunsWatched = 3;
  const bool failed = outcome == FindingOutcome::Failed;
  if (!failed && outcome != FindingOutcome::Passed) return std::nullopt;
  switch (finding.phase) {
    case FindingPhase::Clear:
      return failed ? std::optional(What::Suspected) : std::nullopt;
    case FindingPhase::Suspected:
      if (failed) return opening(finding);
      return finding.counted + 1 >= kRunsWatched ? What::Cleared : What::Watched;
    case FindingPhase::Open:
      return failed ? std::nullopt : std::optional(What::Recovering);
    case FindingPhase::Recovering:
      return failed ? What::Relapsed : What::Closed;
  }
  return std::nullopt;
}

std::optional<What> event_of(const Finding& finding, const FindingFacts& facts, bool outage) {
  switch (facts.subject.kind) {
    case FindingKind::Violation:
      return violation_event(finding, facts.outcome);
    case FindingKind::Broken:
      if (outage && facts.outcome == FindingOutcome::Failed) return std::nullopt;
      return broken_event(finding, facts.outcome);
    case FindingKind::CannotTest:
      return plain_event(finding, outage ? FindingOutcome::Failed : FindingOutcome::Passed);
  }
  return std::nullopt;
}

}  // namespace

std::vector<FindingEvent> FindingBook::events_of(const FindingRun& run) const {
  std::vector<FindingEvent> events;
  std::set<std::string> present;
  static const Finding kUnknown;
  for (const auto& facts : run.facts) {
    present.insert(facts.subject.fingerprint);
    const auto it = findings_.find(facts.subject.fingerprint);
    const auto what = event_of(it == findings_.end() ? kUnknown : it->second, facts, run.outage);
    if (!what) continue;
    events.push_back({.what = *what, .subject = facts.subject, .run = run.run, .at = run.at});
  }
  if (!run.whole) return events;
  for (const auto& [fingerprint, finding] : findings_) {
    if (!finding.is_open() || present.contains(fingerprint)) continue;
    auto event = finding.newest;
    event.what = What::Closed;
    event.run = run.run;
    event.at = run.at;
    event.why = "nothing of the plan is like it any more";
    events.push_back(std::move(event));
  }
  return events;
}

void FindingBook::take(const FindingEvent& event) {
  auto& finding = findings_[event.subject.fingerprint];
  finding.newest = event;
  switch (event.what) {
    case What::Suspected:
      finding.phase = FindingPhase::Suspected;
      finding.counted = 1;
      break;
    case What::Watched:
      ++finding.counted;
      break;
    case What::Cleared:
      finding.phase = FindingPhase::Clear;
      break;
    case What::Opened:
    case What::Reopened:
      finding.phase = FindingPhase::Open;
      finding.opened = event.at;
      ++finding.times_opened;
      break;
    case What::Recovering:
      finding.phase = FindingPhase::Recovering;
      finding.counted = 1;
      break;
    case What::Relapsed:
      finding.phase = FindingPhase::Open;
      break;
    case What::Closed:
      finding.phase = FindingPhase::Clear;
      finding.closed = event.at;
      break;
  }
}

std::string_view word(FindingKind kind) {
  return word_in(kKinds, kind);
}
std::string_view word(What what) {
  return word_in(kEvents, what);
}
std::optional<FindingKind> finding_kind_of(std::string_view w) {
  return value_in(kKinds, w);
}
std::optional<What> finding_event_of(std::string_view w) {
  return value_in(kEvents, w);
}

}  // namespace reachproof::core
