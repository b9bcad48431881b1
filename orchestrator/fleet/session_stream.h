#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "protocol/codec.h"

namespace reachproof::orchestrator {

/// The messages of one session, as its run may hear them. Pure.
///
/// In a session that was taken up after a restart, answers are there before the run has asked for
/// them again: they are parked until it does. In any other nothing is parked, and a message that
/// nobody had asked for reaches the run, which complains.
class SessionStream {
 public:
  explicit SessionStream(bool resumed) : resumed_(resumed) {}

  /// Takes the next bytes of the probe's stream of lines. The error says what was no message.
  [[nodiscard]] Result<void> feed(std::string_view bytes);
  /// The run asks: what was parked for this order becomes ready. False: the probe must be asked.
  bool asked(const protocol::Message& order);
  /// Whether the answer to this try is parked.
  [[nodiscard]] bool knows(std::uint64_t id) const { return outcomes_.contains(id); }
  /// Messages that the run may have now, in order.
  [[nodiscard]] std::vector<protocol::Message> take_ready();

 private:
  void place(protocol::Message message);
  [[nodiscard]] static std::uint64_t try_id(const protocol::Message& message);

  bool resumed_;
  protocol::LineReader lines_;
  std::deque<protocol::Message> ready_;
  std::map<std::uint64_t, protocol::Message> outcomes_;
  std::vector<protocol::Message> armed_;
  std::vector<protocol::Message> watch_;  ///< sightings, then the end of the watch
  std::vector<protocol::Message> stopped_;
  std::map<std::uint64_t, bool> tries_asked_;
  bool arm_asked_ = false;
  bool disarm_asked_ = false;
  bool stop_asked_ = false;
};

}  // namespace reachproof::orchestrator
