#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/error.h"

struct pollfd;

/// HTTP as a client, for the probe's link, the notifications and the command line. libcurl is
/// known to https.cc alone, and to the probe's questions over sockets of its own.
namespace reachproof::host {

/// What libcurl wants once before anything else; for whoever uses it beside this header.
void initialise_curl();

struct HttpsRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers;  ///< "Name: value"
  std::string body;
  std::chrono::milliseconds timeout{30'000};  ///< for all of it
  std::size_t response_bytes_max = 1U << 20U;
};

struct HttpsResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case; the last one wins
  std::string body;
};

/// SHA-256 over a public key's SubjectPublicKeyInfo (RFC 7469's pin).
using KeyPin = std::array<std::uint8_t, 32>;

/// Credentials of AWS, or of what speaks its protocol: requests are signed (Signature Version 4).
struct AwsCredentials {
  std::string key_id;
  std::string secret;
  std::string region;
  std::string service;  ///< "s3"
};

/// How a client shows who it is, and whom it believes.
struct HttpsOptions {
  std::string ca_pem;            ///< the only authorities to believe; empty: the system's
  std::optional<KeyPin> ca_pin;  ///< instead: believe the authority with this key, as presented
  std::string certificate_pem;   ///< client certificate, empty for none
  std::string key_pem;
  std::optional<AwsCredentials> aws;
  std::string proxy;  ///< empty: what https_proxy and no_proxy say
  bool tls13_only = false;
  bool allow_plain = false;  ///< http:// as well as https://
  std::chrono::milliseconds connect_timeout{10'000};
  /// Asked for each address before it is connected to; empty allows all.
  std::function<bool(const core::IpAddress&)> address_allowed;
};

/// One connection's worth of requests, one at a time; the connection is kept between them.
///
/// Follows no redirect, keeps no cookie, bounds what it reads. An HTTP status of any kind is a
/// value; an error means that no answer came (Unavailable), or one that breaks a bound (Protocol).
/// Not thread-safe.
class HttpsClient {
 public:
  explicit HttpsClient(HttpsOptions options);
  ~HttpsClient();
  HttpsClient(HttpsClient&&) noexcept;
  HttpsClient& operator=(HttpsClient&&) noexcept;

  /// Sends and waits for the answer. `cancelled` is asked several times a second.
  [[nodiscard]] Result<HttpsResponse> perform(const HttpsRequest& request,
                                              const std::function<bool()>& cancelled = {});

  /// Begins a request without waiting. One may be under way at a time.
  [[nodiscard]] Result<void> begin(HttpsRequest request);
  /// Waits until the request moves, one of the descriptors is ready (as poll(2)), or the time is
  /// over, and lets the request go on.
  void wait(std::span<pollfd> others, std::chrono::milliseconds time);
  [[nodiscard]] bool under_way() const;
  /// The answer of the request that was under way; nothing while it still is.
  [[nodiscard]] std::optional<Result<HttpsResponse>> take();
  /// Gives up the request that is under way.
  void abandon();

 private:
  struct Curl;
  std::unique_ptr<Curl> curl_;
};

}  // namespace reachproof::host
