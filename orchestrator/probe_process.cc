#include "orchestrator/probe_process.h"

#include <fmt/core.h>
#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <boost/asio/write.hpp>
#include <boost/process.hpp>
#include <boost/process/extend.hpp>
#include <deque>

#include "protocol/codec.h"

namespace reachproof::orchestrator {
namespace {

namespace asio = boost::asio;
namespace bp = boost::process;
using boost::system::error_code;

/// Of what a probe says on its standard error, the beginning is kept for the reason of its end.
constexpr std::size_t kStderrBytesMax = 2048;
/// A probe that reads nothing for so long is as good as gone; what is queued stays bounded.
constexpr std::size_t kQueuedBytesMax = 64U << 20U;

/// Lives as long as the pipes have something to report.
class Child : public std::enable_shared_from_this<Child> {
 public:
  Child(asio::io_context& loop, ProbeChannel::Events events)
      : input_(loop), output_(loop), errors_(loop), events_(std::move(events)) {}

  Result<void> start(const std::vector<std::string>& command) {
    const auto program = command.front().find('/') == std::string::npos
                             ? bp::search_path(command.front())
                             : boost::filesystem::path(command.front());
    if (program.empty()) {
      return fail(ErrorCode::Unavailable, fmt::format("`{}` is not in the PATH", command.front()));
    }
    const std::vector<std::string> arguments(command.begin() + 1, command.end());
    std::error_code failed;
    child_ = bp::child(program, bp::args(arguments), bp::std_in<input_, bp::std_out> output_,
                       bp::std_err > errors_, failed,
                       bp::extend::on_exec_setup([](auto&) { ::setpgid(0, 0); }));
    if (failed) {
      return fail(ErrorCode::Unavailable,
                  fmt::format("cannot start `{}`: {}", command.front(), failed.message()));
    }
    read_output();
    read_errors();
    return {};
  }

  void send(const protocol::Message& message) {
    if (lost_) return;
    queue_.push_back(protocol::encode(message) + "\n");
    queued_bytes_ += queue_.back().size();
    if (queued_bytes_ > kQueuedBytesMax) {
      lose("the probe does not read what it is sent");
    } else if (queue_.size() == 1) {
      write_front();
    }
  }

  void kill() {
    lost_ = true;
    close();
  }

 private:
  void read_output() {
    output_.async_read_some(asio::buffer(buffer_),
                            [self = shared_from_this()](error_code error, std::size_t bytes) {
                              self->on_output(error, bytes);
                            });
  }

  void on_output(error_code error, std::size_t bytes) {
    if (lost_) return;
    if (error) {
      lose(lines_.holds_partial_line() ? "the probe ended in the middle of a message"
                                       : "the probe ended");
      return;
    }
    if (!lines_.feed({buffer_.data(), bytes})) {
      lose("the probe sent a line longer than the protocol allows");
      return;
    }
    std::string line;
    while (!lost_ && lines_.next(line)) {
      auto message = protocol::decode(line);
      if (!message) {
        lose("the probe sent what is no message: " + message.error().message);
        return;
      }
      events_.message(std::move(*message));
    }
    if (!lost_) read_output();
  }

  void read_errors() {
    errors_.async_read_some(asio::buffer(error_buffer_), [self = shared_from_this()](
                                                             error_code error, std::size_t bytes) {
      const auto room = kStderrBytesMax - self->error_text_.size();
      self->error_text_.append(self->error_buffer_.data(), std::min(bytes, room));
      if (!error) self->read_errors();
    });
  }

  void write_front() {
    asio::async_write(
        input_, asio::buffer(queue_.front()),
        [self = shared_from_this()](error_code error, std::size_t) { self->on_written(error); });
  }

  void on_written(error_code error) {
    if (lost_ || error) return;  // the end of its output says that it is gone, and why
    queued_bytes_ -= queue_.front().size();
    queue_.pop_front();
    if (!queue_.empty()) write_front();
  }

  void lose(std::string why) {
    lost_ = true;
    std::string said = error_text_.substr(0, error_text_.find_last_not_of("\n ") + 1);
    std::ranges::replace(said, '\n', ' ');
    if (!said.empty()) why += ": " + said;
    close();
    // Not from within send(): whoever sends is in the middle of something.
    asio::post(output_.get_executor(), [self = shared_from_this(), why = std::move(why)]() mutable {
      self->events_.lost(std::move(why));
    });
  }

  void close() {
    error_code ignored;
    input_.close(ignored);
    output_.close(ignored);
    errors_.close(ignored);
    if (child_.valid()) {
      ::kill(-child_.id(), SIGKILL);
      std::error_code unused;
      child_.terminate(unused);  // and reap it
    }
  }

  bp::async_pipe input_;
  bp::async_pipe output_;
  bp::async_pipe errors_;
  bp::child child_;
  ProbeChannel::Events events_;
  std::array<char, 65536> buffer_{};
  std::array<char, 1024> error_buffer_{};
  std::string error_text_;
  protocol::LineReader lines_;
  std::deque<std::string> queue_;
  std::size_t queued_bytes_ = 0;
  bool lost_ = false;
};

class ProcessChannel : public ProbeChannel {
 public:
  explicit ProcessChannel(std::shared_ptr<Child> child) : child_(std::move(child)) {}
  ~ProcessChannel() override { child_->kill(); }
  void send(const protocol::Message& message) override { child_->send(message); }
  void kill() override { child_->kill(); }

 private:
  std::shared_ptr<Child> child_;
};

}  // namespace

std::vector<std::string> launch_command(const core::Launch& launch, const std::string& probe_path) {
  switch (launch.kind) {
    case core::Launch::Kind::None:
    case core::Launch::Kind::Enrolled:  // it is there already
      return {};
    case core::Launch::Kind::Local:
      return {probe_path, "--stdio"};
    case core::Launch::Kind::Netns:
      // ip(8) also gives the child the namespace's own resolv.conf and hosts file.
      return {"ip", "netns", "exec", launch.netns, probe_path, "--stdio"};
    case core::Launch::Kind::Command:
      return launch.command;
  }
  return {};
}

Result<std::unique_ptr<ProbeChannel>> start_probe(asio::io_context& loop,
                                                  const std::vector<std::string>& command,
                                                  ProbeChannel::Events events) {
  if (command.empty()) return fail(ErrorCode::Unavailable, "the endpoint has no way to a probe");
  auto child = std::make_shared<Child>(loop, std::move(events));
  if (auto started = child->start(command); !started) return tl::unexpected(started.error());
  return std::make_unique<ProcessChannel>(std::move(child));
}

}  // namespace reachproof::orchestrator
