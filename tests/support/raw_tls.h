#pragma once

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <string>

#include "tests/support/raw_client.h"

/// A TLS client on loopback with any certificate, that says whatever it likes inside.
namespace reachproof::test {

class RawTls {
 public:
  struct Options {
    std::string certificate_pem;
    std::string key_pem;
    int version_max = TLS1_3_VERSION;
  };
  RawTls(std::uint16_t port, const Options& options)
      : tcp_(port), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to whoever is gone, too
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), options.version_max);
    use(options);
    session_ = {SSL_new(context_.get()), SSL_free};
    SSL_set_fd(session_.get(), tcp_.fd());
    connected_ = SSL_connect(session_.get()) == 1;
  }

  /// Whether the handshake went well as far as this side can tell.
  [[nodiscard]] bool connected() const { return connected_; }
  bool say(const std::string& text) {
    return SSL_write(session_.get(), text.data(), static_cast<int>(text.size())) > 0;
  }
  /// All that comes until the other side closes, or the time is over.
  std::string hear(std::chrono::milliseconds time = std::chrono::seconds(10)) {
    std::string text;
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) {
      pollfd wait{tcp_.fd(), POLLIN, 0};
      if (SSL_pending(session_.get()) == 0 && ::poll(&wait, 1, 50) <= 0) continue;
      char bytes[4096];
      const int got = SSL_read(session_.get(), bytes, sizeof bytes);
      closed_ = got <= 0;
      if (closed_) break;
      text.append(bytes, static_cast<std::size_t>(got));
    }
    return text;
  }
  /// True once hear() came to the end.
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  void use(const Options& options) {
    BIO* memory = BIO_new_mem_buf(options.certificate_pem.data(),
                                  static_cast<int>(options.certificate_pem.size()));
    X509* certificate = PEM_read_bio_X509(memory, nullptr, nullptr, nullptr);
    BIO_free(memory);
    memory = BIO_new_mem_buf(options.key_pem.data(), static_cast<int>(options.key_pem.size()));
    EVP_PKEY* key = PEM_read_bio_PrivateKey(memory, nullptr, nullptr, nullptr);
    BIO_free(memory);
    if (certificate != nullptr) SSL_CTX_use_certificate(context_.get(), certificate);
    if (key != nullptr) SSL_CTX_use_PrivateKey(context_.get(), key);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

  RawClient tcp_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> session_{nullptr, SSL_free};
  bool connected_ = false;
  bool closed_ = false;
};

}  // namespace reachproof::test
