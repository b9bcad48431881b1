#pragma once

#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "core/layer.h"

namespace reachproof::probe {

/// What a TLS handshake shows of a peer that is asked as a stranger: nothing is verified,
/// everything is noted. Must outlive the context that it watches.
class TlsWatch {
 public:
  /// Sets the context's callbacks; it sends no client certificate, ever.
  void attach(SSL_CTX* context);
  /// Notes version and certificate, once the handshake went that far.
  void look_at(const SSL* ssl);

  [[nodiscard]] bool wants_certificate() const { return wants_certificate_; }
  [[nodiscard]] bool has_ticket() const { return has_ticket_; }
  /// The alert that came, -1 for none.
  [[nodiscard]] int alert() const { return alert_; }
  /// Whether the alert refuses a stranger for want of a certificate (RFC 8446 section 6.2, RFC 5246
  /// section 7.2.2).
  [[nodiscard]] bool refused() const;
  void describe(core::Exchange& exchange) const;

 private:
  static int on_certificate_wanted(SSL* ssl, X509**, EVP_PKEY**);
  static int on_ticket(SSL* ssl, SSL_SESSION*);
  static void on_event(const SSL* ssl, int where, int value);

  bool wants_certificate_ = false;
  bool has_ticket_ = false;
  int alert_ = -1;
  std::string version_;
  std::string certificate_;
  std::vector<std::string> names_;
};

}  // namespace reachproof::probe
