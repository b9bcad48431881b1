#include "probe/dialogue/tls_watch.h"

#include <openssl/x509v3.h>

#include <array>

#include "core/hex.h"
#include "probe/dialogue/dialogue.h"

namespace reachproof::probe {
namespace {

constexpr std::size_t kNamesMax = 64;
constexpr std::size_t kNameBytesMax = 253;

TlsWatch* watch_of(const SSL* ssl) {
  return static_cast<TlsWatch*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

std::string version_text(int version) {
  switch (version) {
    case TLS1_3_VERSION:
      return "1.3";
    case TLS1_2_VERSION:
      return "1.2";
    case TLS1_1_VERSION:
      return "1.1";
    case TLS1_VERSION:
      return "1.0";
    default:
      return "0";
  }
}

std::string text_of(const ASN1_STRING* text) {
  const std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                               static_cast<std::size_t>(ASN1_STRING_length(text)));
  return printable_part(bytes.substr(0, kNameBytesMax));
}

std::string address_text(const ASN1_STRING* address) {
  const auto* bytes = ASN1_STRING_get0_data(address);
  switch (ASN1_STRING_length(address)) {
    case 4:
      return core::IpAddress::v4(bytes).text();
    case 16:
      return core::IpAddress::v6(bytes).text();
    default:
      return "";
  }
}

/// The subject's alternative names: DNS, URI (where SPIFFE ids stand) and IP.
std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> names;
  auto* list = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list) && names.size() < kNamesMax; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
    if (name->type == GEN_DNS) names.push_back(text_of(name->d.dNSName));
    if (name->type == GEN_URI) names.push_back(text_of(name->d.uniformResourceIdentifier));
    if (name->type == GEN_IPADD) names.push_back(address_text(name->d.iPAddress));
  }
  GENERAL_NAMES_free(list);
  return names;
}

}  // namespace

int TlsWatch::on_certificate_wanted(SSL* ssl, X509**, EVP_PKEY**) {
  watch_of(ssl)->wants_certificate_ = true;
  return 0;  // there is none
}

int TlsWatch::on_ticket(SSL* ssl, SSL_SESSION*) {
  watch_of(ssl)->has_ticket_ = true;
  return 0;  // not kept
}

void TlsWatch::on_event(const SSL* ssl, int where, int value) {
  auto* watch = watch_of(ssl);
  constexpr int kFatal = 2;
  if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && value >> 8 == kFatal) {
    watch->alert_ = value & 0xff;
  }
  if ((where & SSL_CB_HANDSHAKE_DONE) != 0) watch->look_at(ssl);
}

void TlsWatch::attach(SSL_CTX* context) {
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  // What an old service offers is a fact to report, not to refuse.
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
  SSL_CTX_set_client_cert_cb(context, on_certificate_wanted);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(context, on_ticket);
  SSL_CTX_set_info_callback(context, on_event);
}

void TlsWatch::look_at(const SSL* ssl) {
  version_ = version_text(SSL_version(ssl));
  const X509* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr) return;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1) {
    certificate_ = core::hex({digest.data(), size});
  }
  names_ = names_of(certificate);
}

bool TlsWatch::refused() const {
  switch (alert_) {
    case TLS13_AD_CERTIFICATE_REQUIRED:
    case SSL_AD_ACCESS_DENIED:
      return true;
    case SSL_AD_HANDSHAKE_FAILURE:  // what a server up to TLS 1.2 says, and what it says of much
                                    // else
    case SSL_AD_NO_CERTIFICATE:
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
      return wants_certificate_;
    default:
      return false;
  }
}

void TlsWatch::describe(core::Exchange& exchange) const {
  exchange.version = version_;
  exchange.certificate = certificate_;
  exchange.names = names_;
  exchange.wants_certificate = wants_certificate_;
}

}  // namespace reachproof::probe
