#include "orchestrator/fleet/plane_tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "protocol/certificate.h"
#include "protocol/key_pair.h"

namespace reachproof::orchestrator {
namespace {

/// Where a session keeps whether its certificate is one of ours.
int certified_place() {
  static const int place = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return place;
}

/// TLS proves that the peer has its certificate's key. Whether our authority vouches for it is
/// noted, and decides what it may ask: a probe that joins has only a certificate of its own.
int note_certificate(X509_STORE_CTX* context, void*) {
  auto* session =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  static char yes = 1;
  const bool sound = X509_verify_cert(context) == 1;
  SSL_set_ex_data(session, certified_place(), sound ? &yes : nullptr);
  X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

X509* certificate_in(const std::string& pem) {
  BIO* memory = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* certificate = PEM_read_bio_X509(memory, nullptr, nullptr, nullptr);
  BIO_free(memory);
  return certificate;
}

std::string uri_of(X509* certificate) {
  BIO* memory = BIO_new(BIO_s_mem());
  char* pem = nullptr;
  std::string uri;
  if (PEM_write_bio_X509(memory, certificate) == 1) {
    const auto size = BIO_get_mem_data(memory, &pem);
    const auto facts = protocol::read_certificate({pem, static_cast<std::size_t>(size)});
    if (facts) uri = facts->uri;
  }
  BIO_free(memory);
  return uri;
}

bool use_certificate(SSL_CTX* context, const std::string& certificate_pem,
                     const std::string& key_pem, const std::string& authority_pem) {
  const auto key = protocol::KeyPair::from_pem(key_pem);
  X509* certificate = certificate_in(certificate_pem);
  X509* authority = certificate_in(authority_pem);
  const bool used = key && certificate != nullptr && authority != nullptr &&
                    SSL_CTX_use_certificate(context, certificate) == 1 &&
                    SSL_CTX_use_PrivateKey(context, static_cast<EVP_PKEY*>(key->handle())) == 1 &&
                    SSL_CTX_check_private_key(context) == 1 &&
                    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority) == 1;
  X509_free(certificate);
  // The chain is sent whole: a probe that joins knows the authority by its pin alone.
  if (used) SSL_CTX_add_extra_chain_cert(context, authority);
  if (!used) X509_free(authority);
  return used;
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                    unsigned in_size, void*) {
  static constexpr unsigned char kHttp[] = "\x08http/1.1";
  const int chosen = SSL_select_next_proto(const_cast<unsigned char**>(out), size, kHttp,
                                           sizeof kHttp - 1, in, in_size);
  return chosen == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

Result<std::shared_ptr<PlaneTls>> PlaneTls::create(const std::string& certificate_pem,
                                                   const std::string& key_pem,
                                                   const std::string& authority_pem) {
  std::shared_ptr<PlaneTls> tls(new PlaneTls);
  tls->context_ = {SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
  SSL_CTX* context = tls->context_.get();
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  // No resumption: every connection proves its key, and none keeps state for another.
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_verify_depth(context, 2);
  SSL_CTX_set_cert_verify_callback(context, note_certificate, nullptr);
  SSL_CTX_set_max_cert_list(context, 16U << 10U);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  if (!use_certificate(context, certificate_pem, key_pem, authority_pem)) {
    ERR_clear_error();
    return fail(ErrorCode::Config, "the probe plane's certificate and key do not fit together");
  }
  return tls;
}

ssl_st* PlaneTls::accept(int fd) const {
  SSL* session = SSL_new(context_.get());
  if (session == nullptr) return nullptr;
  SSL_set_fd(session, fd);
  SSL_set_accept_state(session);
  return session;
}

Result<PlanePeer> PlaneTls::peer(ssl_st* session) {
  X509* certificate = SSL_get0_peer_certificate(session);
  if (certificate == nullptr) return fail(ErrorCode::Protocol, "no client certificate");
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return fail(ErrorCode::Protocol, "no key in the client certificate");
  PlanePeer peer;
  peer.key_der.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  peer.key = protocol::sha256_hex(peer.key_der);
  peer.spiffe = uri_of(certificate);
  peer.certified = SSL_get_ex_data(session, certified_place()) != nullptr;
  return peer;
}

}  // namespace reachproof::orchestrator
