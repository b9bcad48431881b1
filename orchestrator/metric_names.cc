#include "orchestrator/metric_names.h"

namespace reachproof::orchestrator::metric {
namespace {

using enum Metric::Type;

/// Upper bounds in seconds.
const std::vector<double> kShort{0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60};
const std::vector<double> kRunLong{1, 10, 60, 300, 900, 3600, 14400};

}  // namespace

const Metric kBuildInfo{
    Gauge, "reachproof_build_info", "What this is", {"version", "revision"}, {}};
const Metric kScenarioInfo{Gauge,
                           "reachproof_scenario_info",
                           "The scenario in force",
                           {"scenario", "digest", "commit"},
                           {}};
const Metric kConfigLastReloadSuccessful{
    Gauge,
    "reachproof_config_last_reload_successful",
    "1 where the last reload was taken, 0 where the last good configuration stays",
    {},
    {}};
const Metric kConfigLastReloadSuccess{Gauge,
                                      "reachproof_config_last_reload_success_timestamp_seconds",
                                      "When a configuration was last taken",
                                      {},
                                      {}};
const Metric kRunLastStart{Gauge,
                           "reachproof_run_last_start_timestamp_seconds",
                           "When a run of the schedule last began",
                           {"schedule"},
                           {}};
const Metric kRunLastSuccess{Gauge,
                             "reachproof_run_last_success_timestamp_seconds",
                             "When a run of the schedule last ended whole",
                             {"schedule"},
                             {}};
const Metric kRunDuration{
    Histogram, "reachproof_run_duration_seconds", "How long runs took", {"schedule"}, kRunLong};
const Metric kRuns{Counter, "reachproof_runs_total", "Runs that ended", {"schedule", "result"}, {}};
const Metric kGaps{
    Counter, "reachproof_gaps_total", "What was to be checked and was not", {"reason"}, {}};
const Metric kCoverage{Gauge,
                       "reachproof_coverage_ratio",
                       "Part of the intent that the newest run proved",
                       {"dimension"},
                       {}};
const Metric kChecks{
    Gauge, "reachproof_checks", "Checks of the newest runs", {"expectation", "result"}, {}};
const Metric kVerdicts{
    Counter, "reachproof_verdicts_total", "Verdicts", {"reachability", "proof", "result"}, {}};
const Metric kFindingsOpen{
    Gauge, "reachproof_findings_open", "Findings that are open", {"severity", "kind"}, {}};
const Metric kFindingFlaps{Counter,
                           "reachproof_finding_flaps_total",
                           "Findings that came back soon after they closed",
                           {"kind"},
                           {}};
const Metric kFindingsOpened{
    Counter, "reachproof_findings_opened_total", "Findings opened", {"kind"}, {}};
const Metric kFindingsClosed{
    Counter, "reachproof_findings_closed_total", "Findings closed", {"kind"}, {}};
const Metric kAttempts{Counter,
                       "reachproof_attempts_total",
                       "Attempts on the wire",
                       {"protocol", "outcome", "reason"},
                       {}};
const Metric kAttemptDuration{Histogram,
                              "reachproof_attempt_duration_seconds",
                              "How long attempts took",
                              {"protocol", "outcome"},
                              kShort};
const Metric kSightings{Counter,
                        "reachproof_sightings_total",
                        "Attempts that witnesses were asked about",
                        {"protocol", "seen"},
                        {}};
const Metric kLivenessFailures{Counter,
                               "reachproof_liveness_failures_total",
                               "Destinations that could not be proven alive",
                               {"dst_segment"},
                               {}};
const Metric kWitnessesLost{Counter,
                            "reachproof_witnesses_lost_total",
                            "Witnesses whose word could not be believed",
                            {"reason"},
                            {}};
const Metric kProbes{Gauge, "reachproof_probes", "Enrolled probes", {"state"}, {}};
const Metric kProbeLastSeen{Gauge,
                            "reachproof_probe_last_seen_timestamp_seconds",
                            "When a probe was last heard",
                            {"probe"},
                            {}};
const Metric kProbeInfo{
    Gauge, "reachproof_probe_info", "The software of a probe", {"probe", "version"}, {}};
const Metric kProbeCertificateExpiry{Gauge,
                                     "reachproof_probe_certificate_expiry_timestamp_seconds",
                                     "When a probe's certificate ends",
                                     {"probe"},
                                     {}};
const Metric kProbeClockOffset{Gauge,
                               "reachproof_probe_clock_offset_seconds",
                               "How far a probe's clock is ahead of ours",
                               {"probe"},
                               {}};
const Metric kProbeRefusals{Counter,
                            "reachproof_probe_refusals_total",
                            "What probes refused to do",
                            {"probe", "reason"},
                            {}};
const Metric kStopActive{Gauge, "reachproof_stop_active", "1 while a stop is in force", {}, {}};
const Metric kEngagementActive{
    Gauge, "reachproof_engagement_active", "1 while an engagement is in force", {"engagement"}, {}};
const Metric kExceptions{
    Gauge, "reachproof_exceptions", "Exceptions of the scenario", {"state"}, {}};
const Metric kEvidenceLogSize{Gauge, "reachproof_evidence_log_size", "Records in the log", {}, {}};
const Metric kEvidenceCheckpoint{Gauge,
                                 "reachproof_evidence_checkpoint_timestamp_seconds",
                                 "When the log was last signed",
                                 {},
                                 {}};
const Metric kNotificationQueue{
    Gauge, "reachproof_notification_queue_length", "Notifications that wait", {"integration"}, {}};
const Metric kNotifications{
    Counter, "reachproof_notifications_total", "Notifications delivered", {"integration"}, {}};
const Metric kNotificationsFailed{Counter,
                                  "reachproof_notifications_failed_total",
                                  "Deliveries that failed",
                                  {"integration", "reason"},
                                  {}};
const Metric kApiRequests{Counter,
                          "reachproof_api_requests_total",
                          "Requests to the API",
                          {"route", "method", "code"},
                          {}};
const Metric kApiRequestDuration{Histogram,
                                 "reachproof_api_request_duration_seconds",
                                 "How long the API took",
                                 {"route"},
                                 kShort};
const Metric kAuthFailures{Counter,
                           "reachproof_auth_failures_total",
                           "Callers that were not believed, or not allowed",
                           {"kind"},
                           {}};

std::span<const Metric* const> all() {
  static const std::vector<const Metric*> kAll{&kBuildInfo,
                                               &kScenarioInfo,
                                               &kConfigLastReloadSuccessful,
                                               &kConfigLastReloadSuccess,
                                               &kRunLastStart,
                                               &kRunLastSuccess,
                                               &kRunDuration,
                                               &kRuns,
                                               &kGaps,
                                               &kCoverage,
                                               &kChecks,
                                               &kVerdicts,
                                               &kFindingsOpen,
                                               &kFindingFlaps,
                                               &kFindingsOpened,
                                               &kFindingsClosed,
                                               &kAttempts,
                                               &kAttemptDuration,
                                               &kSightings,
                                               &kLivenessFailures,
                                               &kWitnessesLost,
                                               &kProbes,
                                               &kProbeLastSeen,
                                               &kProbeInfo,
                                               &kProbeCertificateExpiry,
                                               &kProbeClockOffset,
                                               &kProbeRefusals,
                                               &kStopActive,
                                               &kEngagementActive,
                                               &kExceptions,
                                               &kEvidenceLogSize,
                                               &kEvidenceCheckpoint,
                                               &kNotificationQueue,
                                               &kNotifications,
                                               &kNotificationsFailed,
                                               &kApiRequests,
                                               &kApiRequestDuration,
                                               &kAuthFailures};
  return kAll;
}

}  // namespace reachproof::orchestrator::metric
