#include "orchestrator/notify/notifier.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace reachproof::orchestrator {

Result<std::unique_ptr<Notifier>> Notifier::start(const Setup& setup, const DeliveryBook& before) {
  const auto on_delivery = [executor = setup.executor,
                            handler = setup.on_delivery](DeliveryEvent event) {
    boost::asio::post(executor,
                      [handler, event = std::move(event)]() mutable { handler(std::move(event)); });
  };
  std::vector<std::unique_ptr<Sender>> senders;
  for (const auto& config : setup.receivers) {
    auto sender = make_sender(config, setup.who);
    if (!sender) return tl::unexpected(sender.error());
    senders.push_back(std::move(*sender));
  }
  std::unique_ptr<Notifier> notifier(new Notifier);
  const core::WallTime now =
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  for (std::size_t i = 0; i < senders.size(); ++i) {
    const auto& name = setup.receivers[i].name;
    if (!before.knows(name)) {
      on_delivery({.what = DeliveryEvent::What::Added, .receiver = name, .news = {}, .at = now});
    }
    notifier->names_.push_back(name);
    notifier->receivers_.push_back(
        std::make_unique<Receiver>(Receiver::Setup{.name = name,
                                                   .sender = std::move(senders[i]),
                                                   .known = before.open(),
                                                   .on_delivery = on_delivery}));
    auto pending = before.pending(name);
    if (!pending.empty()) notifier->receivers_.back()->tell(std::move(pending));
  }
  return notifier;
}

void Notifier::tell(const std::vector<Notification>& news) {
  for (const auto& receiver : receivers_) receiver->tell(news);
}

void Notifier::tell_one(const std::string& receiver, std::vector<Notification> news) {
  for (std::size_t i = 0; i < receivers_.size(); ++i) {
    if (names_[i] == receiver) return receivers_[i]->tell(std::move(news));
  }
}

std::vector<ReceiverStatus> Notifier::status() const {
  std::vector<ReceiverStatus> all;
  for (const auto& receiver : receivers_) all.push_back(receiver->status());
  return all;
}

}  // namespace reachproof::orchestrator
