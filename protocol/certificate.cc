#include "protocol/certificate.h"

#include <fmt/core.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>

#include "core/check.h"
#include "core/hex.h"

namespace reachproof::protocol {
namespace {

struct Free {
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_REQ* p) const { X509_REQ_free(p); }
  void operator()(X509_NAME* p) const { X509_NAME_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

EVP_PKEY* raw(void* handle) {
  return static_cast<EVP_PKEY*>(handle);
}

const EVP_MD* digest_for(EVP_PKEY* key) {
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
}

std::time_t seconds_of(core::WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

Owned<X509> certificate_in(std::string_view pem) {
  BIO* memory = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  Owned<X509> certificate(PEM_read_bio_X509(memory, nullptr, nullptr, nullptr));
  BIO_free(memory);
  return certificate;
}

bool set_name(X509_NAME* name, const std::string& common_name) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                                    -1, 0) == 1;
}

bool extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

std::string alternative_names(const CertificateOrder& order) {
  std::string names;
  const auto add = [&](std::string_view kind, const std::string& value) {
    names += fmt::format("{}{}:{}", names.empty() ? "" : ",", kind, value);
  };
  if (!order.uri.empty()) add("URI", order.uri);
  for (const auto& name : order.dns) add("DNS", name);
  for (const auto& address : order.addresses) add("IP", address);
  return names;
}

bool extend_all(const CertificateOrder& order, X509* certificate, X509* issuer) {
  const auto names = alternative_names(order);
  if (order.authority) {
    return extend(certificate, issuer, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           extend(certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           extend(certificate, issuer, NID_subject_key_identifier, "hash");
  }
  return extend(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
         extend(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
         extend(certificate, issuer, NID_ext_key_usage,
                order.for_server ? "serverAuth" : "clientAuth") &&
         (names.empty() || extend(certificate, issuer, NID_subject_alt_name, names));
}

/// 16 random bytes, positive (RFC 5280 section 4.1.2.2).
bool set_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7fU) | 1U);
  BIGNUM* number = BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr);
  const bool set = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return set;
}

template <class T, class Write>
std::string pem_of(T* object, Write write) {
  BIO* memory = BIO_new(BIO_s_mem());
  CHECK(write(memory, object) == 1);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(memory, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(memory);
  return text;
}

core::WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return core::WallTime(std::chrono::seconds(timegm(&parts)));
}

std::string only_uri(X509* certificate) {
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  std::string uri;
  int found = 0;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_URI) continue;
    ++found;
    uri.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.ia5)),
               static_cast<std::size_t>(ASN1_STRING_length(name->d.ia5)));
  }
  GENERAL_NAMES_free(names);
  return found == 1 ? uri : "";
}

}  // namespace

Result<std::string> issue_certificate(const CertificateOrder& order, const PublicKey& subject,
                                      const KeyPair& issuer_key, std::string_view issuer_pem) {
  const Owned<X509> issuer = issuer_pem.empty() ? Owned<X509>() : certificate_in(issuer_pem);
  if (!issuer_pem.empty() && !issuer) {
    return fail(ErrorCode::Config, "the authority's certificate cannot be read");
  }
  const Owned<X509> fresh(X509_new());
  X509* certificate = fresh.get();
  const bool made =
      X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
      ASN1_TIME_set(X509_getm_notBefore(certificate), seconds_of(order.from)) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(certificate), seconds_of(order.until)) != nullptr &&
      set_name(X509_get_subject_name(certificate), order.common_name) &&
      X509_set_issuer_name(certificate,
                           X509_get_subject_name(issuer ? issuer.get() : certificate)) == 1 &&
      X509_set_pubkey(certificate, raw(subject.handle())) == 1 &&
      extend_all(order, certificate, issuer ? issuer.get() : certificate) &&
      X509_sign(certificate, raw(issuer_key.handle()), digest_for(raw(issuer_key.handle()))) > 0;
  if (!made) {
    return fail(ErrorCode::Config,
                fmt::format("no certificate can be made for `{}`", order.common_name));
  }
  return pem_of(certificate, PEM_write_bio_X509);
}

Result<std::string> certificate_request(const KeyPair& key, const std::string& common_name) {
  const Owned<X509_REQ> request(X509_REQ_new());
  EVP_PKEY* pair = raw(key.handle());
  const bool made = set_name(X509_REQ_get_subject_name(request.get()), common_name) &&
                    X509_REQ_set_pubkey(request.get(), pair) == 1 &&
                    X509_REQ_sign(request.get(), pair, digest_for(pair)) > 0;
  if (!made) return fail(ErrorCode::Internal, "OpenSSL cannot make a certificate request");
  return pem_of(request.get(), PEM_write_bio_X509_REQ);
}

Result<PublicKey> key_of_request(std::string_view pem) {
  BIO* memory = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  const Owned<X509_REQ> request(PEM_read_bio_X509_REQ(memory, nullptr, nullptr, nullptr));
  BIO_free(memory);
  if (!request) return fail(ErrorCode::Protocol, "not a certificate request in PEM");
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  if (key == nullptr || X509_REQ_verify(request.get(), key) != 1) {
    return fail(ErrorCode::Protocol, "the certificate request is not signed by its own key");
  }
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return fail(ErrorCode::Protocol, "the certificate request has no usable key");
  const std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return PublicKey::from_der(text);
}

Result<CertificateFacts> read_certificate(std::string_view pem) {
  const auto certificate = certificate_in(pem);
  if (!certificate) return fail(ErrorCode::Config, "not a certificate in PEM");
  CertificateFacts facts;
  facts.uri = only_uri(certificate.get());
  facts.from = time_of(X509_get0_notBefore(certificate.get()));
  facts.until = time_of(X509_get0_notAfter(certificate.get()));
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate.get());
  facts.serial = core::hex(
      {ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial))});
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &der);
  if (size > 0) {
    facts.key_fingerprint =
        sha256_hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  }
  OPENSSL_free(der);
  return facts;
}

}  // namespace reachproof::protocol
