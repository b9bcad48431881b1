#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <set>
#include <thread>

#include "lab/build.h"
#include "lab/netns.h"

namespace reachproof::lab {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kEndPatience{10};
constexpr std::chrono::milliseconds kEndPause{2};

using Inode = ino_t;

std::optional<Inode> inode_of(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return info.st_ino;
}

/// Processes whose namespace of one kind ("net", "user") is among these. Never ourselves.
std::vector<pid_t> processes_in(const std::set<Inode>& spaces, const char* kind) {
  std::vector<pid_t> found;
  if (spaces.empty()) return found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const auto name = entry.path().filename().string();
    pid_t pid = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (bad != std::errc{} || end != name.data() + name.size() || pid == ::getpid()) continue;
    const auto inode = inode_of(entry.path() / "ns" / kind);
    if (inode && spaces.contains(*inode)) found.push_back(pid);
  }
  return found;
}

/// Ends the helper; its lock tells when it is gone, also where it is nobody's child.
Result<void> end_helper(const Layout& layout) {
  const auto deadline = std::chrono::steady_clock::now() + kEndPatience;
  while (const auto pid = helper_of(layout)) {
    if (std::chrono::steady_clock::now() > deadline) {
      return fail(ErrorCode::Io, fmt::format("the lab's helper, process {}, does not end", *pid));
    }
    ::kill(*pid, SIGKILL);
    std::this_thread::sleep_for(kEndPause);
    ::waitpid(*pid, nullptr, WNOHANG);
  }
  return {};
}

void end_all(const std::set<Inode>& spaces, const char* kind) {
  constexpr int kRounds = 3;  // a process may fork between listing and ending
  for (int round = 0; round < kRounds; ++round) {
    const auto inside = processes_in(spaces, kind);
    if (inside.empty()) return;
    for (const auto pid : inside) ::kill(pid, SIGKILL);
    std::this_thread::sleep_for(kEndPause);
  }
}

/// The user namespace of a lab without root.
std::set<Inode> sandbox_of(const Layout& layout) {
  std::set<Inode> spaces;
  const auto pid = helper_of(layout);
  if (layout.privileged || !pid) return spaces;
  const auto its = inode_of(fmt::format("/proc/{}/ns/user", *pid));
  if (its && its != inode_of("/proc/self/ns/user")) spaces.insert(*its);
  return spaces;
}

void remove_namespaces(const Layout& layout, const Record& record) {
  std::set<Inode> spaces;
  for (const auto& name : record.namespaces) {
    if (!netns_exists(layout.netns, name)) continue;
    if (const auto inode = inode_of(layout.netns / name)) spaces.insert(*inode);
  }
  end_all(spaces, "net");
  std::error_code error;
  for (const auto& name : record.namespaces) {
    remove_netns(layout.netns, name);
    fs::remove_all(layout.etc / name, error);
  }
  fs::remove(layout.etc, error);  // stays where others have something in it
}

}  // namespace

Result<void> tear_down(const Layout& layout) {
  const auto sandbox = sandbox_of(layout);
  if (auto ended = end_helper(layout); !ended) return ended;
  end_all(sandbox, "user");
  const auto record = read_record(layout);
  if (layout.privileged && record) remove_namespaces(layout, *record);
  std::error_code error;
  fs::remove_all(layout.state, error);
  if (error) {
    return fail(ErrorCode::Io,
                fmt::format("remove {}: {}", layout.state.string(), error.message()));
  }
  return {};
}

}  // namespace reachproof::lab
