#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/error.h"

namespace reachproof::orchestrator {

/// What a probe asked, after TLS 1.3 with a client certificate, HTTP and decompression.
struct PlaneRequest {
  std::string path;
  std::string body;
  std::string peer;        ///< address, without port
  std::string key;         ///< fingerprint of the client certificate's key
  std::string key_der;     ///< that key, SubjectPublicKeyInfo
  std::string spiffe;      ///< the certificate's only URI, empty where there is none or several
  bool certified = false;  ///< by our authority, and in its time; else signed by the key itself
};

struct PlaneAnswer {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  bool close = false;
};

/// Sends the answer; thread-safe, the first call counts, the connection may be gone by then.
using PlaneReply = std::function<void(PlaneAnswer)>;

/// The probe plane's server: its own listener, thread and parser, apart from the API for people.
///
/// One thread with an epoll loop, OpenSSL and Debian's http_parser, about 25 KB for an idle
/// connection (docs/adr/0008 says why not Beast). Everything is bounded before it is parsed:
/// connections in all and for each address that has not proven who it is, handshakes, headers,
/// bodies, decompressed bodies, requests a second; slow clients are cut off.
class ProbePlane {
 public:
  struct Options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: any free one
    std::string certificate_pem;
    std::string key_pem;
    std::string authority_pem;
    std::size_t connections_max = 12'000;
    std::size_t unproven_per_address_max = 64;  ///< connections without a certificate of ours
    std::size_t per_key_max = 8;                ///< of one certified key; the oldest makes room
    std::size_t header_bytes_max = 8U << 10U;
    std::size_t body_bytes_max = 1U << 20U;   ///< as sent, before decompression
    std::uint32_t requests_per_second = 100;  ///< of one connection
    std::chrono::seconds handshake_max{10};
    std::chrono::seconds request_max{30};  ///< from its first byte to its last
    std::chrono::seconds idle_max{300};
    std::chrono::seconds write_max{30};
  };
  struct Counters {
    std::uint64_t connections = 0;  ///< open now
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;  ///< for want of room, at accept
    std::uint64_t handshakes_failed = 0;
    std::uint64_t requests = 0;
    std::uint64_t bad_requests = 0;  ///< answered by the plane itself: 4xx
    std::uint64_t cut_off = 0;       ///< for being slow
  };
  /// Called on the plane's thread for each whole request; must not block.
  using Handler = std::function<void(PlaneRequest, PlaneReply)>;

  static Result<std::unique_ptr<ProbePlane>> start(Options options, Handler handler);
  virtual ~ProbePlane() = default;

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// For connections from now on.
  [[nodiscard]] virtual Result<void> set_certificate(const std::string& certificate_pem,
                                                     const std::string& key_pem) = 0;
  /// Ends every connection of that key. Thread-safe, takes effect at once.
  virtual void close_key(const std::string& key) = 0;
  [[nodiscard]] virtual Counters counters() const = 0;
};

}  // namespace reachproof::orchestrator
