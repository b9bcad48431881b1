#include "evidence/attestation_key.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/base64.h"
#include "core/hex.h"
#include "evidence/merkle.h"
#include "evidence/pkcs11_key.h"

namespace reachproof::evidence {
namespace {

constexpr std::size_t kPemBytesMax = 16'384;

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

std::shared_ptr<void> owned(EVP_PKEY* key) {
  return {key, [](void* p) { EVP_PKEY_free(static_cast<EVP_PKEY*>(p)); }};
}

EVP_PKEY* pkey(const std::shared_ptr<void>& key) {
  return static_cast<EVP_PKEY*>(key.get());
}

Bio reading(std::string_view text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
}

std::string written(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

/// Ed25519 hashes the message itself.
const EVP_MD* digest_of(KeyAlgorithm algorithm) {
  return algorithm == KeyAlgorithm::Ed25519 ? nullptr : EVP_sha256();
}

const unsigned char* bytes_in(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Result<KeyAlgorithm> algorithm_of(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return KeyAlgorithm::Ed25519;
  std::array<char, 32> group{};
  std::size_t size = 0;
  if (EVP_PKEY_is_a(key, "EC") == 1 &&
      EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
      std::string_view(group.data(), size) == "prime256v1") {
    return KeyAlgorithm::P256;
  }
  return fail(ErrorCode::Config, "a key of another kind: bundles are signed with Ed25519 or P-256");
}

}  // namespace

std::string_view word(KeyAlgorithm algorithm) {
  switch (algorithm) {
    case KeyAlgorithm::Ed25519:
      return "ed25519";
    case KeyAlgorithm::P256:
      return "p256";
  }
  return "";
}

Result<KeyAlgorithm> key_algorithm_of(std::string_view text) {
  for (const auto algorithm : {KeyAlgorithm::Ed25519, KeyAlgorithm::P256}) {
    if (word(algorithm) == text) return algorithm;
  }
  return fail(ErrorCode::Usage, fmt::format("`{}` is no kind of key: ed25519 or p256", text));
}

Result<AttestationVerifier> AttestationVerifier::of(std::shared_ptr<void> key) {
  AttestationVerifier verifier;
  const auto algorithm = algorithm_of(pkey(key));
  if (!algorithm) return tl::unexpected(algorithm.error());
  verifier.algorithm_ = *algorithm;
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(pkey(key), &der);
  const Bio pem(BIO_new(BIO_s_mem()), BIO_free);
  if (size <= 0 || !pem || PEM_write_bio_PUBKEY(pem.get(), pkey(key)) != 1) {
    OPENSSL_free(der);
    return fail(ErrorCode::Internal, "OpenSSL could not write a public key");
  }
  verifier.key_id_ = core::hex(
      sha256(std::string_view(reinterpret_cast<char*>(der), static_cast<std::size_t>(size))));
  OPENSSL_free(der);
  verifier.pem_ = written(pem.get());
  verifier.key_ = std::move(key);
  return verifier;
}

Result<AttestationVerifier> AttestationVerifier::from_pem(std::string_view pem) {
  if (pem.size() > kPemBytesMax) return fail(ErrorCode::Config, "not a public key in PEM");
  const auto bio = reading(pem);
  EVP_PKEY* key = bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr) : nullptr;
  ERR_clear_error();
  if (key == nullptr) return fail(ErrorCode::Config, "not a public key in PEM");
  return of(owned(key));
}

bool AttestationVerifier::verifies(std::string_view message, std::string_view signature) const {
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const bool verified = context &&
                        EVP_DigestVerifyInit(context.get(), nullptr, digest_of(algorithm_), nullptr,
                                             pkey(key_)) == 1 &&
                        EVP_DigestVerify(context.get(), bytes_in(signature), signature.size(),
                                         bytes_in(message), message.size()) == 1;
  ERR_clear_error();
  return verified;
}

Result<AttestationKey> AttestationKey::of(std::shared_ptr<void> key) {
  auto verifier = AttestationVerifier::of(std::move(key));
  if (!verifier) return tl::unexpected(verifier.error());
  AttestationKey attestation;
  attestation.verifier_ = std::move(*verifier);
  return attestation;
}

Result<AttestationKey> AttestationKey::generate(KeyAlgorithm algorithm) {
  EVP_PKEY* key = algorithm == KeyAlgorithm::Ed25519
                      ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                      : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  if (key == nullptr) return fail(ErrorCode::Internal, "OpenSSL could not make a key");
  return of(owned(key));
}

Result<AttestationKey> AttestationKey::in_token(const std::string& uri) {
  auto token = Pkcs11Key::open(uri);
  if (!token) return tl::unexpected(token.error());
  const auto& der = (*token)->public_der();
  const auto* bytes = bytes_in(der);
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &bytes, static_cast<long>(der.size()));
  if (key == nullptr) return fail(ErrorCode::Config, "the public key of the token is none");
  auto attestation = of(owned(key));
  if (attestation) attestation->token_ = std::move(*token);
  return attestation;
}

Result<AttestationKey> AttestationKey::load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::NotFound, fmt::format("cannot read the key file `{}`", path));
  std::string pem(kPemBytesMax, '\0');
  file.read(pem.data(), static_cast<std::streamsize>(pem.size()));
  pem.resize(static_cast<std::size_t>(file.gcount()));
  if (is_pkcs11_uri(pem)) return in_token(pem.substr(0, pem.find('\n')));
  const auto bio = reading(pem);
  // No password is asked for: nobody is there to give one. An empty one fails to decrypt.
  const auto no_password = [](char*, int, int, void*) { return 0; };
  EVP_PKEY* key = bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr) : nullptr;
  OPENSSL_cleanse(pem.data(), pem.size());
  ERR_clear_error();
  if (key == nullptr) {
    return fail(ErrorCode::Config, fmt::format("`{}` is not a private key in PEM", path));
  }
  return of(owned(key));
}

Result<void> AttestationKey::save(const std::string& path) const {
  const Bio pem(BIO_new(BIO_s_mem()), BIO_free);
  if (!token_ && (!pem || PEM_write_bio_PKCS8PrivateKey(pem.get(), pkey(verifier_.key_), nullptr,
                                                        nullptr, 0, nullptr, nullptr) != 1)) {
    return fail(ErrorCode::Internal, "OpenSSL could not write a private key");
  }
  auto text = token_ ? token_->uri() + "\n" : written(pem.get());
  const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) {
    return fail(ErrorCode::Io, fmt::format("cannot create `{}`: {}", path, std::strerror(errno)));
  }
  const bool whole = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                     ::fsync(fd) == 0;
  ::close(fd);
  OPENSSL_cleanse(text.data(), text.size());
  if (whole) return {};
  ::unlink(path.c_str());
  return fail(ErrorCode::Io, fmt::format("cannot write `{}`: is the disk full?", path));
}

Result<std::string> AttestationKey::sign(std::string_view message) const {
  if (token_) return token_->sign(message);
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::size_t size = 0;
  const auto digest = digest_of(verifier_.algorithm_);
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, pkey(verifier_.key_)) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes_in(message), message.size()) != 1) {
    return fail(ErrorCode::Internal, "OpenSSL could not sign");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes_in(message), message.size()) != 1) {
    return fail(ErrorCode::Internal, "OpenSSL could not sign");
  }
  signature.resize(size);
  return signature;
}

}  // namespace reachproof::evidence
