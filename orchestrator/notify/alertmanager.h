#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/notify/notification.h"

namespace reachproof::orchestrator {

/// The alerts of an Alertmanager (API v2), and what it has to be told again and again. Pure.
///
/// Alertmanager forgets an alert at its `endsAt`, so that those that fire are sent anew every
/// interval, each time with an end three intervals away; one that is over is sent for five more
/// minutes with the end that it had. Labels are what Alertmanager tells alerts apart by: they hold
/// what stays the same, reachability and run are annotations.
class AlertBook {
 public:
  explicit AlertBook(std::chrono::seconds interval) : interval_(interval) {}

  void take(const Notification& news);
  /// Forgets those that were over for five minutes.
  void forget_old(core::WallTime now);

  [[nodiscard]] std::size_t size() const { return alerts_.size(); }
  /// The bodies of POST /api/v2/alerts that tell everything, at most kMessageNewsMax alerts each.
  [[nodiscard]] std::vector<std::string> all(const NotifyIdentity& who, core::WallTime now) const;
  /// The body for the findings of one message.
  [[nodiscard]] std::string of(const Message& message, const NotifyIdentity& who,
                               core::WallTime now) const;

 private:
  struct Alert {
    Notification news;        ///< with which it began: its labels stay
    std::string description;  ///< of the newest
    std::string summary;
    std::optional<core::WallTime> over;
  };
  [[nodiscard]] std::string body(const std::vector<const Alert*>& alerts, const NotifyIdentity& who,
                                 core::WallTime now) const;

  std::chrono::seconds interval_;
  std::map<std::string, Alert> alerts_;  ///< by fingerprint
};

}  // namespace reachproof::orchestrator
