#include "bench/attempts/network.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

#include "lab/command.h"
#include "lab/netns.h"

namespace reachproof::bench {
namespace {

tl::unexpected<Error> failure(const char* doing) {
  return fail(ErrorCode::Io, fmt::format("{}: {}", doing, std::strerror(errno)));
}

Result<void> run(const std::vector<std::string>& command, const std::string& input) {
  auto done = lab::run_command(command, input);
  if (!done) return tl::unexpected(done.error());
  if (done->exit_code == 0) return {};
  return fail(ErrorCode::Io, fmt::format("{}: {}", command.front(), done->output));
}

/// A new namespace, with the calling process in it.
Result<lab::Descriptor> new_namespace() {
  if (::unshare(CLONE_NEWNET) != 0) return failure("unshare (this benchmark needs root)");
  lab::Descriptor fd(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!fd) return failure("open /proc/self/ns/net");
  if (auto set = lab::write_sysctls(false); !set) return tl::unexpected(set.error());
  return fd;
}

/// Takes and closes connections until it is killed. The backlog holds all attempts, so that a
/// slow acceptor never shows up as a lost SYN.
[[noreturn]] void accept_for_ever(int ready) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  stay_on_core(1);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(kPort);
  const bool listens =
      ::bind(fd, reinterpret_cast<sockaddr*>(&any), sizeof any) == 0 && ::listen(fd, 65'535) == 0;
  if (!listens || ::write(ready, "+", 1) != 1) ::_exit(1);
  while (true) {
    const int peer = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
    if (peer >= 0) ::close(peer);
  }
}

std::string rules_of(Case of) {
  const std::string_view action =
      of == Case::Silent ? "drop" : "reject with icmp type admin-prohibited";
  return fmt::format(
      "table ip bench {{\n  chain in {{\n    type filter hook input priority 0;\n"
      "    tcp dport {} {}\n  }}\n}}\n",
      kPort, action);
}

}  // namespace

void stay_on_core(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<std::size_t>(core), &cores);
  ::sched_setaffinity(0, sizeof cores, &cores);
}

Result<Network> Network::make(Case of) {
  auto visit = lab::NetnsVisit::begin();
  if (!visit) return tl::unexpected(visit.error());
  Network network;
  if (auto done = network.make_source(); !done) return fail(std::move(done), "source");
  if (auto done = network.make_target(of); !done) return fail(std::move(done), "target");
  return network;
}

Network::Network(Network&& other) noexcept
    : source_(std::move(other.source_)),
      target_(std::move(other.target_)),
      listener_(std::exchange(other.listener_, 0)) {}

Network::~Network() {
  if (listener_ == 0) return;
  ::kill(listener_, SIGKILL);
  ::waitpid(listener_, nullptr, 0);
}

Result<void> Network::enter_source() const {
  if (::setns(source_.get(), CLONE_NEWNET) != 0) return failure("setns");
  return {};
}

Result<void> Network::make_source() {
  auto made = new_namespace();
  if (!made) return tl::unexpected(made.error());
  source_ = std::move(*made);
  std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << "1024 65535";
  return {};
}

Result<void> Network::make_target(Case of) {
  auto made = new_namespace();
  if (!made) return tl::unexpected(made.error());
  target_ = std::move(*made);
  std::ofstream("/proc/sys/net/core/somaxconn") << "65535";
  std::ofstream("/proc/sys/net/ipv4/tcp_max_syn_backlog") << "65535";
  const auto source = fmt::format("/proc/{}/fd/{}", ::getpid(), source_.get());
  auto done =
      run({"ip", "-batch", "-"}, fmt::format("link set lo up\n"
                                             "link add wire type veth peer name wire netns {}\n"
                                             "addr add 10.98.0.2/24 dev wire\nlink set wire up\n"
                                             "route add local 10.99.0.0/16 dev lo\n",
                                             source));
  if (!done) return done;
  if (of == Case::Rejected || of == Case::Silent) {
    if (done = run({"nft", "-f", "-"}, rules_of(of)); !done) return done;
  }
  if (of == Case::Open) {
    if (done = start_listener(); !done) return done;
  }
  if (done = enter_source(); !done) return done;
  return run({"ip", "-batch", "-"},
             "link set lo up\naddr add 10.98.0.1/24 dev wire\nlink set wire up\n"
             "route add 10.99.0.0/16 via 10.98.0.2\n");
}

Result<void> Network::start_listener() {
  std::array<int, 2> ready{};
  if (::pipe2(ready.data(), O_CLOEXEC) != 0) return failure("pipe");
  listener_ = ::fork();
  if (listener_ == 0) accept_for_ever(ready[1]);
  ::close(ready[1]);
  char byte = 0;
  const bool up = ::read(ready[0], &byte, 1) == 1;
  ::close(ready[0]);
  if (!up) return fail(ErrorCode::Io, "the listener did not start");
  return {};
}

}  // namespace reachproof::bench
