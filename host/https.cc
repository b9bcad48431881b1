#include "host/https.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/core.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstring>

namespace reachproof::host {

/// Thread-safe by the rule for function-local statics.
void initialise_curl() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)done;
}

namespace {

std::optional<core::IpAddress> address_of(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &v4.sin_addr, bytes.size());
    return core::IpAddress::v4(bytes.data());
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return core::IpAddress::v6(bytes.data());
  }
  return std::nullopt;
}

KeyPin pin_of(X509* certificate) {
  KeyPin pin{};
  unsigned char* der = nullptr;
  const int bytes = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (bytes > 0) SHA256(der, static_cast<std::size_t>(bytes), pin.data());
  OPENSSL_free(der);
  return pin;
}

/// Verifies the chain as usual, but with the presented authority that has the pinned key as the
/// only one believed. Host name and dates are checked by what libcurl and OpenSSL set on the
/// context already.
int verify_by_pin(X509_STORE_CTX* context, void* pin) {
  STACK_OF(X509)* chain = X509_STORE_CTX_get0_untrusted(context);
  STACK_OF(X509)* trusted = sk_X509_new_null();
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    X509* certificate = sk_X509_value(chain, i);
    if (pin_of(certificate) == *static_cast<const KeyPin*>(pin)) sk_X509_push(trusted, certificate);
  }
  int sound = 0;
  if (sk_X509_num(trusted) > 0) {
    X509_STORE_CTX_set0_trusted_stack(context, trusted);
    sound = X509_verify_cert(context);
  } else {
    X509_STORE_CTX_set_error(context, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
  }
  sk_X509_free(trusted);
  return sound;
}

}  // namespace

struct HttpsClient::Curl {
  HttpsOptions options;
  CURL* easy = nullptr;
  CURLM* multi = nullptr;
  curl_slist* headers = nullptr;
  HttpsRequest request;
  HttpsResponse response;
  std::array<char, CURL_ERROR_SIZE> error_text{};
  bool under_way = false;
  bool too_large = false;
  bool forbidden_address = false;
  std::optional<Result<HttpsResponse>> finished;

  explicit Curl(HttpsOptions given) : options(std::move(given)) {
    initialise_curl();
    easy = curl_easy_init();
    multi = curl_multi_init();
  }
  Curl(const Curl&) = delete;
  Curl& operator=(const Curl&) = delete;
  ~Curl() {
    detach();
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
  }

  void detach() {
    if (under_way) curl_multi_remove_handle(multi, easy);
    under_way = false;
  }

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto* curl = static_cast<Curl*>(self);
    const std::size_t bytes = size * count;
    if (curl->response.body.size() + bytes > curl->request.response_bytes_max) {
      curl->too_large = true;
      return 0;
    }
    curl->response.body.append(data, bytes);
    return bytes;
  }

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
    auto* curl = static_cast<Curl*>(self);
    const std::string line(data, size * count);
    constexpr std::size_t kHeadersMax = 100;
    const auto colon = line.find(':');
    if (colon == std::string::npos || curl->response.headers.size() >= kHeadersMax) {
      return size * count;
    }
    std::string name = line.substr(0, colon);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    const auto begin = line.find_first_not_of(" \t", colon + 1);
    const auto end = line.find_last_not_of(" \t\r\n");
    curl->response.headers[name] =
        begin == std::string::npos || end < begin ? "" : line.substr(begin, end - begin + 1);
    return size * count;
  }

  static curl_socket_t on_socket(void* self, curlsocktype, curl_sockaddr* address) {
    auto* curl = static_cast<Curl*>(self);
    const auto ip = address_of(address->addr);
    if (ip && !curl->options.address_allowed(ip->unmapped())) {
      curl->forbidden_address = true;
      return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }

  static CURLcode on_tls_context(CURL*, void* context, void* self) {
    auto* curl = static_cast<Curl*>(self);
    SSL_CTX_set_cert_verify_callback(static_cast<SSL_CTX*>(context), verify_by_pin,
                                     &*curl->options.ca_pin);
    return CURLE_OK;
  }

  template <class T>
  void set(CURLoption option, T value) {
    curl_easy_setopt(easy, option, value);
  }

  void set_blob(CURLoption option, std::string& pem) {
    if (pem.empty()) return;
    curl_blob blob{.data = pem.data(), .len = pem.size(), .flags = CURL_BLOB_COPY};
    curl_easy_setopt(easy, option, &blob);
  }

  void configure_identity() {
    set_blob(CURLOPT_CAINFO_BLOB, options.ca_pem);
    set_blob(CURLOPT_SSLCERT_BLOB, options.certificate_pem);
    set_blob(CURLOPT_SSLKEY_BLOB, options.key_pem);
    set(CURLOPT_SSLVERSION,
        static_cast<long>(options.tls13_only ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2));
    if (!options.ca_pin) return;
    set(CURLOPT_SSL_CTX_FUNCTION, &on_tls_context);
    set(CURLOPT_SSL_CTX_DATA, this);
  }

  void configure_signature() {
    if (!options.aws) return;
    set(CURLOPT_AWS_SIGV4,
        fmt::format("aws:amz:{}:{}", options.aws->region, options.aws->service).c_str());
    set(CURLOPT_USERNAME, options.aws->key_id.c_str());
    set(CURLOPT_PASSWORD, options.aws->secret.c_str());
  }

  void configure() {
    curl_easy_reset(easy);  // the connection stays
    set(CURLOPT_ERRORBUFFER, error_text.data());
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, options.allow_plain ? "http,https" : "https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_USERAGENT, "reachproof/" REACHPROOF_VERSION);
    if (!options.proxy.empty()) set(CURLOPT_PROXY, options.proxy.c_str());
    if (options.address_allowed) {
      set(CURLOPT_OPENSOCKETFUNCTION, &on_socket);
      set(CURLOPT_OPENSOCKETDATA, this);
    }
    configure_identity();
    configure_signature();
    curl_slist_free_all(headers);
    // Without it libcurl would wait for a 100 before a large body. Signed requests go without: a
    // header that is signed and then left out would break the signature.
    headers = options.aws ? nullptr : curl_slist_append(nullptr, "Expect:");
    for (const auto& header : request.headers) headers = curl_slist_append(headers, header.c_str());
    set(CURLOPT_HTTPHEADER, headers);
    if (request.method == "HEAD") set(CURLOPT_NOBODY, 1L);
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      set(CURLOPT_POSTFIELDS, request.body.data());
    }
    set(CURLOPT_CUSTOMREQUEST, request.method == "HEAD" ? nullptr : request.method.c_str());
  }

  Result<HttpsResponse> outcome(CURLcode code) {
    if (too_large) {
      return fail(ErrorCode::Protocol, fmt::format("{} answered with more than {} bytes",
                                                   request.url, request.response_bytes_max));
    }
    if (forbidden_address) {
      return fail(ErrorCode::Refused,
                  fmt::format("{} stands at an address that is not allowed here", request.url));
    }
    if (code != CURLE_OK) {
      return fail(
          ErrorCode::Unavailable,
          fmt::format("{}: {}", request.url,
                      error_text[0] != '\0' ? error_text.data() : curl_easy_strerror(code)));
    }
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    return std::move(response);
  }

  void collect() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      detach();
      finished = outcome(code);
    }
  }
};

