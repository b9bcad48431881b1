#include "orchestrator/desk/notify_desk.h"

#include <fmt/core.h>

#include <algorithm>

#include "host/wall_clock.h"

namespace reachproof::orchestrator {
namespace {

constexpr std::size_t kEntriesMax = 1000;  ///< shown of each receiver
constexpr std::size_t kNewsMax = 10'000;   ///< that can be told again

std::string id_of(evidence::LeafIndex index) {
  return fmt::format("{:012}", index);
}

std::string_view kind_word(ReceiverConfig::Kind kind) {
  switch (kind) {
    case ReceiverConfig::Kind::Alertmanager:
      return "alertmanager";
    case ReceiverConfig::Kind::Webhook:
      return "webhook";
    case ReceiverConfig::Kind::OcsfFile:
      return "ocsf";
  }
  return "?";
}

/// Without path and query, which may hold a secret.
std::string without_secrets(const ReceiverConfig& config) {
  if (config.kind == ReceiverConfig::Kind::OcsfFile) return config.target;
  const auto host = config.target.find("://");
  const auto path = config.target.find_first_of("/?", host == std::string::npos ? 0 : host + 3);
  return config.target.substr(0, path);
}

}  // namespace

// ---- what the log says ----

void NotifyDesk::restore_delivery(const DeliveryEvent& event, evidence::LeafIndex index) {
  book_.take(event);
  remember(Entry{.index = index, .event = event});
}

void NotifyDesk::restore_finding(const core::FindingEvent& event) {
  book_.take(event);
  if (event.is_news()) remember(news_of(event, book_.findings()));
}

void NotifyDesk::remember(Entry entry) {
  if (entry.event.what == DeliveryEvent::What::Added) return;
  auto& entries = entries_[entry.event.receiver];
  entries.push_back(std::move(entry));
  if (entries.size() > kEntriesMax) entries.pop_front();
}

void NotifyDesk::remember(const Notification& news) {
  if (!news_.emplace(news.id(), news).second) return;
  news_order_.push_back(news.id());
  if (news_order_.size() <= kNewsMax) return;
  news_.erase(news_order_.front());
  news_order_.pop_front();
}

// ---- telling ----

Result<void> NotifyDesk::start(std::vector<ReceiverConfig> receivers) {
  auto notifier =
      Notifier::start({.receivers = receivers,
                       .who = who_,
                       .executor = executor_,
                       .on_delivery = [this](const DeliveryEvent& event) { on_delivery(event); }},
                      book_);
  if (!notifier) return tl::unexpected(notifier.error());
  notifier_ = std::move(*notifier);
  receivers_ = std::move(receivers);
  return {};
}

void NotifyDesk::on_delivery(const DeliveryEvent& event) {
  keeper_.append({record_of_delivery(event)}, [this, event](Result<evidence::LeafIndex> kept) {
    // What could not be kept is told again by the next start.
    if (!kept) return;
    book_.take(event);
    remember(Entry{.index = *kept, .event = event});
  });
}

void NotifyDesk::happened(const core::FindingEvent& event) {
  book_.take(event);
  if (!event.is_news()) return;
  const auto news = news_of(event, book_.findings());
  remember(news);
  if (notifier_) notifier_->tell({news});
}

std::vector<ReceiverStatus> NotifyDesk::status() const {
  return notifier_ ? notifier_->status() : std::vector<ReceiverStatus>();
}

// ---- people ----

std::vector<api::IntegrationView> NotifyDesk::all() const {
  std::vector<api::IntegrationView> views;
  const auto states = status();
  for (const auto& receiver : receivers_) {
    api::IntegrationView view{.name = receiver.name,
                              .kind = std::string(kind_word(receiver.kind)),
                              .target = without_secrets(receiver)};
    const auto it = std::ranges::find(states, receiver.name, &ReceiverStatus::name);
    if (it != states.end()) {
      view.waiting = it->waiting;
      view.last_error = it->last_error;
    }
    views.push_back(std::move(view));
  }
  std::ranges::sort(views, {}, &api::IntegrationView::name);
  return views;
}

/// Something that opens and is over at once: nobody has to clean up after it.
void NotifyDesk::test(const std::string& name, const Actor& actor, Done<void> done) {
  const auto now = host::wall_now();
  core::FindingEvent event{.what = core::FindingEvent::What::Opened,
                           .subject = {.fingerprint = std::string(64, '0'),
                                       .kind = core::FindingKind::Violation,
                                       .scenario = "test",
                                       .rule = "test",
                                       .title = "a test by " + actor.name + ", nothing is wrong",
                                       .severity = core::Severity::Low,
                                       .reachability = core::Reachability::Inconclusive},
                           .run = fmt::format("test-{}", now.time_since_epoch().count()),
                           .at = now};
  Notification opened{.event = event, .opened = now};
  event.what = core::FindingEvent::What::Closed;
  event.why = "it was a test";
  const Notification closed{.event = event, .opened = now};
  remember(opened);
  remember(closed);
  tell(name, {opened, closed});
  done({});
}

void NotifyDesk::tell(const std::string& receiver, std::vector<Notification> news) {
  if (notifier_) notifier_->tell_one(receiver, std::move(news));
}

/// The newest first.
std::vector<api::DeliveryView> NotifyDesk::deliveries(const std::string& name,
                                                      const api::Page& page) const {
  std::vector<api::DeliveryView> views;
  const auto found = entries_.find(name);
  if (found == entries_.end()) return views;
  for (auto entry = found->second.rbegin(); entry != found->second.rend(); ++entry) {
    if (views.size() == page.limit) break;
    auto id = id_of(entry->index);
    if (!page.after.empty() && id >= page.after) continue;
    const auto& event = entry->event;
    const bool delivered = event.what == DeliveryEvent::What::Delivered;
    api::DeliveryView view{.id = std::move(id),
                           .state = delivered ? "delivered" : "failed",
                           .attempts = event.attempts,
                           .created = event.at,
                           .error = event.why};
    if (delivered) view.delivered = event.at;
    if (!event.news.empty()) view.finding = event.news.front();
    if (const auto news = news_.find(view.finding); news != news_.end()) {
      view.finding = news->second.event.subject.fingerprint;
    }
    views.push_back(std::move(view));
  }
  return views;
}

void NotifyDesk::redeliver(const std::string& name, const std::string& delivery, const Actor&,
                           Done<void> done) {
  std::vector<Notification> news;
  const auto found = entries_.find(name);
  if (found != entries_.end()) {
    const auto entry = std::ranges::find_if(
        found->second, [&](const Entry& each) { return id_of(each.index) == delivery; });
    if (entry != found->second.end()) {
      for (const auto& id : entry->event.news) {
        if (const auto it = news_.find(id); it != news_.end()) news.push_back(it->second);
      }
    }
  }
  if (news.empty()) {
    return done(fail(ErrorCode::NotFound, "there is no such delivery that could be told again"));
  }
  tell(name, std::move(news));
  done({});
}

}  // namespace reachproof::orchestrator
