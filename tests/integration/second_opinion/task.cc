#include "tests/integration/second_opinion/task.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>

namespace reachproof::second_opinion {
namespace {

constexpr int kPatienceMs = 30'000;

}  // namespace

Task::Task(const lab::Lab& lab, const std::string& host, const std::vector<std::string>& command) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) return;
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(in[0], STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    const auto failed = lab::exec(lab, host, command);
    std::fprintf(stderr, "%s\n", failed.message.c_str());
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  input_ = in[1];
  output_ = out[0];
}

Task::~Task() {
  if (input_ >= 0) ::close(input_);
  if (output_ >= 0) ::close(output_);
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Task::say(const std::string& text) {
  // What is said here fits a pipe's buffer: this does not block.
  if (::write(input_, text.data(), text.size()) < 0) std::perror("write");
}

bool Task::fill() {
  std::array<char, 65536> buffer;
  pollfd ready{.fd = output_, .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, kPatienceMs) <= 0) return false;
  const auto got = ::read(output_, buffer.data(), buffer.size());
  if (got <= 0) return false;
  heard_.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

std::string Task::line() {
  while (true) {
    if (const auto end = heard_.find('\n'); end != std::string::npos) {
      const auto line = heard_.substr(0, end);
      heard_.erase(0, end + 1);
      return line;
    }
    if (!fill()) return "";
  }
}

std::string Task::rest() {
  while (fill()) {
  }
  return std::move(heard_);
}

}  // namespace reachproof::second_opinion
