#pragma once

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <optional>

#include "orchestrator/notify/notifier.h"
#include "tests/support/news.h"
#include "tests/support/program.h"

/// A notifier that tells real receivers on this machine's loopback.
namespace reachproof::orchestrator {

/// A port of 127.0.0.1 that was free a moment ago.
inline std::uint16_t free_port() {
  const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  const bool bound = ::bind(file, raw, size) == 0 && ::getsockname(file, raw, &size) == 0;
  ::close(file);
  EXPECT_TRUE(bound);
  return ntohs(address.sin_port);
}

class NotifyFixture : public ::testing::Test {
 protected:
  ~NotifyFixture() override {
    for (auto& program : programs_) {
      program.signal(SIGKILL);
      program.wait();
    }
  }

  std::size_t run_program(const std::vector<std::string>& command, const std::string& folder) {
    std::filesystem::create_directory(folder_ / folder);
    programs_.emplace_back(command, folder_ / folder);
    return programs_.size() - 1;
  }
  void end_program(std::size_t index) {
    programs_[index].signal(SIGKILL);
    programs_[index].wait();
    programs_.erase(programs_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  /// Starts a notifier as a restart does, with what the book says.
  void start_notifier(const ReceiverConfig& config) {
    notifier_.reset();
    auto started = Notifier::start({.receivers = {config},
                                    .who = kTeller,
                                    .executor = loop_.get_executor(),
                                    .on_delivery =
                                        [this](const DeliveryEvent& event) {
                                          book_.take(event);
                                          deliveries_.push_back(event);
                                        }},
                                   book_);
    ASSERT_TRUE(started) << started.error().message;
    notifier_ = std::move(*started);
    turn();
  }

  /// What the service does with an event that is on disk.
  void tell(const Notification& news) {
    book_.take(news.event);
    if (notifier_) notifier_->tell({news});
  }

  /// Waits until somebody listens there: a test's receiver takes its time to start.
  static bool until_listening(std::uint16_t port) {
    const sockaddr_in address{
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const auto* raw = reinterpret_cast<const sockaddr*>(&address);
    for (int i = 0; i < 1500; ++i) {
      const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const bool listening = ::connect(file, raw, sizeof address) == 0;
      ::close(file);
      if (listening) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }

  /// Lets the loop run until the condition holds, at most a minute.
  template <class Condition>
  bool until(const Condition& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      turn();
    }
    return true;
  }
  bool until_owed_nothing(const std::string& receiver) {
    return until([&] { return book_.pending(receiver).empty(); });
  }
  void turn() {
    loop_.restart();
    loop_.poll();
  }

  reachproof::testing::TemporaryFolder folder_;
  std::vector<reachproof::testing::Program> programs_;
  boost::asio::io_context loop_;
  DeliveryBook book_;
  std::vector<DeliveryEvent> deliveries_;
  std::unique_ptr<Notifier> notifier_;
};

}  // namespace reachproof::orchestrator
