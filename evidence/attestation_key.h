#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"

/// The key that signs bundles, apart from the log's: whoever exports need not be able to sign
/// checkpoints. Ed25519 (RFC 8032, 64 raw bytes) or ECDSA on P-256 with SHA-256 (ASN.1 DER), in the
/// PEM files that openssl reads and writes.
namespace reachproof::evidence {

enum class KeyAlgorithm { Ed25519, P256 };

[[nodiscard]] std::string_view word(KeyAlgorithm algorithm);  ///< "ed25519", "p256"
[[nodiscard]] Result<KeyAlgorithm> key_algorithm_of(std::string_view word);

/// The public half.
class AttestationVerifier {
 public:
  /// A SubjectPublicKeyInfo in PEM, with nothing behind it. Other kinds of key are refused.
  static Result<AttestationVerifier> from_pem(std::string_view pem);

  [[nodiscard]] KeyAlgorithm algorithm() const { return algorithm_; }
  /// One text for each key: base64 in lines of 64.
  [[nodiscard]] const std::string& pem() const { return pem_; }
  /// Lower-case hex SHA-256 of the SubjectPublicKeyInfo in DER.
  [[nodiscard]] const std::string& key_id() const { return key_id_; }
  [[nodiscard]] bool verifies(std::string_view message, std::string_view signature) const;

 private:
  friend class AttestationKey;
  AttestationVerifier() = default;
  static Result<AttestationVerifier> of(std::shared_ptr<void> key);

  std::shared_ptr<void> key_;  ///< an EVP_PKEY; OpenSSL stays in attestation_key.cc
  KeyAlgorithm algorithm_ = KeyAlgorithm::Ed25519;
  std::string pem_;
  std::string key_id_;
};

class Pkcs11Key;

/// The private half, kept in a PKCS#8 file of mode 0600, or in a token that the file names.
class AttestationKey {
 public:
  static Result<AttestationKey> generate(KeyAlgorithm algorithm);
  /// One that stays in a token, by its PKCS #11 URI (pkcs11_key.h).
  static Result<AttestationKey> in_token(const std::string& uri);
  /// NotFound where there is no such file.
  static Result<AttestationKey> load(const std::string& path);
  /// Refuses to overwrite a file.
  [[nodiscard]] Result<void> save(const std::string& path) const;

  [[nodiscard]] const AttestationVerifier& verifier() const { return verifier_; }
  [[nodiscard]] Result<std::string> sign(std::string_view message) const;

 private:
  AttestationKey() = default;
  static Result<AttestationKey> of(std::shared_ptr<void> key);
  AttestationVerifier verifier_;
  std::shared_ptr<const Pkcs11Key> token_;  ///< in place of the private half
};

}  // namespace reachproof::evidence
