#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "core/error.h"

/// TLS of the API for people. Internal to the server.
namespace reachproof::orchestrator::api {

struct TlsFiles {
  std::string certificate;  ///< PEM, the chain with the leaf first
  std::string key;
};

/// TLS 1.2 and 1.3, no renegotiation. Refuses a key that is not the certificate's.
[[nodiscard]] Result<std::shared_ptr<boost::asio::ssl::context>> tls_context(const TlsFiles& files);

}  // namespace reachproof::orchestrator::api
