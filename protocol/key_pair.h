#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"

/// Keys of the fleet: P-256 for probes and certificates, Ed25519 for what people and the
/// orchestrator sign. OpenSSL's types stay in the .cc files of this folder.
namespace reachproof::protocol {

/// A public key that can verify, and has a name: the SHA-256 of its SubjectPublicKeyInfo.
class PublicKey {
 public:
  /// PEM "PUBLIC KEY" (RFC 7468), or DER of the same; P-256 and Ed25519 only.
  static Result<PublicKey> from_pem(std::string_view pem);
  static Result<PublicKey> from_der(std::string_view der);
  [[nodiscard]] std::string pem() const;
  [[nodiscard]] std::string der() const;
  /// 64 lower-case hex digits.
  [[nodiscard]] std::string fingerprint() const;
  /// ECDSA with SHA-256 (DER) or Ed25519, by the key's kind.
  [[nodiscard]] bool verify(std::string_view message, std::string_view signature) const;

  /// An EVP_PKEY; for the other files of this folder.
  explicit PublicKey(std::shared_ptr<void> handle) : handle_(std::move(handle)) {}
  [[nodiscard]] void* handle() const { return handle_.get(); }

 private:
  std::shared_ptr<void> handle_;
};

class KeyPair {
 public:
  enum class Kind { P256, Ed25519 };
  static Result<KeyPair> generate(Kind kind);
  /// PEM "PRIVATE KEY" (PKCS #8) without a passphrase.
  static Result<KeyPair> from_pem(std::string_view pem);
  [[nodiscard]] std::string pem() const;
  [[nodiscard]] PublicKey public_key() const { return PublicKey(handle_); }
  [[nodiscard]] std::string sign(std::string_view message) const;

  explicit KeyPair(std::shared_ptr<void> handle) : handle_(std::move(handle)) {}
  [[nodiscard]] void* handle() const { return handle_.get(); }

 private:
  std::shared_ptr<void> handle_;
};

/// SHA-256, 64 lower-case hex digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace reachproof::protocol
