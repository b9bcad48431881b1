#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/notify/receiver.h"
#include "orchestrator/notify/receiver_config.h"

namespace reachproof::orchestrator {

/// Tells all receivers of findings. Belongs to the service's loop, which never waits for it: each
/// receiver has a thread of its own.
///
///   auto notifier = Notifier::start({...}, *load_deliveries(log));
///   // an event of a finding is on disk and was taken by the book:
///   notifier->tell(news_of(event, findings));
///
/// `on_delivery` is called on `executor`; keep its event with record_of_delivery(). News are told
/// again by the next process until a record says that they were settled.
class Notifier {
 public:
  struct Setup {
    std::vector<ReceiverConfig> receivers;
    NotifyIdentity who;
    boost::asio::any_io_executor executor;
    std::function<void(DeliveryEvent)> on_delivery;
  };

  /// Makes the receivers and tells each what `before` says it still waits for. One that is new to
  /// `before` begins now, which is an event of its own; an Alertmanager hears of everything open.
  static Result<std::unique_ptr<Notifier>> start(const Setup& setup, const DeliveryBook& before);
  /// Ends the threads, within a fraction of a second.
  ~Notifier() = default;

  void tell(const std::vector<Notification>& news);
  /// The same for one receiver alone; nothing where there is none of that name.
  void tell_one(const std::string& receiver, std::vector<Notification> news);
  [[nodiscard]] std::vector<ReceiverStatus> status() const;

 private:
  Notifier() = default;
  std::vector<std::unique_ptr<Receiver>> receivers_;
  std::vector<std::string> names_;  ///< of the receivers
};

}  // namespace reachproof::orchestrator
