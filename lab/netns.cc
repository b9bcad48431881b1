#include "lab/netns.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/check.h"

namespace reachproof::lab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kThisThread = "/proc/thread-self/ns/net";

tl::unexpected<Error> io(std::string doing) {
  return fail(ErrorCode::Io, fmt::format("{}: {}", doing, std::strerror(errno)));
}

/// Settings that an older kernel keeps for the whole machine are missing in a namespace: skipped.
Result<void> write_sysctl(const char* name, const char* value) {
  const auto path = fmt::format("/proc/sys/net/{}", name);
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return {};
  if (!file) return io("open " + path);
  if (::write(file.get(), value, std::strlen(value)) < 0) return io("write " + path);
  return {};
}

Result<void> write_all(std::initializer_list<std::pair<const char*, const char*>> settings) {
  for (const auto& [name, value] : settings) {
    if (auto written = write_sysctl(name, value); !written) return written;
  }
  return {};
}

}  // namespace

Result<NetnsVisit> NetnsVisit::begin() {
  Descriptor home(::open(kThisThread, O_RDONLY | O_CLOEXEC));
  if (!home) return io("open the current network namespace");
  return NetnsVisit(std::move(home));
}

NetnsVisit::~NetnsVisit() {
  if (home_) CHECK(::setns(home_.get(), CLONE_NEWNET) == 0);
}

Result<void> NetnsVisit::go(int netns) {
  if (::setns(netns, CLONE_NEWNET) != 0) return io("enter a network namespace");
  return {};
}

Result<void> prepare_netns_directory(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error)
    return fail(ErrorCode::Io, fmt::format("make {}: {}", directory.string(), error.message()));
  const char* path = directory.c_str();
  if (::mount("", path, "none", MS_SHARED | MS_REC, nullptr) == 0) return {};
  if (errno != EINVAL) return io(fmt::format("share {}", path));
  if (::mount(path, path, "none", MS_BIND | MS_REC, nullptr) != 0)
    return io(fmt::format("bind {}", path));
  if (::mount("", path, "none", MS_SHARED | MS_REC, nullptr) != 0)
    return io(fmt::format("share {}", path));
  return {};
}

Result<Descriptor> create_netns(const fs::path& directory, const std::string& name) {
  const auto path = directory / name;
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0));
  if (!file && errno == EEXIST) {
    return fail(ErrorCode::Busy, fmt::format("the network namespace {} exists already and is not "
                                             "this lab's; `ip netns delete {}` removes it",
                                             name, name));
  }
  if (!file) return io("make " + path.string());
  if (::unshare(CLONE_NEWNET) != 0) return io("make a network namespace");
  if (::mount(kThisThread, path.c_str(), "none", MS_BIND, nullptr) != 0) {
    return io("name the network namespace " + name);
  }
  Descriptor netns(::open(kThisThread, O_RDONLY | O_CLOEXEC));
  if (!netns) return io("open the network namespace " + name);
  return netns;
}

Result<Descriptor> open_netns(const fs::path& directory, const std::string& name) {
  Descriptor netns(::open((directory / name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!netns) return io("open the network namespace " + name);
  return netns;
}

bool netns_exists(const fs::path& directory, const std::string& name) {
  struct statfs info {};
  if (::statfs((directory / name).c_str(), &info) != 0) return false;
  return info.f_type == NSFS_MAGIC;
}

void remove_netns(const fs::path& directory, const std::string& name) {
  const auto path = directory / name;
  ::umount2(path.c_str(), MNT_DETACH);
  ::unlink(path.c_str());
}

Result<void> write_sysctls(bool router) {
  auto written = write_all({{"ipv4/icmp_ratelimit", "0"},
                            {"ipv4/icmp_msgs_per_sec", "1000000"},
                            {"ipv4/icmp_msgs_burst", "1000000"},
                            {"ipv6/icmp/ratelimit", "0"},
                            {"ipv4/conf/all/rp_filter", "0"},
                            {"ipv4/conf/default/rp_filter", "0"},
                            {"ipv4/conf/all/send_redirects", "0"},
                            {"ipv4/conf/default/send_redirects", "0"},
                            {"ipv6/conf/all/accept_dad", "0"},
                            {"ipv6/conf/default/accept_dad", "0"},
                            {"ipv6/conf/default/dad_transmits", "0"},
                            {"ipv6/conf/default/accept_ra", "0"}});
  if (!written || !router) return written;
  return write_all({{"ipv4/ip_forward", "1"}, {"ipv6/conf/all/forwarding", "1"}});
}

Result<void> silence_switch() {
  return write_all({{"ipv6/conf/all/disable_ipv6", "1"}, {"ipv6/conf/default/disable_ipv6", "1"}});
}

}  // namespace reachproof::lab
