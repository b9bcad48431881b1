#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/error.h"
#include "lab/descriptor.h"
#include "lab/model.h"

/// Serves every listener of a lab from one thread and one epoll set.
namespace reachproof::lab {

using NameTable = std::map<std::string, std::vector<core::IpAddress>>;

/// Real sockets, opened inside each host's namespace; the kernel answers for what is closed.
/// Connections are bounded by the descriptors that the process may have: past that, the oldest is
/// closed. Owned by the helper; one thread.
class ListenerServer {
 public:
  static Result<ListenerServer> make(NameTable names);

  /// Opens one listener in the calling thread's network namespace.
  Result<void> open(const std::string& host, const Listener& listener);

  /// Answers everybody who connects to this path with a line for each listener:
  /// "HOST tcp/443 http 12" (the number served so far), and closes.
  Result<void> open_control(const std::filesystem::path& path);

  /// Serves until `stop` becomes readable; -1 for never.
  Result<void> run(int stop);

 private:
  struct Served {
    Descriptor socket;
    std::string host;
    Listener listener;
    std::uint64_t count = 0;
  };
  struct Connection {
    Descriptor socket;
    std::size_t served = 0;
    std::uint64_t age = 0;  ///< the larger, the younger
    std::string out;        ///< not yet sent
    std::string request;    ///< of http, until its blank line
    bool closing = false;   ///< once `out` is sent
  };

  explicit ListenerServer(Descriptor epoll, NameTable names)
      : epoll_(std::move(epoll)), names_(std::move(names)) {}

  Result<void> watch(int fd, std::uint64_t tag);
  void accept_all(std::size_t served);
  void greet(Descriptor socket, std::size_t served);
  void keep(Connection connection);
  void make_room();
  void answer_datagrams(std::size_t served);
  void answer_control();
  void on_connection(int fd);
  bool take_input(Connection& connection);
  void take_bytes(Connection& connection, std::string_view bytes);
  bool send_output(Connection& connection);

  Descriptor epoll_;
  Descriptor control_;
  NameTable names_;
  std::vector<Served> served_;
  std::unordered_map<int, Connection> connections_;
  std::uint64_t next_age_ = 0;
  std::map<std::uint64_t, int> by_age_;
};

}  // namespace reachproof::lab
