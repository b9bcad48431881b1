#pragma once

#include <span>

#include "orchestrator/metrics.h"

/// Every metric of the service. Dashboards and alert rules rest on these names.
namespace reachproof::orchestrator::metric {

extern const Metric kBuildInfo;     ///< version, revision
extern const Metric kScenarioInfo;  ///< scenario, digest, commit
extern const Metric kConfigLastReloadSuccessful;
extern const Metric kConfigLastReloadSuccess;
extern const Metric kRunLastStart;            ///< schedule
extern const Metric kRunLastSuccess;          ///< schedule
extern const Metric kRunDuration;             ///< schedule
extern const Metric kRuns;                    ///< schedule, result
extern const Metric kGaps;                    ///< reason
extern const Metric kCoverage;                ///< dimension
extern const Metric kChecks;                  ///< expectation, result
extern const Metric kVerdicts;                ///< reachability, proof, result
extern const Metric kFindingsOpen;            ///< severity, kind
extern const Metric kFindingFlaps;            ///< kind
extern const Metric kFindingsOpened;          ///< kind
extern const Metric kFindingsClosed;          ///< kind
extern const Metric kAttempts;                ///< protocol, outcome, reason
extern const Metric kAttemptDuration;         ///< protocol, outcome
extern const Metric kSightings;               ///< protocol, seen
extern const Metric kLivenessFailures;        ///< dst_segment
extern const Metric kWitnessesLost;           ///< reason
extern const Metric kProbes;                  ///< state
extern const Metric kProbeLastSeen;           ///< probe
extern const Metric kProbeInfo;               ///< probe, version
extern const Metric kProbeCertificateExpiry;  ///< probe
extern const Metric kProbeClockOffset;        ///< probe
extern const Metric kProbeRefusals;           ///< probe, reason
extern const Metric kStopActive;
extern const Metric kEngagementActive;  ///< engagement
extern const Metric kExceptions;        ///< state
extern const Metric kEvidenceLogSize;
extern const Metric kEvidenceCheckpoint;
extern const Metric kNotificationQueue;    ///< integration
extern const Metric kNotifications;        ///< integration
extern const Metric kNotificationsFailed;  ///< integration, reason
extern const Metric kApiRequests;          ///< route, method, code
extern const Metric kApiRequestDuration;   ///< route
extern const Metric kAuthFailures;         ///< kind

[[nodiscard]] std::span<const Metric* const> all();

}  // namespace reachproof::orchestrator::metric
