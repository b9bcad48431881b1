#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/error.h"
#include "core/flow.h"
#include "orchestrator/api/http_message.h"

namespace boost::asio {
class io_context;
}

namespace reachproof::orchestrator::api {

/// What one server will bear. A client beyond a bound is answered where that is cheap, and cut.
struct HttpLimits {
  std::size_t header_bytes_max = 16U << 10U;
  std::size_t body_bytes_max = 1U << 20U;
  std::size_t connections_max = 256;
  std::size_t connections_per_address_max = 64;
  std::chrono::milliseconds handshake{10'000};
  std::chrono::milliseconds idle{60'000};    ///< between two requests
  std::chrono::milliseconds header{10'000};  ///< from a request's first byte to its empty line
  std::chrono::milliseconds body{30'000};    ///< from there to its last byte
  std::chrono::milliseconds handling{60'000};
  std::chrono::milliseconds writing{30'000};  ///< one answer, or one piece of a stream
  std::chrono::milliseconds heartbeat{15'000};
};

/// The server of the API for people: HTTP/1.1 in plain on loopback, or over TLS 1.2 and 1.3.
///
/// Runs on the caller's loop, which one thread runs; the handler and its replies too.
class HttpServer {
 public:
  struct Options {
    std::string address = "127.0.0.1";
    core::Port port = 0;           ///< 0: any free one
    std::string certificate_file;  ///< PEM, the chain with the leaf first; empty: no TLS
    std::string key_file;
    HttpLimits limits;
  };
  struct Counters {
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;  ///< beyond a bound on connections
    std::uint64_t cut = 0;      ///< too slow
    std::size_t open = 0;
  };

  /// Listens. Without TLS on loopback only: Config otherwise.
  static Result<std::unique_ptr<HttpServer>> listen(boost::asio::io_context& loop, Options options,
                                                    Handler handler);
  /// Cuts whatever is left.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] core::Port port() const;
  [[nodiscard]] Counters counters() const;

  /// Reads certificate and key again, for new connections. After a failure the old ones stay.
  [[nodiscard]] Result<void> reload_certificate();

  /// Accepts nobody any more, closes streams and idle connections, lets requests finish until the
  /// deadline, then cuts them. `done` is called when the last connection is gone.
  void stop(std::chrono::milliseconds deadline, std::function<void()> done);

 private:
  struct Core;
  explicit HttpServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  std::shared_ptr<Core> core_;
};

}  // namespace reachproof::orchestrator::api
