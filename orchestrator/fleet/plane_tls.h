#pragma once

#include <memory>
#include <string>

#include "core/error.h"

struct ssl_st;
struct ssl_ctx_st;

/// TLS of the probe plane: 1.3 only, a client certificate always. Internal to fleet/.
namespace reachproof::orchestrator {

struct PlanePeer {
  std::string key;
  std::string key_der;
  std::string spiffe;  ///< the certificate's only URI
  bool certified = false;
};

class PlaneTls {
 public:
  static Result<std::shared_ptr<PlaneTls>> create(const std::string& certificate_pem,
                                                  const std::string& key_pem,
                                                  const std::string& authority_pem);
  /// A new server-side session on that socket; free it with SSL_free.
  [[nodiscard]] ssl_st* accept(int fd) const;
  /// Who the other side proved to be; after the handshake.
  [[nodiscard]] static Result<PlanePeer> peer(ssl_st* session);

 private:
  PlaneTls() = default;
  std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace reachproof::orchestrator
