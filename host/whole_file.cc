#include "host/whole_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace reachproof::host {
namespace {

tl::unexpected<Error> failure(std::string_view doing, const std::string& path) {
  const auto code = errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Io;
  return fail(code, fmt::format("{} `{}`: {}", doing, path, std::strerror(errno)));
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failure("cannot open", path);
  std::string text;
  std::array<char, 65536> buffer{};
  while (text.size() <= bytes_max) {
    const auto got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      auto failed = failure("cannot read", path);
      ::close(fd);
      return failed;
    }
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(fd);
  if (text.size() > bytes_max) {
    return fail(ErrorCode::Config, fmt::format("`{}` is larger than {} bytes", path, bytes_max));
  }
  return text;
}

Result<void> replace_file(const std::string& path, std::string_view text, mode_t mode) {
  const std::string fresh = path + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return failure("cannot write", fresh);
  const bool written = write_all(fd, text) && ::fsync(fd) == 0;
  if (!written) {
    auto failed = failure("cannot write", fresh);
    ::close(fd);
    ::unlink(fresh.c_str());
    return failed;
  }
  ::close(fd);
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failure("cannot replace", path);
  const auto folder = std::filesystem::path(path).parent_path();
  const int at = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (at >= 0) {
    ::fsync(at);
    ::close(at);
  }
  return {};
}

}  // namespace reachproof::host
