// The part of attempt_engine.h that pings.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "probe/attempt_engine.h"
#include "probe/error_queue.h"
#include "probe/socket_address.h"

namespace reachproof::probe {

using core::Outcome;

void AttemptEngine::begin_icmp(std::uint32_t index) {
  Slot& slot = slots_[index];
  auto opened = EchoSocket::open(slot.order.address.family());
  if (!opened) {
    slot.report.detail = opened.error().message;
    finish(index, Outcome::LocalError);
    return;
  }
  slot.socket = opened->take();
  slot.echo = std::move(*opened);
  const int fd = slot.socket.get();
  queue_icmp_errors(fd, slot.order.address.family());
  restart_deadline(index);
  slot.phase = Phase::AwaitingAnswer;
  // With an identifier that has not served for this destination: where we draw it, it may repeat.
  for (int i = 0; i < kFreshPortTriesMax; ++i) {
    slot.report.source_port = slot.echo->connect(fd, slot.order.address);
    const auto own = slot.report.source_port;
    if (own == 0 || is_fresh(slot.order.address, 0, own)) break;
  }
  slot.report.source = local_end(fd).address;
  const auto sequence = static_cast<std::uint16_t>(slot.order.id);
  if (slot.report.source_port == 0 ||
      !slot.echo->send(fd, slot.order.nonce.value_or(protocol::Nonce{}), sequence)) {
    fail_with(index, errno);
    return;
  }
  watch(index, EPOLLIN);
}

void AttemptEngine::read_echo(std::uint32_t index) {
  Slot& slot = slots_[index];
  std::array<std::uint8_t, 512> buffer;
  constexpr int kOthersMax = 64;  // a raw socket sees every reply that comes to the host
  for (int i = 0; i < kOthersMax; ++i) {
    const auto got = ::recv(slot.socket.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got < 0) {
      fail_with(index, errno);
      return;
    }
    const auto data = slot.echo->reply({buffer.data(), static_cast<std::size_t>(got)},
                                       static_cast<std::uint16_t>(slot.order.id));
    if (!data) continue;
    slot.report.answered = true;
    slot.report.answer.assign(
        data->begin(), data->begin() + static_cast<std::ptrdiff_t>(
                                           std::min(data->size(), protocol::Nonce{}.size())));
    finish(index, Outcome::Connected);
    return;
  }
}

}  // namespace reachproof::probe
