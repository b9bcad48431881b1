#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/desk/desk.h"
#include "orchestrator/notify/notifier.h"

namespace reachproof::orchestrator {

/// Who is told of findings, and how that went.
class NotifyDesk : public api::Integrations {
 public:
  NotifyDesk(EvidenceKeeper& keeper, boost::asio::any_io_executor executor, NotifyIdentity who)
      : keeper_(keeper), executor_(std::move(executor)), who_(std::move(who)) {}

  /// Before start(): one "delivery" or "finding" record of the log, in its order.
  void restore_delivery(const DeliveryEvent& event, evidence::LeafIndex index);
  void restore_finding(const core::FindingEvent& event);
  /// Makes the receivers, in place of those before, and tells each what it still waits for. Where
  /// one cannot be made nothing changes.
  [[nodiscard]] Result<void> start(std::vector<ReceiverConfig> receivers);

  /// An event of a finding that is on disk.
  void happened(const core::FindingEvent& event);
  [[nodiscard]] std::vector<ReceiverStatus> status() const;

  [[nodiscard]] std::vector<api::IntegrationView> all() const override;
  void test(const std::string& name, const Actor& actor, Done<void> done) override;
  [[nodiscard]] std::vector<api::DeliveryView> deliveries(const std::string& name,
                                                          const api::Page& page) const override;
  void redeliver(const std::string& name, const std::string& delivery, const Actor& actor,
                 Done<void> done) override;

 private:
  /// An entry of the delivery log that can be shown and told again.
  struct Entry {
    evidence::LeafIndex index = 0;
    DeliveryEvent event;
  };
  void on_delivery(const DeliveryEvent& event);
  void remember(Entry entry);
  void remember(const Notification& news);
  void tell(const std::string& receiver, std::vector<Notification> news);

  EvidenceKeeper& keeper_;
  boost::asio::any_io_executor executor_;
  NotifyIdentity who_;
  DeliveryBook book_;
  std::map<std::string, std::deque<Entry>> entries_;  ///< by receiver, the newest last
  std::map<std::string, Notification> news_;          ///< by id
  std::deque<std::string> news_order_;
  std::vector<ReceiverConfig> receivers_;
  std::unique_ptr<Notifier> notifier_;
};

}  // namespace reachproof::orchestrator