HttpsClient::HttpsClient(HttpsOptions options)
    : curl_(std::make_unique<Curl>(std::move(options))) {}
HttpsClient::~HttpsClient() = default;
HttpsClient::HttpsClient(HttpsClient&&) noexcept = default;
HttpsClient& HttpsClient::operator=(HttpsClient&&) noexcept = default;

Result<void> HttpsClient::begin(HttpsRequest request) {
  if (curl_->under_way) return fail(ErrorCode::Busy, "a request is under way already");
  curl_->request = std::move(request);
  curl_->response = {};
  curl_->finished.reset();
  curl_->error_text[0] = '\0';
  curl_->too_large = false;
  curl_->forbidden_address = false;
  curl_->configure();
  if (curl_multi_add_handle(curl_->multi, curl_->easy) != CURLM_OK) {
    return fail(ErrorCode::Internal, "libcurl does not take the request");
  }
  curl_->under_way = true;
  return {};
}

void HttpsClient::wait(std::span<pollfd> others, std::chrono::milliseconds time) {
  std::vector<curl_waitfd> extra;
  for (const auto& other : others) {
    short events = 0;
    if ((other.events & POLLIN) != 0) events |= CURL_WAIT_POLLIN;
    if ((other.events & POLLOUT) != 0) events |= CURL_WAIT_POLLOUT;
    extra.push_back({.fd = other.fd, .events = events, .revents = 0});
  }
  int running = 0;
  if (curl_->under_way) {
    curl_multi_perform(curl_->multi, &running);
    curl_->collect();
  }
  if (curl_->finished) time = std::chrono::milliseconds(0);
  curl_multi_poll(curl_->multi, extra.data(), static_cast<unsigned>(extra.size()),
                  static_cast<int>(time.count()), nullptr);
  if (curl_->under_way) {
    curl_multi_perform(curl_->multi, &running);
    curl_->collect();
  }
  // libcurl does not tell hang-ups apart, and rounds; one look of our own is exact.
  if (!others.empty()) ::poll(others.data(), others.size(), 0);
}

bool HttpsClient::under_way() const {
  return curl_->under_way;
}

std::optional<Result<HttpsResponse>> HttpsClient::take() {
  auto finished = std::move(curl_->finished);
  curl_->finished.reset();
  return finished;
}

void HttpsClient::abandon() {
  curl_->detach();
  curl_->finished.reset();
}

Result<HttpsResponse> HttpsClient::perform(const HttpsRequest& request,
                                           const std::function<bool()>& cancelled) {
  if (auto began = begin(request); !began) return tl::unexpected(began.error());
  while (true) {
    if (auto answer = take()) return std::move(*answer);
    if (cancelled && cancelled()) {
      abandon();
      return fail(ErrorCode::Unavailable, fmt::format("{}: given up", request.url));
    }
    wait({}, std::chrono::milliseconds(200));
  }
}

}  // namespace reachproof::host
