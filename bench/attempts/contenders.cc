#include "bench/attempts/contenders.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <vector>

#include "probe/privileges.h"

namespace reachproof::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{180};

std::vector<std::string> command_of(Contender contender, const Work& work) {
  if (contender != Contender::Nmap) {
    return {"/proc/self/exe", "--as", std::string(word(contender)), std::string(word(work.of)),
            std::to_string(work.window)};
  }
  return {"nmap",
          "-sT",
          "-n",
          "-Pn",
          "-T5",
          "--min-rate",
          "200000",
          "--max-retries",
          "0",
          "-p",
          std::to_string(kPort),
          "-oG",
          "-",
          "10.99.0.0/16"};
}

[[noreturn]] void become(const std::vector<std::string>& command, int output,
                         const Network& network) {
  stay_on_core(0);
  (void)probe::raise_file_limit();
  ::dup2(output, STDOUT_FILENO);
  if (!network.enter_source()) ::_exit(126);
  std::vector<char*> arguments;
  for (const auto& part : command) arguments.push_back(const_cast<char*>(part.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

/// Counts the lines of nmap's greppable output that say what the case demands.
class NmapLines {
 public:
  explicit NmapLines(Case of)
      : wanted_(fmt::format(" {}/{}/tcp", kPort,
                            of == Case::Open      ? "open"
                            : of == Case::Refused ? "closed"
                                                  : "filtered")) {}
  void feed(std::string_view bytes) {
    for (const char c : bytes) {
      if (c != '\n') {
        line_ += c;
        continue;
      }
      if (line_.find(wanted_) != std::string::npos) ++right_;
      line_.clear();
    }
  }
  [[nodiscard]] std::uint32_t wrong() const { return kAttempts - right_; }

 private:
  std::string wanted_;
  std::string line_;
  std::uint32_t right_ = 0;
};

/// Hands over what the process writes until it ends; false when it takes too long.
template <class Take>
bool read_all(int fd, Clock::time_point until, Take take) {
  std::array<char, 65536> buffer;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return false;
    const auto got = ::read(fd, buffer.data(), buffer.size());
    if (got <= 0) return true;
    take(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
  }
}

/// Seconds for which an ended, not yet reaped process was ready to run and others had the core.
double seconds_kept_waiting(pid_t process) {
  siginfo_t ended{};
  ::waitid(P_PID, static_cast<id_t>(process), &ended, WEXITED | WNOWAIT);
  std::ifstream file(fmt::format("/proc/{}/schedstat", process));
  std::uint64_t on_core_ns = 0;
  std::uint64_t waiting_ns = 0;
  file >> on_core_ns >> waiting_ns;
  return static_cast<double>(waiting_ns) / 1e9;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

std::string_view word(Case of) {
  constexpr std::array<std::string_view, 4> kWords{"open", "refused", "rejected", "silent"};
  return kWords.at(static_cast<std::size_t>(of));
}

std::optional<Case> case_of(std::string_view text) {
  for (const auto of : kCases) {
    if (word(of) == text) return of;
  }
  return std::nullopt;
}

std::string_view word(Contender contender) {
  constexpr std::array<std::string_view, 3> kWords{"bare", "engine", "nmap"};
  return kWords.at(static_cast<std::size_t>(contender));
}

Result<Measure> run_contender(Contender contender, const Work& work, const Network& network) {
  const auto command = command_of(contender, work);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return fail(ErrorCode::Io, "pipe");
  const auto begun = Clock::now();
  const pid_t child = ::fork();
  if (child == 0) become(command, pipe[1], network);
  ::close(pipe[1]);
  NmapLines lines(work.of);
  std::string said;
  const bool ended = read_all(pipe[0], begun + kPatience, [&](std::string_view bytes) {
    contender == Contender::Nmap ? lines.feed(bytes) : void(said += bytes);
  });
  ::close(pipe[0]);
  if (!ended) ::kill(child, SIGKILL);
  const double waited_s = seconds_kept_waiting(child);
  const std::chrono::duration<double> wall = Clock::now() - begun;
  int status = 0;
  rusage used{};
  ::wait4(child, &status, 0, &used);
  if (!ended || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return fail(ErrorCode::Io,
                fmt::format("{} on {} did not come to its end", word(contender), word(work.of)));
  }
  Measure measure{.wall_s = wall.count(),
                  .own_s = wall.count() - waited_s,
                  .cpu_s = seconds(used.ru_utime) + seconds(used.ru_stime),
                  .peak_mib = static_cast<double>(used.ru_maxrss) / 1024,
                  .wrong = lines.wrong()};
  if (contender != Contender::Nmap) {
    std::from_chars(said.data(), said.data() + said.size(), measure.wrong);
  }
  return measure;
}

int be_contender(const std::vector<std::string>& as) {
  const auto of = case_of(as.at(1));
  if (!of) return 2;
  const Work work{.of = *of, .window = std::stoul(as.at(2))};
  const auto wrong = as[0] == word(Contender::Engine) ? run_engine(work) : run_bare_loop(work);
  fmt::print("{}\n", wrong);
  return 0;
}

}  // namespace reachproof::bench
