#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/findings.h"
#include "evidence/log.h"
#include "orchestrator/notify/notification.h"

namespace reachproof::orchestrator {

/// An entry of the delivery log: a record of kind "delivery". docs/evidence-format.md.
struct DeliveryEvent {
  enum class What {
    Added,      ///< the receiver was configured for the first time: older news are not for it
    Delivered,  ///< it took them
    GivenUp,    ///< it never will: refused, too old, or the queue was full
  };
  What what = What::Delivered;
  std::string receiver;
  std::vector<std::string> news;  ///< Notification::id of each, at most kMessageNewsMax
  int attempts = 0;
  std::string why;  ///< of GivenUp: "http-422", "too-old", "queue-full"
  core::WallTime at{};
};

[[nodiscard]] evidence::Record record_of_delivery(const DeliveryEvent& event);
/// Corrupt where the body of such a record cannot be read.
[[nodiscard]] Result<DeliveryEvent> delivery_event(std::string_view body);

/// What each receiver has not been told yet, as the fold of the log's findings and deliveries: with
/// it a restart goes on where the last process stood. Pure.
class DeliveryBook {
 public:
  /// The older ones of more than this are forgotten, for each receiver.
  static constexpr std::size_t kPendingMax = 10'000;

  void take(const core::FindingEvent& event);
  void take(const DeliveryEvent& event);

  [[nodiscard]] bool knows(const std::string& receiver) const {
    return pending_.contains(receiver);
  }
  /// In the order in which they happened; nothing for a receiver that it does not know.
  [[nodiscard]] std::vector<Notification> pending(const std::string& receiver) const;
  [[nodiscard]] const core::FindingBook& findings() const { return findings_; }
  /// Every finding that is open, as the news that it opened.
  [[nodiscard]] std::vector<Notification> open() const;

 private:
  core::FindingBook findings_;
  std::map<std::string, std::deque<Notification>> pending_;
};

/// News of an event that `book` has taken.
[[nodiscard]] Notification news_of(const core::FindingEvent& event, const core::FindingBook& book);

[[nodiscard]] Result<DeliveryBook> load_deliveries(const evidence::LogReader& log);

}  // namespace reachproof::orchestrator
