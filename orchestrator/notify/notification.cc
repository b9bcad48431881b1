#include "orchestrator/notify/notification.h"

#include <fmt/core.h>

#include <map>
#include <set>

#include "core/hex.h"
#include "evidence/merkle.h"

namespace reachproof::orchestrator {
namespace {

using core::FindingKind;

constexpr std::size_t kFingerprintShown = 16;

std::string group_key(const Notification& news, Grouping grouping) {
  switch (grouping) {
    case Grouping::Single:
      return news.id();
    case Grouping::ByRule:
      return news.event.run + '\n' + news.event.subject.rule;
    case Grouping::ByRun:
      return news.event.run;
  }
  return news.id();
}

std::string id_of(const Message& message) {
  if (message.notifications.size() == 1) return message.notifications.front().id();
  std::string ids;
  for (const auto& news : message.notifications) ids += news.id() + '\n';
  return core::hex(evidence::sha256(ids)).substr(0, 2 * kFingerprintShown);
}

std::string_view what_follows(const Notification& news) {
  switch (news.event.subject.kind) {
    case FindingKind::Violation:
      return news.is_over() ? "A run proved that it is blocked again."
                            : "Something that the scenario forbids can be reached.";
    case FindingKind::Broken:
      return news.is_over() ? "It worked in two runs in a row."
                            : "Something that the scenario requires did not work in two of three "
                              "runs.";
    case FindingKind::CannotTest:
      return news.is_over() ? "The probes are back, and the network is tested again."
                            : "Nothing follows for the network: it was not tested. Look at the "
                              "probes with `reachproof probe doctor`.";
  }
  return "";
}

}  // namespace

std::string Notification::id() const {
  return fmt::format("{}-{}-{}", event.subject.fingerprint.substr(0, kFingerprintShown), event.run,
                     core::word(event.what));
}

std::vector<Message> messages_of(std::span<const Notification> news, Grouping grouping) {
  std::vector<Message> messages;
  std::map<std::string, std::size_t> open;  // the message of each group that still has room
  std::set<std::string> seen;
  for (const auto& one : news) {
    if (!seen.insert(one.id()).second) continue;
    const auto [it, fresh] = open.try_emplace(group_key(one, grouping), messages.size());
    if (!fresh && messages[it->second].notifications.size() >= kMessageNewsMax) {
      it->second = messages.size();
    }
    if (it->second == messages.size()) messages.emplace_back();
    messages[it->second].notifications.push_back(one);
  }
  for (auto& message : messages) message.id = id_of(message);
  return messages;
}

std::string summary(const Notification& news) {
  const auto& subject = news.event.subject;
  return fmt::format("{} {}: {} (rule {})", core::word(subject.kind), core::word(news.event.what),
                     subject.title, subject.rule);
}

std::string description(const Notification& news) {
  const auto& event = news.event;
  auto text = std::string(what_follows(news));
  if (news.is_over() && !event.why.empty()) text = fmt::format("It is over: {}.", event.why);
  if (!event.subject.port.empty() && !news.is_over()) {
    text += fmt::format(" The worst check of it was {}.", core::word(event.subject.reachability));
  }
  return text + fmt::format(" Scenario {}, run {}, finding {}.", event.subject.scenario, event.run,
                            event.subject.fingerprint.substr(0, kFingerprintShown));
}

std::string expectation_word(FindingKind kind) {
  switch (kind) {
    case FindingKind::Violation:
      return "deny";
    case FindingKind::Broken:
      return "allow";
    case FindingKind::CannotTest:
      return "";
  }
  return "";
}

PortWords port_words(const std::string& port) {
  const auto slash = port.find('/');
  if (slash == std::string::npos) return {};
  return {port.substr(0, slash), port.substr(slash + 1)};
}

}  // namespace reachproof::orchestrator
