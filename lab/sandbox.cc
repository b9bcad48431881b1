#include "lab/sandbox.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "lab/netlink.h"

namespace reachproof::lab {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> io(std::string doing) {
  return fail(ErrorCode::Io, fmt::format("{}: {}", doing, std::strerror(errno)));
}

Result<void> write_own(const char* path, const std::string& text) {
  const Descriptor file(::open(path, O_WRONLY | O_CLOEXEC));
  if (!file || ::write(file.get(), text.data(), text.size()) < 0)
    return io(fmt::format("write {}", path));
  return {};
}

Result<void> enter(const fs::path& path, int kind) {
  const Descriptor space(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!space) return io("open " + path.string());
  if (::setns(space.get(), kind) != 0) return io("enter " + path.string());
  return {};
}

}  // namespace

Result<void> make_sandbox(const Layout& layout) {
  const auto uid = ::geteuid();
  const auto gid = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) != 0) {
    return fail(ErrorCode::Unavailable,
                fmt::format("cannot make a user namespace: {}; run as root, or allow them (sysctl "
                            "user.max_user_namespaces, kernel.unprivileged_userns_clone, "
                            "kernel.apparmor_restrict_unprivileged_userns)",
                            std::strerror(errno)));
  }
  if (auto done = write_own("/proc/self/setgroups", "deny"); !done) return done;
  if (auto done = write_own("/proc/self/uid_map", fmt::format("0 {} 1", uid)); !done) return done;
  if (auto done = write_own("/proc/self/gid_map", fmt::format("0 {} 1", gid)); !done) return done;
  if (::mount("", "/", "none", MS_REC | MS_PRIVATE, nullptr) != 0) return io("keep mounts private");
  std::error_code error;
  fs::create_directories(layout.netns, error);
  if (error)
    return fail(ErrorCode::Io, fmt::format("make {}: {}", layout.netns.string(), error.message()));
  if (::mount("none", layout.netns.c_str(), "tmpfs", 0, nullptr) != 0) {
    return io("mount " + layout.netns.string());
  }
  // So that `ip netns` works inside; without the directory it does not, and nothing else is lost.
  if (fs::is_directory("/run/netns", error)) {
    ::mount(layout.netns.c_str(), "/run/netns", "none", MS_BIND, nullptr);
  }
  auto netlink = Netlink::open();
  if (!netlink) return tl::unexpected(netlink.error());
  return netlink->set_up("lo");
}

Result<void> enter_sandbox(pid_t helper) {
  std::error_code error;
  const auto directory = fs::current_path(error);
  const fs::path spaces = fmt::format("/proc/{}/ns", helper);
  const Descriptor mounts(::open((spaces / "mnt").c_str(), O_RDONLY | O_CLOEXEC));
  if (!mounts) return io("open " + (spaces / "mnt").string());
  if (auto done = enter(spaces / "user", CLONE_NEWUSER); !done) return done;
  if (::setns(mounts.get(), CLONE_NEWNS) != 0) return io("enter the lab's mount namespace");
  fs::current_path(directory, error);
  return {};
}

Result<void> bind_etc(const Layout& layout, const std::string& netns) {
  std::error_code error;
  const auto mine = layout.etc / netns;
  if (!fs::is_directory(mine, error)) return {};
  if (::unshare(CLONE_NEWNS) != 0) return io("make a mount namespace");
  if (::mount("", "/", "none", MS_SLAVE | MS_REC, nullptr) != 0) return io("keep mounts private");
  for (const auto& file : fs::directory_iterator(mine, error)) {
    const auto target = fs::path("/etc") / file.path().filename();
    if (::mount(file.path().c_str(), target.c_str(), "none", MS_BIND, nullptr) != 0) {
      return io(fmt::format("bind {} to {}", file.path().string(), target.string()));
    }
  }
  return {};
}

}  // namespace reachproof::lab
