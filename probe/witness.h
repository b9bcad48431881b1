#pragma once

#include <optional>
#include <vector>

#include "core/error.h"
#include "probe/capture.h"
#include "probe/link_watch.h"
#include "probe/own_listeners.h"
#include "probe/sighting_book.h"
#include "protocol/message.h"

namespace reachproof::probe {

/// Watches one host for one arm: its capture, its own listeners, and the proof that both work.
///
/// arm() and disarm() block for up to about two seconds each, while the witness connects to its
/// own host and waits to see its own packets. Between them, poll capture_fd() and listeners_fd()
/// and call serve(). One thread owns it.
class Witness {
 public:
  /// Arms. Always gives an answer to send: where the capture cannot run or be proven, `capture`
  /// is false and `detail` says why; the ports are reported all the same.
  static Result<Witness> arm(const protocol::Arm& order, protocol::Armed& answer);

  [[nodiscard]] int capture_fd() const { return capture_ ? capture_->fd() : -1; }
  [[nodiscard]] int listeners_fd() const { return listeners_.epoll_fd(); }
  void serve();

  /// Ends the watch: proves the capture again, looks at the ports again.
  [[nodiscard]] protocol::Done disarm();
  /// What was seen of all these tries; valid after disarm() too.
  [[nodiscard]] std::vector<protocol::SeenTry> look_up(
      const std::vector<protocol::ExpectedTry>& tries) const;
  [[nodiscard]] std::uint32_t id() const { return order_.id; }
  /// True where none of the endpoint's addresses is this host's: behind a translation, or on the
  /// wrong host. Only an arrival tells the two apart.
  [[nodiscard]] bool elsewhere() const { return elsewhere_; }

 private:
  Witness(protocol::Arm order, OwnListeners listeners);
  /// Notes that the host was cut off from its network, which no capture shows. Such a witness is
  /// armed, and lost when it is disarmed: what it saw of its own host proves nothing either.
  void look_at_links();
  void open_listeners();
  void start_capture();
  /// Sends itself a datagram and waits until the capture has seen it.
  [[nodiscard]] bool capture_sees_own_packet();
  void drain_capture();
  [[nodiscard]] std::vector<protocol::PortReport> port_reports();

  protocol::Arm order_;
  OwnListeners listeners_;
  std::optional<Capture> capture_;
  std::optional<LinkWatch> links_;
  bool elsewhere_ = false;
  SightingBook book_;
  FileDescriptor canary_;
  core::ProtocolPort canary_port_;
  core::IpAddress canary_address_;
  std::uint64_t canary_seen_ = 0;
  std::string link_problem_;
  std::string problem_;  ///< why the capture proves nothing, empty while it does
};

}  // namespace reachproof::probe
