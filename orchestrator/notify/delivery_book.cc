#include "orchestrator/notify/delivery_book.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "core/utf8.h"
#include "core/words.h"
#include "evidence/finding_records.h"
#include "evidence/json_text.h"

namespace reachproof::orchestrator {
namespace {

namespace json = boost::json;
using What = DeliveryEvent::What;

constexpr std::size_t kTextBytesMax = 300;
constexpr core::Words<What, 3> kWords{
    {{What::Added, "added"}, {What::Delivered, "delivered"}, {What::GivenUp, "given-up"}}};

std::string text_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

}  // namespace

evidence::Record record_of_delivery(const DeliveryEvent& event) {
  evidence::JsonText body;
  body.begin_object().field("attempts", event.attempts);
  body.field("event", core::word_in(kWords, event.what)).field("kind", "delivery");
  body.texts("news", event.news).field("receiver", core::cut_utf8(event.receiver, kTextBytesMax));
  body.field("time", core::text(event.at)).field("why", core::cut_utf8(event.why, kTextBytesMax));
  return {"delivery", body.end_object().take()};
}

Result<DeliveryEvent> delivery_event(std::string_view text) {
  json::error_code error;
  const auto value = json::parse(text, error);
  if (error || !value.is_object()) {
    return fail(ErrorCode::Corrupt, "a delivery's record is not JSON");
  }
  const auto& body = value.get_object();
  const auto what = core::value_in(kWords, text_in(body, "event"));
  const auto at = core::parse_wall_time(text_in(body, "time"));
  const auto* news = body.if_contains("news");
  const auto* attempts = body.if_contains("attempts");
  if (!what || !at || news == nullptr || !news->is_array() || attempts == nullptr ||
      !attempts->is_int64()) {
    return fail(ErrorCode::Corrupt, "a delivery's record lacks something");
  }
  DeliveryEvent event{.what = *what,
                      .receiver = text_in(body, "receiver"),
                      .news = {},
                      .attempts = static_cast<int>(attempts->get_int64()),
                      .why = text_in(body, "why"),
                      .at = *at};
  for (const auto& id : news->get_array()) {
    if (!id.is_string())
      return fail(ErrorCode::Corrupt, "a delivery's record has an id of no text");
    event.news.emplace_back(id.get_string());
  }
  return event;
}

void DeliveryBook::take(const core::FindingEvent& event) {
  findings_.take(event);
  if (!event.is_news()) return;
  const auto news = news_of(event, findings_);
  for (auto& [receiver, pending] : pending_) {
    if (pending.size() >= kPendingMax) pending.pop_front();
    pending.push_back(news);
  }
}

void DeliveryBook::take(const DeliveryEvent& event) {
  auto& pending = pending_[event.receiver];
  const std::set<std::string> settled(event.news.begin(), event.news.end());
  std::erase_if(pending, [&](const auto& news) { return settled.contains(news.id()); });
}

std::vector<Notification> DeliveryBook::pending(const std::string& receiver) const {
  const auto it = pending_.find(receiver);
  if (it == pending_.end()) return {};
  return {it->second.begin(), it->second.end()};
}

std::vector<Notification> DeliveryBook::open() const {
  std::vector<Notification> open;
  for (const auto& [fingerprint, finding] : findings_.findings()) {
    if (!finding.is_open()) continue;
    Notification news{.event = finding.newest, .opened = finding.opened};
    const bool again = finding.times_opened > 1;
    news.event.what = again ? core::FindingEvent::What::Reopened : core::FindingEvent::What::Opened;
    news.event.at = finding.opened;
    open.push_back(std::move(news));
  }
  return open;
}

Notification news_of(const core::FindingEvent& event, const core::FindingBook& book) {
  const auto it = book.findings().find(event.subject.fingerprint);
  const bool known = it != book.findings().end() && it->second.times_opened > 0;
  return {.event = event, .opened = known ? it->second.opened : event.at};
}

Result<DeliveryBook> load_deliveries(const evidence::LogReader& log) {
  const auto size = log.size();
  if (!size) return tl::unexpected(size.error());
  DeliveryBook book;
  Result<void> sound;
  const auto take = [&](const evidence::StoredRecord& record) -> Result<void> {
    if (record.kind == "finding") {
      auto event = evidence::finding_event(record.body);
      if (!event) return tl::unexpected(event.error());
      book.take(*event);
      return {};
    }
    auto event = delivery_event(record.body);
    if (!event) return tl::unexpected(event.error());
    book.take(*event);
    return {};
  };
  auto read = log.scan(0, *size, {"finding", "delivery"}, [&](const auto& record) {
    sound = take(record);
    return sound.has_value();
  });
  if (!read) return tl::unexpected(read.error());
  if (!sound) return tl::unexpected(sound.error());
  return book;
}

}  // namespace reachproof::orchestrator
