#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "probe/file_descriptor.h"
#include "protocol/message.h"

namespace reachproof::probe {

/// The witness's own listeners, on ports that were free. Whoever sends 32 bytes gets back
/// HMAC-SHA256(key, those bytes), 32 bytes as well: never more than was sent, and nothing else.
class OwnListeners {
 public:
  static Result<OwnListeners> create(const protocol::Nonce& key);

  /// Tries to listen on the port, at each address. False where somebody else holds it, or where
  /// we may not (a port below 1024 without the capability).
  [[nodiscard]] bool listen(core::ProtocolPort port, const std::vector<core::IpAddress>& addresses);
  [[nodiscard]] bool holds(core::ProtocolPort port) const { return sockets_.contains(port); }

  /// Whether that nonce came to a UDP listener of ours: the host let it in, whatever became of the
  /// answer. The first 65,536 are remembered.
  [[nodiscard]] bool received(const protocol::Nonce& nonce) const {
    return received_.contains(nonce);
  }

  /// Readable when serve() has something to do.
  [[nodiscard]] int epoll_fd() const { return epoll_.get(); }
  /// Accepts, answers and closes what is ready, without waiting.
  void serve();

 private:
  explicit OwnListeners(const protocol::Nonce& key) : key_(key) {}
  void accept_from(int listener);
  void answer_datagram(int socket);
  void answer_stream(int socket);
  void forget_oldest();

  struct Stream {
    FileDescriptor socket;
    std::vector<std::uint8_t> received;
    std::int64_t accepted_us = 0;
  };

  protocol::Nonce key_;
  FileDescriptor epoll_;
  std::map<core::ProtocolPort, std::vector<FileDescriptor>> sockets_;
  std::map<int, core::Protocol> listeners_;  ///< by descriptor
  std::map<int, Stream> streams_;            ///< by descriptor
  std::set<protocol::Nonce> received_;
};

}  // namespace reachproof::probe
