#pragma once

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <cerrno>

#include "probe/attempt_engine.h"
#include "probe/clock.h"
#include "probe/own_listeners.h"
#include "probe/socket_address.h"

/// Real sockets on 127.0.0.1 and ::1, and an engine that tries them.
namespace reachproof::test {

inline core::IpAddress loopback(core::Family family) {
  return *core::IpAddress::parse(family == core::Family::V4 ? "127.0.0.1" : "::1");
}

/// A socket bound to a free port of loopback; listening over TCP if so wanted.
class Bound {
 public:
  Bound(core::Protocol protocol, core::Family family, int backlog = 16) {
    const int type = protocol == core::Protocol::Tcp ? SOCK_STREAM : SOCK_DGRAM;
    socket_ = probe::FileDescriptor(
        ::socket(probe::family_number(family), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const auto any = probe::SocketAddress::of(loopback(family), 0);
    EXPECT_EQ(::bind(socket_.get(), any.raw(), any.size), 0);
    if (protocol == core::Protocol::Tcp && backlog >= 0) {
      EXPECT_EQ(::listen(socket_.get(), backlog), 0);
    }
    port_ = probe::local_end(socket_.get()).port;
  }
  [[nodiscard]] core::Port port() const { return port_; }
  [[nodiscard]] int fd() const { return socket_.get(); }
  void close() { socket_.reset(); }

 private:
  probe::FileDescriptor socket_;
  core::Port port_ = 0;
};

/// A port that was free a moment ago, and that nobody listens on.
inline core::Port closed_port(core::Protocol protocol, core::Family family) {
  return Bound(protocol, family).port();
}

/// An engine with its reports, driven until all tries are answered.
class Engine {
 public:
  explicit Engine(std::size_t window = 64) {
    engine_ = *probe::AttemptEngine::create(
        window, [this](protocol::OutcomeReport&& report) { reports.push_back(std::move(report)); });
  }
  std::vector<protocol::OutcomeReport> reports;

  probe::AttemptEngine& operator*() { return *engine_; }
  probe::AttemptEngine* operator->() { return engine_.get(); }

  template <class Meanwhile>
  void finish(Meanwhile meanwhile, std::chrono::milliseconds at_most = std::chrono::seconds(10)) {
    const auto until = probe::monotonic_us() + std::chrono::microseconds(at_most).count();
    while (engine_->in_flight() > 0 && probe::monotonic_us() < until) {
      engine_->run_once(std::chrono::milliseconds(2));
      meanwhile();
    }
    ASSERT_EQ(engine_->in_flight(), 0U) << "the engine did not come to an end";
  }
  void finish() {
    finish([] {});
  }

  /// One try to the end.
  template <class Meanwhile>
  protocol::OutcomeReport outcome(const protocol::AttemptOrder& order, Meanwhile meanwhile) {
    reports.clear();
    engine_->start(order);
    finish(meanwhile);
    EXPECT_EQ(reports.size(), 1U);
    return reports.empty() ? protocol::OutcomeReport{} : reports.front();
  }
  protocol::OutcomeReport outcome(const protocol::AttemptOrder& order) {
    return outcome(order, [] {});
  }

 private:
  std::unique_ptr<probe::AttemptEngine> engine_;
};

inline protocol::AttemptOrder order(core::Protocol protocol, core::Family family, core::Port port,
                                    int timeout_ms = 300) {
  return {.id = 1,
          .protocol = protocol,
          .address = loopback(family),
          .port = port,
          .timeout = std::chrono::milliseconds(timeout_ms)};
}

}  // namespace reachproof::test
