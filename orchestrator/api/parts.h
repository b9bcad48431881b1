#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/address.h"
#include "evidence/note.h"
#include "orchestrator/api/access.h"
#include "orchestrator/api/audit.h"
#include "orchestrator/api/auth_limiter.h"
#include "orchestrator/api/backend.h"
#include "orchestrator/api/event_hub.h"
#include "orchestrator/api/evidence_desk.h"
#include "orchestrator/api/router.h"
#include "orchestrator/metrics.h"

namespace reachproof::orchestrator::api {

struct ApiOptions {
  std::string evidence_path;
  std::vector<evidence::VerifierKey> keys;  ///< that sign the log; /evidence/keys shows them
  /// Proxies whose X-Forwarded-For is believed; nobody else's is.
  std::vector<core::IpAddress> proxies;
  bool open_health = false;   ///< health without a token from anywhere, not from this machine only
  bool open_metrics = false;  ///< likewise
  AuthLimiter::Limits authentication;
  /// Why the service cannot serve now; empty where it can.
  std::function<std::vector<std::string>()> unready = [] { return std::vector<std::string>(); };
  /// Reads the configuration again; done when the new one is in force.
  std::function<void(Done<void>)> reload = [](const Done<void>& done) { done({}); };
  /// The system's, unless a test says otherwise.
  std::function<core::WallTime()> now;
};

/// What the routes share. All of it outlives them.
struct Parts {
  const ApiOptions& options;
  Backend& backend;
  AccessBook& access;
  AuthLimiter& limiter;
  EvidenceDesk& desk;
  EventHub& hub;
  Metrics& metrics;
};

/// Random bytes of the operating system's.
[[nodiscard]] Secret random_secret();

/// Each adds the routes of one resource; the last part of the file's name says which.
void add_service_routes(Router& router, Parts& parts);      // routes_service.cc
void add_token_routes(Router& router, Parts& parts);        // routes_tokens.cc
void add_run_routes(Router& router, Parts& parts);          // routes_runs.cc
void add_stored_run_routes(Router& router, Parts& parts);   // routes_stored_runs.cc
void add_finding_routes(Router& router, Parts& parts);      // routes_findings.cc
void add_probe_routes(Router& router, Parts& parts);        // routes_probes.cc
void add_schedule_routes(Router& router, Parts& parts);     // routes_schedules.cc
void add_engagement_routes(Router& router, Parts& parts);   // routes_engagements.cc
void add_stop_routes(Router& router, Parts& parts);         // routes_stop.cc
void add_evidence_routes(Router& router, Parts& parts);     // routes_evidence.cc
void add_integration_routes(Router& router, Parts& parts);  // routes_integrations.cc

}  // namespace reachproof::orchestrator::api
