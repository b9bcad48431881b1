// A connection that is held open and on which nothing is said. TCP's keepalive (RFC 9293, 3.8.4)
// asks the peer every second; TCP_INFO says when it last acknowledged anything.
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "probe/clock.h"
#include "probe/dialogue/conversation.h"

namespace reachproof::probe {
namespace {

using State = core::Exchange::State;

constexpr int kProbeEverySeconds = 1;
constexpr int kProbesUnanswered = 3;
/// A peer that acknowledged so recently stands: keepalives are a second apart.
constexpr std::uint32_t kFreshMs = 1500;
constexpr std::int64_t kMicroseconds = 1'000'000;

class Keepalive : public Conversation {
 public:
  Keepalive(std::chrono::seconds hold, int fd) : hold_(hold), fd_(fd) {}

  Want begin() override {
    started_ = monotonic_us();
    const auto set = [this](int level, int option, int value) {
      return ::setsockopt(fd_, level, option, &value, sizeof value) == 0;
    };
    if (!set(IPPROTO_TCP, TCP_KEEPIDLE, kProbeEverySeconds) ||
        !set(IPPROTO_TCP, TCP_KEEPINTVL, kProbeEverySeconds) ||
        !set(IPPROTO_TCP, TCP_KEEPCNT, kProbesUnanswered) || !set(SOL_SOCKET, SO_KEEPALIVE, 1)) {
      return conclude(State::Failed, fmt::format("no keepalive: {}", std::strerror(errno)));
    }
    return proceed();
  }

  Want proceed() override {
    std::array<char, 16384> unread;
    for (int i = 0; i < 16; ++i) {  // a peer that talks without end must not keep us
      const auto got = ::recv(fd_, unread.data(), unread.size(), 0);
      if (got > 0) continue;
      if (got == 0) return conclude(State::Closed, after("the peer ended it"));
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      return cut(errno);
    }
    if (held_us() < hold_.count() * kMicroseconds || !is_fresh()) return Want::Read;
    return conclude(State::Answered, fmt::format("it stood for {} s", hold_.count()));
  }

  void expire() override {
    // Nothing was acknowledged at its end, and the kernel has not given up yet.
    conclude(State::Refused, after("cut: silence"));
  }

  [[nodiscard]] bool ticks() const override { return true; }
  [[nodiscard]] std::optional<std::chrono::microseconds> lasts() const override {
    return hold_ + core::kHoldGrace;
  }

 private:
  [[nodiscard]] std::int64_t held_us() const { return monotonic_us() - started_; }

  [[nodiscard]] bool is_fresh() const {
    tcp_info info{};
    socklen_t size = sizeof info;
    return ::getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_state == TCP_ESTABLISHED && info.tcpi_last_ack_recv <= kFreshMs;
  }

  [[nodiscard]] std::string after(std::string_view what) const {
    return fmt::format("{} after {}.{} s", what, held_us() / kMicroseconds,
                       held_us() % kMicroseconds / 100'000);
  }

  Want cut(int error) {
    switch (error) {
      case ECONNRESET:
      case EPIPE:
        return conclude(State::Refused, after("cut: reset"));
      case ETIMEDOUT:
        return conclude(State::Refused, after("cut: silence"));
      case EHOSTUNREACH:
      case ENETUNREACH:
      case ECONNREFUSED:
      case EACCES:
      case ENOPROTOOPT:
        return conclude(State::Refused, after("cut: an ICMP error"));
      default:
        return conclude(State::Failed, after(std::strerror(error)));
    }
  }

  Want conclude(State state, std::string says) {
    exchange_ = {.state = state, .says = std::move(says)};
    return Want::Over;
  }

  std::chrono::seconds hold_;
  int fd_;
  std::int64_t started_ = 0;
};

}  // namespace

std::unique_ptr<Conversation> make_keepalive(const core::Ask& ask, const Peer& peer) {
  return std::make_unique<Keepalive>(ask.hold, peer.fd);
}

}  // namespace reachproof::probe
