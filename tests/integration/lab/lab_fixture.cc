#include "tests/integration/lab/lab_fixture.h"

#include <fmt/format.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace reachproof::lab {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  bool v6 = false;
};

Address address_of_text(const std::string& text, int port) {
  Address address;
  const auto ip = *core::IpAddress::parse(text);
  address.v6 = ip.family() == core::Family::V6;
  if (address.v6) {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(static_cast<std::uint16_t>(port));
    std::memcpy(&in.sin6_addr, ip.bytes(), 16);
    std::memcpy(&address.storage, &in, sizeof in);
    address.size = sizeof in;
  } else {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(static_cast<std::uint16_t>(port));
    std::memcpy(&in.sin_addr, ip.bytes(), 4);
    std::memcpy(&address.storage, &in, sizeof in);
    address.size = sizeof in;
  }
  return address;
}

int open_socket(const Address& address, int type) {
  const int fd = ::socket(address.v6 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK, 0);
  const int on = 1;
  if (address.v6)
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
  else
    ::setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  return fd;
}

/// "icmp 3/13 from 10.0.0.1", or "" where the error queue is empty.
std::string icmp_error(int fd) {
  std::array<char, 1024> control{};
  std::array<char, 256> data{};
  iovec part{data.data(), data.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(fd, &message, MSG_ERRQUEUE) < 0) return "";
  for (auto* it = CMSG_FIRSTHDR(&message); it != nullptr; it = CMSG_NXTHDR(&message, it)) {
    sock_extended_err error{};
    std::memcpy(&error, CMSG_DATA(it), sizeof error);
    const auto* sender = CMSG_DATA(it) + sizeof error;
    if (error.ee_origin == SO_EE_ORIGIN_ICMP) {
      return fmt::format("icmp {}/{} from {}", error.ee_type, error.ee_code,
                         core::IpAddress::v4(sender + offsetof(sockaddr_in, sin_addr)).text());
    }
    if (error.ee_origin == SO_EE_ORIGIN_ICMP6) {
      return fmt::format("icmp6 {}/{} from {}", error.ee_type, error.ee_code,
                         core::IpAddress::v6(sender + offsetof(sockaddr_in6, sin6_addr)).text());
    }
  }
  return "";
}

bool wait_for(int fd, short events, int timeout_ms) {
  pollfd ready{fd, events, 0};
  return ::poll(&ready, 1, timeout_ms) > 0;
}

std::string outcome(int fd, int error) {
  if (error == 0) return "connected";
  if (auto icmp = icmp_error(fd); !icmp.empty()) return icmp;
  if (error == ECONNREFUSED) return "refused";
  return std::strerror(error);
}

}  // namespace

std::string tcp(const std::string& text, int port, int timeout_ms) {
  const auto address = address_of_text(text, port);
  const int fd = open_socket(address, SOCK_STREAM);
  std::string result;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0) {
    result = "connected";
  } else if (errno != EINPROGRESS) {
    result = outcome(fd, errno);
  } else if (!wait_for(fd, POLLOUT, timeout_ms)) {
    result = "timed-out";
  } else {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    result = outcome(fd, error);
  }
  ::close(fd);
  return result;
}

std::string udp(const std::string& text, int port, const std::string& data, int timeout_ms) {
  const auto address = address_of_text(text, port);
  const int fd = open_socket(address, SOCK_DGRAM);
  ::connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size);
  ::send(fd, data.data(), data.size(), 0);
  std::string result = "silent";
  if (wait_for(fd, POLLIN, timeout_ms)) {
    std::array<char, 2048> buffer{};
    const auto size = ::recv(fd, buffer.data(), buffer.size(), 0);
    result =
        size >= 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : icmp_error(fd);
  }
  ::close(fd);
  return result;
}

std::string talk(const std::string& text, int port, const std::string& data) {
  const auto address = address_of_text(text, port);
  const int fd = open_socket(address, SOCK_STREAM);
  ::connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size);
  std::string heard;
  if (wait_for(fd, POLLOUT, 2000)) {
    if (!data.empty()) ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    std::array<char, 4096> buffer{};
    while (wait_for(fd, POLLIN, 500)) {
      const auto size = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (size < 0) heard += fmt::format("<{}>", std::strerror(errno));
      if (size == 0) heard += "<end>";
      if (size <= 0) break;
      heard.append(buffer.data(), static_cast<std::size_t>(size));
    }
  }
  ::close(fd);
  return heard;
}

bool labs_are_possible() {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool root = ::geteuid() == 0 && ::unshare(CLONE_NEWNET) == 0;
    ::_exit(root || ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string lab_tool() {
  return REACHPROOF_BIN_DIR "/lab_tool";
}

std::string lab_file_named(const std::string& name, const std::string& text) {
  const auto path = fmt::format("/tmp/{}-{}.yaml", name, ::getpid());
  std::ofstream(path) << text;
  return path;
}

std::string shell(const std::string& command) {
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::string output;
  std::array<char, 4096> buffer{};
  for (auto size = std::fread(buffer.data(), 1, buffer.size(), pipe); size > 0;
       size = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), size);
  }
  const int status = ::pclose(pipe);
  return fmt::format("{} {}", WIFEXITED(status) ? WEXITSTATUS(status) : -1, output);
}

void LabTest::SetUp() {
  if (!labs_are_possible()) GTEST_SKIP() << "neither root nor user namespaces are available here";
  name_ = fmt::format("t{}", ::getpid());
  options_.programs.serve = {lab_tool(), "lab-serve"};
}

void LabTest::TearDown() {
  if (name_.empty()) return;
  const auto done = down(name_);
  EXPECT_TRUE(done) << done.error().message;
}

Result<UpReport> LabTest::try_up(const std::string& text) {
  auto file = load_lab("version: 1\nname: " + name_ + "\n" + text, "test.yaml", ".");
  if (!file.lab) return fail(ErrorCode::Config, lab::text(file.problems));
  lab_ = std::move(*file.lab);
  return up(lab_, options_);
}

void LabTest::bring_up(const std::string& text) {
  const auto report = try_up(text);
  ASSERT_TRUE(report) << report.error().message;
}

std::string LabTest::inside(const std::string& host, const std::function<std::string()>& function) {
  std::array<int, 2> pipe{};
  if (::pipe(pipe.data()) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    const auto entered = enter(lab_, host);
    const auto text = entered ? function() : "not entered: " + entered.error().message;
    if (::write(pipe[1], text.data(), text.size()) < 0) ::_exit(1);
    ::_exit(0);
  }
  ::close(pipe[1]);
  std::string text;
  std::array<char, 4096> buffer{};
  for (auto size = ::read(pipe[0], buffer.data(), buffer.size()); size > 0;
       size = ::read(pipe[0], buffer.data(), buffer.size())) {
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  ::close(pipe[0]);
  ::waitpid(child, nullptr, 0);
  return text;
}

}  // namespace reachproof::lab
