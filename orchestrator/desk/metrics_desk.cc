#include "orchestrator/desk/metrics_desk.h"

#include "core/hex.h"
#include "evidence/merkle.h"
#include "host/wall_clock.h"
#include "orchestrator/desk/engagement_desk.h"
#include "orchestrator/desk/finding_desk.h"
#include "orchestrator/desk/stop_desk.h"
#include "orchestrator/metric_names.h"

namespace reachproof::orchestrator {
namespace {

/// Closed and open again within this time is a flap.
constexpr std::chrono::hours kFlap{24};
constexpr std::size_t kClosedMax = 10'000;
constexpr int kExpiringDays = 14;

double seconds_of(core::WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

std::string word_of(std::string_view word) {
  return std::string(word);
}

}  // namespace

MetricsDesk::MetricsDesk(Metrics& metrics, Sources sources) : metrics_(metrics), from_(sources) {
  metrics_.set(metric::kBuildInfo, {REACHPROOF_VERSION, ""}, 1);
  metrics_.before_scrape([this] { refresh(); });
}

// ---- as it happens ----

void MetricsDesk::count_up(const Metric& metric, const RunTally::Counts& counts) {
  for (const auto& [labels, count] : counts) {
    metrics_.add(metric, labels, static_cast<double>(count));
  }
}

void MetricsDesk::reloaded(bool taken, core::WallTime now) {
  metrics_.set(metric::kConfigLastReloadSuccessful, taken ? 1 : 0);
  if (taken) metrics_.set(metric::kConfigLastReloadSuccess, seconds_of(now));
}

void MetricsDesk::scenario(const core::Scenario& scenario, core::WallTime now) {
  metrics_.clear(metric::kScenarioInfo);
  metrics_.set(metric::kScenarioInfo,
               {scenario.name, core::hex(evidence::sha256(scenario.text)).substr(0, 16), ""}, 1);
  const auto today = std::chrono::floor<std::chrono::days>(now);
  int active = 0;
  int expiring = 0;
  for (const auto& exception : scenario.exceptions) {
    if (!exception.in_force(today)) continue;
    const bool soon = exception.expires - today <= std::chrono::days(kExpiringDays);
    ++(soon ? expiring : active);
  }
  metrics_.set(metric::kExceptions, {"active"}, active);
  metrics_.set(metric::kExceptions, {"expiring"}, expiring);
}

void MetricsDesk::started(const std::string& schedule, core::WallTime now) {
  metrics_.set(metric::kRunLastStart, {schedule}, seconds_of(now));
}

void MetricsDesk::finished(const FleetRuns::Finished& finished, core::WallTime now) {
  const bool kept = finished.failure.message.empty();
  const bool whole = kept && finished.interrupted.empty();
  const std::string result = !kept ? "failed" : whole ? "finished" : "interrupted";
  metrics_.add(metric::kRuns, {finished.schedule, result});
  metrics_.observe(metric::kRunDuration, {finished.schedule},
                   std::chrono::duration<double>(now - finished.started).count());
  if (whole) metrics_.set(metric::kRunLastSuccess, {finished.schedule}, seconds_of(now));
  const auto& tally = finished.tally;
  if (!tally.checks.empty()) metrics_.clear(metric::kChecks);
  std::map<std::string, double> totals;
  for (const auto& [labels, count] : tally.checks) {
    metrics_.set(metric::kChecks, labels, static_cast<double>(count));
    totals[labels.front()] += static_cast<double>(count);
  }
  for (const auto& [labels, count] : tally.proved) {
    metrics_.set(metric::kCoverage, labels, static_cast<double>(count) / totals[labels.front()]);
  }
  count_up(metric::kVerdicts, tally.verdicts);
  count_up(metric::kGaps, tally.gaps);
  count_up(metric::kAttempts, tally.attempts);
  count_up(metric::kSightings, tally.sightings);
  count_up(metric::kLivenessFailures, tally.dead);
  count_up(metric::kWitnessesLost, tally.witnesses);
  for (const auto& [labels, seconds] : tally.seconds) {
    for (const auto value : seconds) metrics_.observe(metric::kAttemptDuration, labels, value);
  }
}

void MetricsDesk::finding(const core::FindingEvent& event, core::WallTime now) {
  using What = core::FindingEvent::What;
  const Labels kind{word_of(core::word(event.subject.kind))};
  const auto& id = event.subject.fingerprint;
  if (event.what == What::Closed) {
    metrics_.add(metric::kFindingsClosed, kind);
    if (closed_.size() >= kClosedMax) closed_.clear();
    closed_[id] = now;
  } else if (event.what == What::Opened || event.what == What::Reopened) {
    metrics_.add(metric::kFindingsOpened, kind);
    const auto it = closed_.find(id);
    if (it != closed_.end() && now - it->second < kFlap) metrics_.add(metric::kFindingFlaps, kind);
  }
}

void MetricsDesk::is_signed(core::WallTime now) {
  metrics_.set(metric::kEvidenceCheckpoint, seconds_of(now));
}

// ---- as it is ----

/// A counter that somebody else keeps.
void MetricsDesk::follow(const Metric& metric, const Labels& labels, double total) {
  std::vector<std::string> key{std::string(metric.name)};
  key.insert(key.end(), labels.begin(), labels.end());
  auto& seen = seen_[key];
  if (total > seen) metrics_.add(metric, labels, total - seen);
  seen = total;
}

void MetricsDesk::refresh() {
  refresh_probes();
  refresh_notifications();
  metrics_.set(metric::kEvidenceLogSize, static_cast<double>(from_.keeper.size()));
  metrics_.set(metric::kStopActive, from_.stop.state().engaged ? 1 : 0);
  metrics_.clear(metric::kFindingsOpen);
  for (const auto& [id, finding] : from_.findings.book().findings()) {
    if (!finding.is_open()) continue;
    const auto& subject = finding.newest.subject;
    metrics_.add(metric::kFindingsOpen,
                 {word_of(core::word(subject.severity)), word_of(core::word(subject.kind))});
  }
  const auto now = host::wall_now();
  metrics_.clear(metric::kEngagementActive);
  for (const auto& [id, engagement] : from_.engagements.book().engagements()) {
    const bool active = from_.engagements.book().state(engagement, now) == EngagementState::Active;
    metrics_.set(metric::kEngagementActive, {id}, active ? 1 : 0);
  }
}

void MetricsDesk::refresh_probes() {
  for (const auto* family : {&metric::kProbes, &metric::kProbeLastSeen, &metric::kProbeInfo,
                             &metric::kProbeCertificateExpiry, &metric::kProbeClockOffset}) {
    metrics_.clear(*family);
  }
  for (const auto& [id, probe] : from_.fleet.registry().probes()) {
    metrics_.add(metric::kProbes, {word_of(word(probe.state))});
    if (probe.state == ProbeState::Banned) continue;
    if (const auto end = from_.fleet.certificate_end(id); end) {
      metrics_.set(metric::kProbeCertificateExpiry, {probe.name}, seconds_of(*end));
    }
    const auto it = from_.fleet.link().live().find(id);
    if (it == from_.fleet.link().live().end()) continue;
    const auto& live = it->second;
    if (live.seen_wall != core::WallTime{}) {
      metrics_.set(metric::kProbeLastSeen, {probe.name}, seconds_of(live.seen_wall));
    }
    metrics_.set(metric::kProbeInfo, {probe.name, live.software}, 1);
    if (live.offset) {
      metrics_.set(metric::kProbeClockOffset, {probe.name},
                   static_cast<double>(live.offset->ms) / 1000);
    }
    for (const auto& [why, count] : live.refusals) {
      follow(metric::kProbeRefusals, {probe.name, why}, static_cast<double>(count));
    }
  }
}

void MetricsDesk::refresh_notifications() {
  for (const auto& receiver : from_.notify.status()) {
    metrics_.set(metric::kNotificationQueue, {receiver.name},
                 static_cast<double>(receiver.waiting));
    follow(metric::kNotifications, {receiver.name}, static_cast<double>(receiver.delivered));
    for (const auto& [reason, count] : receiver.failed) {
      follow(metric::kNotificationsFailed, {receiver.name, reason}, static_cast<double>(count));
    }
  }
}

}  // namespace reachproof::orchestrator
