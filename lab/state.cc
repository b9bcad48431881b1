#include "lab/state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

namespace reachproof::lab {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLockPatience{30};
constexpr std::chrono::milliseconds kLockPause{20};
constexpr int kSysAdmin = 21;

tl::unexpected<Error> io(std::string doing) {
  return fail(ErrorCode::Io, fmt::format("{}: {}", doing, std::strerror(errno)));
}

bool may_administer() {
  if (::geteuid() != 0) return false;
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (!line.starts_with("CapEff:")) continue;
    return ((std::strtoull(line.c_str() + 7, nullptr, 16) >> kSysAdmin) & 1U) != 0;
  }
  return false;
}

fs::path state_root() {
  if (may_administer()) return "/run/reachproof/lab";
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && ::access(runtime, W_OK) == 0)
    return fs::path(runtime) / "reachproof/lab";
  return fmt::format("/tmp/reachproof-{}/lab", ::geteuid());
}

/// Others may have put something in our place in /tmp.
Result<void> make_own_directory(const fs::path& directory) {
  const auto labs = directory.parent_path();
  for (const auto& path : {labs.parent_path(), labs, directory}) {
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return io("make " + path.string());
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
      if (errno == ENOENT) continue;
      return io("look at " + path.string());
    }
    if (!S_ISDIR(info.st_mode) || info.st_uid != ::geteuid()) {
      return fail(ErrorCode::Refused, fmt::format("{} is not our own directory", path.string()));
    }
  }
  return {};
}

struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

Layout layout_at(const fs::path& state) {
  if (may_administer()) {
    return {.privileged = true, .state = state, .netns = "/run/netns", .etc = "/etc/netns"};
  }
  return {.privileged = false, .state = state, .netns = state / "netns", .etc = state / "etc"};
}

Layout layout_of(const std::string& lab_name) {
  return layout_at(state_root() / lab_name);
}

Result<void> write_file(const fs::path& path, const std::string& text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  const auto fresh = path.string() + ".new";
  std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return fail(ErrorCode::Io, fmt::format("cannot write {}", path.string()));
  fs::rename(fresh, path, error);
  if (error)
    return fail(ErrorCode::Io, fmt::format("write {}: {}", path.string(), error.message()));
  return {};
}

std::string read_file_or_empty(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<void> write_record(const Layout& layout, const Record& record) {
  auto text = fmt::format("{}\n{}\n{}\n", record.file, record.named, record.fingerprint);
  for (const auto& name : record.namespaces) text += name + "\n";
  return write_file(layout.record(), text);
}

std::optional<Record> read_record(const Layout& layout) {
  std::istringstream text(read_file_or_empty(layout.record()));
  Record record;
  std::getline(text, record.file);
  std::getline(text, record.named);
  if (!std::getline(text, record.fingerprint)) return std::nullopt;
  for (std::string name; std::getline(text, name);) record.namespaces.push_back(name);
  return record;
}

Result<Descriptor> lock_state(const Layout& layout) {
  const auto deadline = std::chrono::steady_clock::now() + kLockPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (auto made = make_own_directory(layout.state); !made) return tl::unexpected(made.error());
    Descriptor lock(::open(layout.state.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock && errno == ENOENT) continue;
    if (!lock) return io("open " + layout.state.string());
    struct stat held {};
    struct stat named {};
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      std::this_thread::sleep_for(kLockPause);
    } else if (::fstat(lock.get(), &held) == 0 && ::stat(layout.state.c_str(), &named) == 0 &&
               held.st_ino == named.st_ino) {
      return lock;  // and not a directory that `down` has removed since
    }
  }
  return fail(ErrorCode::Busy,
              fmt::format("another `up` or `down` has been working on {} for {} s",
                          layout.state.filename().string(), kLockPatience.count()));
}

std::optional<pid_t> helper_of(const Layout& layout) {
  const Descriptor file(::open(layout.life().c_str(), O_RDWR | O_CLOEXEC));
  if (!file) return std::nullopt;
  auto lock = whole_file(F_WRLCK);
  if (::fcntl(file.get(), F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return lock.l_pid;
}

Result<Descriptor> become_helper(const Layout& layout) {
  Descriptor file(::open(layout.life().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return io("open " + layout.life().string());
  auto lock = whole_file(F_WRLCK);
  if (::fcntl(file.get(), F_SETLK, &lock) != 0) return io("become the lab's helper");
  return file;
}

}  // namespace reachproof::lab
