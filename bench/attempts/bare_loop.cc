#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <vector>

#include "bench/attempts/work.h"
#include "core/check.h"

/// The least that a program can do for one attempt: socket, connect, epoll, SO_ERROR, close, and a
/// queue of deadlines, which all are of one length. It cannot tell a firewall from a closed port.
namespace reachproof::bench {
namespace {

std::int64_t now_us() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

int expected_error(Case of) {
  switch (of) {
    case Case::Open:
      return 0;
    case Case::Refused:
      return ECONNREFUSED;
    case Case::Rejected:
      return EHOSTUNREACH;
    case Case::Silent:
      return ETIMEDOUT;
  }
  return -1;
}

class BareLoop {
 public:
  explicit BareLoop(const Work& work)
      : case_(work.of), epoll_(epoll_create1(EPOLL_CLOEXEC)), slots_(work.window) {
    for (std::size_t i = slots_.size(); i > 0; --i)
      free_.push_back(static_cast<std::uint32_t>(i - 1));
    queue_.resize(kAttempts);
  }
  ~BareLoop() { ::close(epoll_); }
  BareLoop(const BareLoop&) = delete;
  BareLoop& operator=(const BareLoop&) = delete;

  std::uint32_t run() {
    while (finished_ < kAttempts) {
      while (started_ < kAttempts && !free_.empty()) start();
      wait();
      expire();
    }
    return kAttempts - right_;
  }

 private:
  struct Slot {
    int fd = -1;
    std::uint32_t attempt = 0;
  };
  struct Deadline {
    std::int64_t at_us = 0;
    std::uint32_t slot = 0;
  };

  void start() {
    const auto index = free_.back();
    free_.pop_back();
    Slot& slot = slots_[index];
    slot.attempt = started_++;
    slot.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(kPort);
    to.sin_addr.s_addr = htonl(kFirstTarget + slot.attempt);
    queue_[slot.attempt] = {
        .at_us = now_us() + std::chrono::microseconds(timeout_of(case_)).count(), .slot = index};
    if (::connect(slot.fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) {
      finish(index, 0);
    } else if (errno != EINPROGRESS) {
      finish(index, errno);
    } else {
      epoll_event event{.events = EPOLLOUT, .data = {.u32 = index}};
      CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, slot.fd, &event) == 0);
    }
  }

  void wait() {
    std::array<epoll_event, 256> events;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 4);
    for (int i = 0; i < count; ++i) {
      const auto index = events[static_cast<std::size_t>(i)].data.u32;
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(slots_[index].fd, SOL_SOCKET, SO_ERROR, &error, &size);
      finish(index, error);
    }
  }

  void expire() {
    const auto now = now_us();
    for (; oldest_ < started_; ++oldest_) {
      const auto& due = queue_[oldest_];
      const bool over = slots_[due.slot].fd < 0 || slots_[due.slot].attempt != oldest_;
      if (over) continue;
      if (due.at_us > now) return;
      finish(due.slot, ETIMEDOUT);
    }
  }

  void finish(std::uint32_t index, int error) {
    ::close(slots_[index].fd);
    slots_[index].fd = -1;
    free_.push_back(index);
    ++finished_;
    if (error == expected_error(case_)) ++right_;
  }

  Case case_;
  int epoll_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::vector<Deadline> queue_;
  std::uint32_t started_ = 0;
  std::uint32_t finished_ = 0;
  std::uint32_t oldest_ = 0;
  std::uint32_t right_ = 0;
};

}  // namespace

std::uint32_t run_bare_loop(const Work& work) {
  return BareLoop(work).run();
}

}  // namespace reachproof::bench
