#pragma once

#include <chrono>
#include <string>

#include "orchestrator/notify/notification.h"

/// News of findings, told in one word each.
namespace reachproof::orchestrator {

inline const core::WallTime kNewsTime = *core::parse_wall_time("2026-11-30T01:15:00Z");
inline const NotifyIdentity kTeller{.source = "/orchestrators/test",
                                    .url = "https://reachproof.example/findings",
                                    .software = "0.1.0"};

/// News of one finding; 'a' is a finding's whole fingerprint, 64 times.
inline Notification news_of(char finding, core::FindingEvent::What what, const std::string& run,
                            const std::string& rule = "X01") {
  return {.event = {.what = what,
                    .subject = {.fingerprint = std::string(64, finding),
                                .kind = core::FindingKind::Violation,
                                .scenario = "shop",
                                .rule = rule,
                                .source_segment = "office",
                                .destination_segment = "data",
                                .port = "tcp/22",
                                .title = "office to data, tcp/22",
                                .severity = core::Severity::High,
                                .reachability = core::Reachability::Open},
                    .run = run,
                    .at = kNewsTime},
          .opened = kNewsTime};
}

inline Notification opened(char finding, const std::string& run = "r-1",
                           const std::string& rule = "X01") {
  return news_of(finding, core::FindingEvent::What::Opened, run, rule);
}

inline Notification closed(char finding, const std::string& run = "r-2") {
  auto news = news_of(finding, core::FindingEvent::What::Closed, run);
  news.event.subject.reachability = core::Reachability::Blocked;
  news.event.at = kNewsTime + std::chrono::hours(1);
  return news;
}

}  // namespace reachproof::orchestrator
