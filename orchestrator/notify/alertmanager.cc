#include "orchestrator/notify/alertmanager.h"

#include <boost/json.hpp>

namespace reachproof::orchestrator {
namespace {

namespace json = boost::json;

constexpr std::chrono::minutes kTellAfterEnd{5};
constexpr int kIntervalsToEnd = 3;

std::string_view alert_name(core::FindingKind kind) {
  switch (kind) {
    case core::FindingKind::Violation:
      return "ReachproofViolation";
    case core::FindingKind::Broken:
      return "ReachproofBroken";
    case core::FindingKind::CannotTest:
      return "ReachproofCannotTest";
  }
  return "Reachproof";
}

/// Alertmanager takes a label without a value as a missing one; such are left out.
json::object labels_of(const core::FindingSubject& subject) {
  const auto port = port_words(subject.port);
  json::object labels;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) labels[name] = value;
  };
  add("alertname", alert_name(subject.kind));
  add("severity", core::word(subject.severity));
  add("scenario", subject.scenario);
  add("rule", subject.rule);
  add("src_segment", subject.source_segment);
  add("dst_segment", subject.destination_segment);
  add("protocol", port.protocol);
  add("port", port.number);
  add("expectation", expectation_word(subject.kind));
  add("fingerprint", subject.fingerprint);
  return labels;
}

}  // namespace

void AlertBook::take(const Notification& news) {
  const auto& fingerprint = news.event.subject.fingerprint;
  const auto it = alerts_.find(fingerprint);
  if (news.is_over()) {
    auto& alert = it == alerts_.end() ? alerts_[fingerprint] : it->second;
    if (it == alerts_.end()) alert.news = news;
    alert.over = news.event.at;
    alert.summary = summary(news);
    alert.description = description(news);
    return;
  }
  alerts_[fingerprint] = {.news = news,
                          .description = orchestrator::description(news),
                          .summary = orchestrator::summary(news),
                          .over = {}};
}

void AlertBook::forget_old(core::WallTime now) {
  std::erase_if(alerts_, [&](const auto& entry) {
    return entry.second.over && now - *entry.second.over > kTellAfterEnd;
  });
}

std::vector<std::string> AlertBook::all(const NotifyIdentity& who, core::WallTime now) const {
  std::vector<std::string> bodies;
  std::vector<const Alert*> some;
  for (const auto& [fingerprint, alert] : alerts_) {
    some.push_back(&alert);
    if (some.size() < kMessageNewsMax) continue;
    bodies.push_back(body(some, who, now));
    some.clear();
  }
  if (!some.empty()) bodies.push_back(body(some, who, now));
  return bodies;
}

std::string AlertBook::of(const Message& message, const NotifyIdentity& who,
                          core::WallTime now) const {
  std::vector<const Alert*> some;
  for (const auto& news : message.notifications) {
    const auto it = alerts_.find(news.event.subject.fingerprint);
    if (it != alerts_.end()) some.push_back(&it->second);
  }
  return body(some, who, now);
}

std::string AlertBook::body(const std::vector<const Alert*>& alerts, const NotifyIdentity& who,
                            core::WallTime now) const {
  json::array list;
  for (const auto* alert : alerts) {
    const auto& event = alert->news.event;
    json::object item;
    item["labels"] = labels_of(event.subject);
    json::object annotations{{"summary", alert->summary}, {"description", alert->description}};
    annotations["run"] = event.run;
    annotations["reachability"] = core::word(event.subject.reachability);
    if (!who.url.empty()) annotations["evidence_url"] = who.url;
    item["annotations"] = std::move(annotations);
    item["startsAt"] = core::text(alert->news.opened);
    const core::WallTime end = alert->over.value_or(now + kIntervalsToEnd * interval_);
    item["endsAt"] = core::text(end);
    if (!who.url.empty()) item["generatorURL"] = who.url;
    list.push_back(std::move(item));
  }
  return json::serialize(list);
}

}  // namespace reachproof::orchestrator
