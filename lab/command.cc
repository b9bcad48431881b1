#include "lab/command.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <boost/process.hpp>
#include <boost/process/extend.hpp>
#include <boost/process/posix.hpp>
#include <cerrno>
#include <cstring>

namespace reachproof::lab {
namespace {

namespace bp = boost::process;

constexpr std::size_t kOutputBytesMax = 64U << 20U;

/// Administrators' programs are often missing from a user's PATH.
boost::filesystem::path find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  auto found = bp::search_path(name);
  if (!found.empty()) return found;
  return bp::search_path(name, {"/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/bin", "/bin"});
}

Result<std::string> read_all(int fd, std::chrono::steady_clock::time_point deadline) {
  std::string text;
  std::array<char, 16384> buffer{};
  while (text.size() < kOutputBytesMax) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd readable{fd, POLLIN, 0};
    const int ready = ::poll(&readable, 1, static_cast<int>(std::max<long long>(left.count(), 0)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return fail(ErrorCode::Unavailable, "it did not finish in time");
    const auto size = ::read(fd, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail(ErrorCode::Io, std::strerror(errno));
    if (size == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return fail(ErrorCode::Io, "it wrote too much");
}

}  // namespace

Result<CommandResult> run_command(const std::vector<std::string>& command,
                                  const std::string& input) {
  const auto program = find_program(command.front());
  if (program.empty()) {
    return fail(ErrorCode::Unavailable, fmt::format("`{}` is not installed", command.front()));
  }
  try {
    bp::pipe output;
    bp::opstream feed;
    bp::child child(bp::exe = program.string(),
                    bp::args = std::vector<std::string>(command.begin() + 1, command.end()),
                    bp::std_in<feed, (bp::std_out & bp::std_err)> output);
    feed << input << std::flush;
    feed.pipe().close();
    ::close(output.native_sink());
    output.assign_sink(-1);
    auto text = read_all(output.native_source(),
                         std::chrono::steady_clock::now() + std::chrono::seconds(60));
    if (!text) {
      child.terminate();
      return fail(std::move(text), fmt::format("run `{}`", command.front()));
    }
    child.wait();
    return CommandResult{child.exit_code(), std::move(*text)};
  } catch (const std::exception& error) {
    return fail(ErrorCode::Io, fmt::format("run `{}`: {}", command.front(), error.what()));
  }
}

Result<std::string> start_helper(const HelperStart& start) {
  try {
    bp::pipe report;
    bp::child child(
        bp::exe = start.command.front(),
        bp::args = std::vector<std::string>(start.command.begin() + 1, start.command.end()),
        bp::std_in<bp::null, bp::std_out> report, bp::std_err > start.log,
        bp::posix::fd.bind(kHelperLock, start.lock),
        bp::extend::on_exec_setup([](auto&) { ::setsid(); }));
    child.detach();
    ::close(report.native_sink());
    report.assign_sink(-1);
    auto text = read_all(report.native_source(), std::chrono::steady_clock::now() + start.patience);
    if (!text) return fail(std::move(text), fmt::format("start `{}`", start.command.front()));
    return text;
  } catch (const std::exception& error) {
    return fail(ErrorCode::Io, fmt::format("start `{}`: {}", start.command.front(), error.what()));
  }
}

}  // namespace reachproof::lab
