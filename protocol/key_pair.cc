#include "protocol/key_pair.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>

#include "core/base64.h"
#include "core/check.h"
#include "core/hex.h"

namespace reachproof::protocol {
namespace {

std::shared_ptr<void> owned(EVP_PKEY* key) {
  return {key, [](void* p) { EVP_PKEY_free(static_cast<EVP_PKEY*>(p)); }};
}

EVP_PKEY* raw(void* handle) {
  return static_cast<EVP_PKEY*>(handle);
}

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(memory, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(memory);
  return text;
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool is_ed25519(EVP_PKEY* key) {
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
}

/// Other kinds are refused: what nobody uses, nobody has tested.
bool is_accepted(EVP_PKEY* key) {
  if (is_ed25519(key)) return true;
  std::array<char, 32> group{};
  std::size_t size = 0;
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
         EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
         std::string_view(group.data(), size) == "prime256v1";
}

template <class Key>
Result<Key> accepted(EVP_PKEY* key, std::string_view what) {
  if (key == nullptr) return fail(ErrorCode::Config, "not a " + std::string(what));
  auto handle = owned(key);
  if (!is_accepted(key)) return fail(ErrorCode::Config, "a key that is neither P-256 nor Ed25519");
  return Key(std::move(handle));
}

}  // namespace

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  BIO* memory = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* key = PEM_read_bio_PUBKEY(memory, nullptr, nullptr, nullptr);
  BIO_free(memory);
  return accepted<PublicKey>(key, "public key in PEM");
}

Result<PublicKey> PublicKey::from_der(std::string_view der) {
  const unsigned char* at = bytes(der);
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size()));
  return accepted<PublicKey>(key, "public key in DER");
}

std::string PublicKey::pem() const {
  BIO* memory = BIO_new(BIO_s_mem());
  CHECK(PEM_write_bio_PUBKEY(memory, raw(handle_.get())) == 1);
  return text_of(memory);
}

std::string PublicKey::der() const {
  unsigned char* data = nullptr;
  const int size = i2d_PUBKEY(raw(handle_.get()), &data);
  CHECK(size > 0);
  std::string text(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(data);
  return text;
}

std::string PublicKey::fingerprint() const {
  return sha256_hex(der());
}

bool PublicKey::verify(std::string_view message, std::string_view signature) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY* key = raw(handle_.get());
  const EVP_MD* digest = is_ed25519(key) ? nullptr : EVP_sha256();
  const bool sound = EVP_DigestVerifyInit(context, nullptr, digest, nullptr, key) == 1 &&
                     EVP_DigestVerify(context, bytes(signature), signature.size(), bytes(message),
                                      message.size()) == 1;
  EVP_MD_CTX_free(context);
  return sound;
}

Result<KeyPair> KeyPair::generate(Kind kind) {
  EVP_PKEY* key =
      kind == Kind::P256 ? EVP_EC_gen("P-256") : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  if (key == nullptr) return fail(ErrorCode::Internal, "OpenSSL cannot make a key");
  return KeyPair(owned(key));
}

Result<KeyPair> KeyPair::from_pem(std::string_view pem) {
  BIO* memory = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  // No passphrase is asked for: a service has nobody to ask.
  auto no_passphrase = [](char*, int, int, void*) { return 0; };
  EVP_PKEY* key = PEM_read_bio_PrivateKey(memory, nullptr, no_passphrase, nullptr);
  BIO_free(memory);
  return accepted<KeyPair>(key, "private key in PEM without a passphrase");
}

std::string KeyPair::pem() const {
  BIO* memory = BIO_new(BIO_s_mem());
  CHECK(PEM_write_bio_PKCS8PrivateKey(memory, raw(handle_.get()), nullptr, nullptr, 0, nullptr,
                                      nullptr) == 1);
  return text_of(memory);
}

std::string KeyPair::sign(std::string_view message) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY* key = raw(handle_.get());
  const EVP_MD* digest = is_ed25519(key) ? nullptr : EVP_sha256();
  std::array<unsigned char, 128> signature{};
  std::size_t size = signature.size();
  CHECK(EVP_DigestSignInit(context, nullptr, digest, nullptr, key) == 1);
  CHECK(EVP_DigestSign(context, signature.data(), &size, bytes(message), message.size()) == 1);
  EVP_MD_CTX_free(context);
  return {reinterpret_cast<const char*>(signature.data()), size};
}

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, 32> hash{};
  CHECK(EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return core::hex(hash);
}

}  // namespace reachproof::protocol
