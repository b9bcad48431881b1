#include "probe/agent/worker.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace reachproof::probe {
namespace {

constexpr std::size_t kQueuedBytesMax = 4U << 20U;

[[noreturn]] void become(const std::vector<std::string>& command, int input, int output) {
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

Result<std::unique_ptr<Worker>> Worker::start(const std::vector<std::string>& command) {
  std::array<int, 2> input{};
  std::array<int, 2> output{};
  if (pipe2(input.data(), O_CLOEXEC) != 0 || pipe2(output.data(), O_CLOEXEC) != 0) {
    return fail(ErrorCode::Io, fmt::format("pipe: {}", std::strerror(errno)));
  }
  const pid_t pid = fork();
  if (pid < 0) return fail(ErrorCode::Io, fmt::format("fork: {}", std::strerror(errno)));
  if (pid == 0) become(command, input[0], output[1]);
  ::close(input[0]);
  ::close(output[1]);
  std::unique_ptr<Worker> worker(new Worker);
  worker->pid_ = pid;
  worker->input_ = input[1];
  worker->output_ = output[0];
  fcntl(worker->input_, F_SETFL, O_NONBLOCK);
  fcntl(worker->output_, F_SETFL, O_NONBLOCK);
  return worker;
}

Worker::~Worker() {
  kill();
  if (input_ >= 0) ::close(input_);
  if (output_ >= 0) ::close(output_);
}

bool Worker::send(const std::string& line) {
  if (queued_.size() + line.size() > kQueuedBytesMax) return false;
  queued_ += line;
  queued_ += '\n';
  write_queued();
  return true;
}

void Worker::write_queued() {
  while (!queued_.empty()) {
    const auto put = ::write(input_, queued_.data(), queued_.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno != EAGAIN) queued_.clear();  // it is gone; its output will say so
    if (put <= 0) return;
    queued_.erase(0, static_cast<std::size_t>(put));
  }
}

std::string Worker::pump() {
  write_queued();
  std::string text;
  std::array<char, 65536> buffer{};
  constexpr int kReadsMax = 16;
  for (int i = 0; i < kReadsMax && !over_; ++i) {
    const auto got = ::read(output_, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) {
      over_ = true;
      break;
    }
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

std::string Worker::ending() {
  if (pid_ < 0) return "it was ended";
  ::kill(pid_, SIGKILL);  // its output is closed: nothing more can come of it
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
    return fmt::format("the worker ended with code {}", WEXITSTATUS(status));
  }
  if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) {
    return fmt::format("the worker was ended by signal {}", WTERMSIG(status));
  }
  return "";
}

void Worker::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  over_ = true;
}

}  // namespace reachproof::probe
