#include "orchestrator/fleet/session_stream.h"

#include <iterator>

namespace reachproof::orchestrator {
namespace {

using protocol::Message;

void move_all(std::vector<Message>& from, std::deque<Message>& to) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
  from.clear();
}

bool ends_watch(const Message& message) {
  const auto* done = std::get_if<protocol::Done>(&message);
  return done != nullptr && done->what == protocol::Done::What::Watch;
}

}  // namespace

Result<void> SessionStream::feed(std::string_view bytes) {
  if (!lines_.feed(bytes))
    return fail(ErrorCode::Protocol, "a line longer than the protocol allows");
  std::string line;
  while (lines_.next(line)) {
    auto message = protocol::decode(line);
    if (!message) return tl::unexpected(message.error());
    place(std::move(*message));
  }
  return {};
}

std::uint64_t SessionStream::try_id(const Message& message) {
  if (const auto* outcome = std::get_if<protocol::OutcomeReport>(&message)) return outcome->id;
  if (const auto* refused = std::get_if<protocol::Refused>(&message)) return refused->id;
  return 0;
}

void SessionStream::place(Message message) {
  if (!resumed_) {
    ready_.push_back(std::move(message));
    return;
  }
  const auto id = try_id(message);
  if (id != 0 && !tries_asked_.contains(id) &&
      (id != 1 || std::holds_alternative<protocol::OutcomeReport>(message))) {
    outcomes_.emplace(id, std::move(message));
  } else if (std::holds_alternative<protocol::Armed>(message) && !arm_asked_) {
    armed_.push_back(std::move(message));
  } else if ((std::holds_alternative<protocol::SightingReport>(message) || ends_watch(message)) &&
             !disarm_asked_) {
    watch_.push_back(std::move(message));
  } else if (std::holds_alternative<protocol::Done>(message) && !ends_watch(message) &&
             !stop_asked_) {
    stopped_.push_back(std::move(message));
  } else {
    ready_.push_back(std::move(message));
  }
}

bool SessionStream::asked(const Message& order) {
  if (!resumed_) return false;
  if (const auto* attempt = std::get_if<protocol::AttemptOrder>(&order)) {
    tries_asked_[attempt->id] = true;
    const auto it = outcomes_.find(attempt->id);
    if (it == outcomes_.end()) return false;
    ready_.push_back(std::move(it->second));
    outcomes_.erase(it);
    return true;
  }
  if (std::holds_alternative<protocol::Arm>(order)) {
    arm_asked_ = true;
    const bool known = !armed_.empty();
    move_all(armed_, ready_);
    return known;
  }
  if (const auto* disarm = std::get_if<protocol::Disarm>(&order)) {
    disarm_asked_ = disarm->last;
    const bool known = !watch_.empty() && ends_watch(watch_.back());
    if (known && disarm->last) move_all(watch_, ready_);
    return known;
  }
  if (std::holds_alternative<protocol::Stop>(order)) {
    stop_asked_ = true;
    const bool known = !stopped_.empty();
    move_all(stopped_, ready_);
    return known;
  }
  return false;
}

std::vector<Message> SessionStream::take_ready() {
  std::vector<Message> messages(std::make_move_iterator(ready_.begin()),
                                std::make_move_iterator(ready_.end()));
  ready_.clear();
  return messages;
}

}  // namespace reachproof::orchestrator
