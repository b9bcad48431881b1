#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/findings.h"

/// What is told to receivers, and how it is put together. Pure.
namespace reachproof::orchestrator {

/// A piece of news about one finding: it opened, reopened or closed.
struct Notification {
  core::FindingEvent event;
  core::WallTime opened{};  ///< since when the finding is open, or was

  /// The same for the same news, in every retry and after a restart: receivers know it again by it.
  [[nodiscard]] std::string id() const;
  [[nodiscard]] bool is_over() const { return event.what == core::FindingEvent::What::Closed; }
};

/// Who tells it.
struct NotifyIdentity {
  std::string source;    ///< of CloudEvents: "/orchestrators/10.0.0.1"
  std::string url;       ///< where people look it up, empty for nowhere
  std::string software;  ///< version
};

/// One delivery: one piece of news, or several that a receiver takes together.
struct Message {
  std::string id;
  std::vector<Notification> notifications;
};

/// How news are put into messages.
enum class Grouping {
  Single,  ///< each alone
  ByRule,  ///< those of one run and one rule together
  ByRun,   ///< those of one run together
};

/// In the order of the news, at most kMessageNewsMax in one; the same news twice are taken once.
[[nodiscard]] std::vector<Message> messages_of(std::span<const Notification> news,
                                               Grouping grouping);
inline constexpr std::size_t kMessageNewsMax = 200;

/// "violation opened: office to data, tcp/22 (rule X01)".
[[nodiscard]] std::string summary(const Notification& news);
/// What follows from it, in whole sentences.
[[nodiscard]] std::string description(const Notification& news);
/// What the rule expects: "deny", "allow"; empty for CannotTest.
[[nodiscard]] std::string expectation_word(core::FindingKind kind);
/// "tcp" and "22" of "tcp/22"; both empty for an empty text.
struct PortWords {
  std::string protocol;
  std::string number;
};
[[nodiscard]] PortWords port_words(const std::string& port);

}  // namespace reachproof::orchestrator
