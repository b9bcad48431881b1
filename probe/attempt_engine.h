#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "core/error.h"
#include "probe/deadline_wheel.h"
#include "probe/dialogue/conversation.h"
#include "probe/dialogue/dialogue.h"
#include "probe/echo.h"
#include "probe/file_descriptor.h"
#include "protocol/message.h"

namespace reachproof::probe {

/// Tries connections, asks what is to be asked, and says what came of each.
///
/// Each try is a small state machine on the engine's own epoll set, with one deadline. For every
/// failure the socket's error queue is read, so that an ICMP error keeps its code and its sender;
/// for every success the kernel must confirm the peer. Bounded: at most `window` tries are in
/// flight. One thread owns it. Never blocks, except in run_once().
class AttemptEngine {
 public:
  /// Called once for each try. It may start another.
  using Finished = std::function<void(protocol::OutcomeReport&&)>;

  /// `window` tries may be in flight at once; each costs a file descriptor.
  static Result<std::unique_ptr<AttemptEngine>> create(std::size_t window, Finished finished);

  [[nodiscard]] bool full() const { return free_.empty(); }
  [[nodiscard]] std::size_t in_flight() const { return slots_.size() - free_.size(); }

  /// Begins a try; `order.hostname` must have been dealt with. Must not be called when full. The
  /// outcome may be reported before this returns.
  void start(const protocol::AttemptOrder& order);

  /// Handles what is ready and what is due, waiting for it at most so long. 0 does not wait.
  void run_once(std::chrono::milliseconds wait_max);

  /// Ends every try in flight, reporting each as not run for that reason.
  void abandon_all(const std::string& reason);

  /// Readable when run_once(0) has something to do, deadlines apart.
  [[nodiscard]] int epoll_fd() const { return epoll_.get(); }

 private:
  enum class Phase : std::uint8_t { Free, Connecting, AwaitingAnswer, Conversing };
  struct Slot {
    FileDescriptor socket;
    Phase phase = Phase::Free;
    bool registered = false;
    protocol::AttemptOrder order;
    protocol::OutcomeReport report;
    std::unique_ptr<Conversation> conversation;  ///< over TCP
    std::unique_ptr<Dialogue> dialogue;          ///< over UDP
    std::optional<EchoSocket> echo;              ///< over ICMP
  };

  AttemptEngine(std::size_t window, Finished finished);
  bool open_socket(Slot& slot);
  void begin_tcp(std::uint32_t index);
  void begin_udp(std::uint32_t index);
  void begin_icmp(std::uint32_t index);
  void read_echo(std::uint32_t index);
  static constexpr int kFreshPortTriesMax = 8;
  static constexpr std::size_t kRememberedTuplesMax = 65536;
  static constexpr std::size_t kTcpMarks = 32768;
  /// Whether that five-tuple has not served before; it has from now on. Of ICMP the port is 0.
  bool is_fresh(const core::IpAddress& to, core::Port port, core::Port own);
  /// From a port that has not served for this destination: the kernel draws them at random, and
  /// nothing is sent before the first datagram.
  bool connect_udp(Slot& slot);
  /// Of TCP the first packet leaves with connect(2). Where the destination was tried before, a port
  /// that has not served for it is taken beforehand; else the kernel draws one.
  void take_own_port(Slot& slot);
  /// Whether these have been remembered; they are from now on. `own` 0: the destination itself.
  bool remember_tcp(const Slot& slot, core::Port own);
  static bool talks_to_itself(const Slot& slot);
  void refuse_own_end(std::uint32_t index);
  void watch(std::uint32_t index, std::uint32_t events);
  void handle(std::uint32_t index, std::uint32_t events);
  void handle_tcp(std::uint32_t index, std::uint32_t events);
  void connected(std::uint32_t index);
  void converse(std::uint32_t index, Conversation::Want want);
  void take_datagram(std::uint32_t index);
  void restart_deadline(std::uint32_t index);
  void read_answer(std::uint32_t index);
  void fail_with(std::uint32_t index, int error);
  void expire(std::uint32_t index);
  void finish(std::uint32_t index, core::Outcome outcome);

  FileDescriptor epoll_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  DeadlineWheel deadlines_;
  std::set<std::tuple<core::IpAddress, core::Port, core::Port>>
      used_tuples_;  ///< UDP, and ICMP with port 0; bounded
  /// Marks of TCP destinations and of the ports that served for them, in buckets of four. In a full
  /// one a newer takes the place of an older, so in the largest runs some are forgotten.
  std::unique_ptr<std::uint64_t[]> tcp_marks_;
  std::set<std::uint32_t> ticking_;  ///< conversations that go on by time as well
  Finished finished_;
};

}  // namespace reachproof::probe
