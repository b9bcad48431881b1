#include "probe/privileges.h"

#include <fmt/core.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace reachproof::probe {
namespace {

using CapabilityData = std::array<__user_cap_data_struct, 2>;

bool read_capabilities(CapabilityData& data) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  return syscall(SYS_capget, &header, data.data()) == 0;
}

constexpr std::uint32_t bit(int capability) {
  return std::uint32_t{1} << capability;
}

}  // namespace

Result<void> drop_privileges(bool witness) {
  const std::uint32_t wanted = witness ? bit(CAP_NET_RAW) | bit(CAP_NET_BIND_SERVICE) : 0;
  // The bounding set first, while CAP_SETPCAP may still be there; without it, it stays as it is,
  // which no_new_privs makes harmless.
  for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    if (capability < 32 && (wanted & bit(capability)) != 0) continue;
    (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return fail(ErrorCode::Io, fmt::format("no_new_privs: {}", std::strerror(errno)));
  }
  CapabilityData data{};
  if (!read_capabilities(data)) {
    return fail(ErrorCode::Io, fmt::format("capget: {}", std::strerror(errno)));
  }
  data[0].permitted &= wanted;
  data[0].effective = data[0].permitted;
  data[0].inheritable = 0;
  data[1] = {};
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  if (syscall(SYS_capset, &header, data.data()) != 0) {
    return fail(ErrorCode::Io, fmt::format("capset: {}", std::strerror(errno)));
  }
  return {};
}

bool may_capture() {
  CapabilityData data{};
  return read_capabilities(data) && (data[0].effective & bit(CAP_NET_RAW)) != 0;
}

std::size_t raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<std::size_t>(limit.rlim_cur);
}

}  // namespace reachproof::probe
