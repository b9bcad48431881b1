#include "orchestrator/api/http_tls.h"

#include <fmt/core.h>

namespace reachproof::orchestrator::api {

namespace ssl = boost::asio::ssl;

Result<std::shared_ptr<ssl::context>> tls_context(const TlsFiles& files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  boost::system::error_code failed;
  (void)SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  context->set_options(SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE, failed);
  if (!failed) context->use_certificate_chain_file(files.certificate, failed);
  if (failed) {
    return fail(ErrorCode::Config,
                fmt::format("certificate `{}`: {}", files.certificate, failed.message()));
  }
  context->use_private_key_file(files.key, ssl::context::pem, failed);
  if (failed || SSL_CTX_check_private_key(context->native_handle()) != 1) {
    return fail(ErrorCode::Config, fmt::format("`{}` does not hold the key of the certificate `{}`",
                                               files.key, files.certificate));
  }
  return context;
}

}  // namespace reachproof::orchestrator::api
