#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"

namespace reachproof::evidence {

/// A private key that stays in a token (a smart card, an HSM) and signs there: PKCS #11 3.0, found
/// by its URI (RFC 7512), such as
/// `pkcs11:token=reachproof;object=log?pin-source=/etc/reachproof/pin`. Modules are those that
/// p11-kit knows, or the `module-path` of the URI. Ed25519 (CKM_EDDSA) and ECDSA on P-256.
class Pkcs11Key {
 public:
  /// Config where the URI is none, or more or fewer than one private key fits; Unavailable where
  /// the token is not there or wants another PIN.
  static Result<std::shared_ptr<const Pkcs11Key>> open(const std::string& uri);
  ~Pkcs11Key();
  Pkcs11Key(const Pkcs11Key&) = delete;
  Pkcs11Key& operator=(const Pkcs11Key&) = delete;

  [[nodiscard]] const std::string& uri() const { return uri_; }
  /// DER of the SubjectPublicKeyInfo.
  [[nodiscard]] const std::string& public_der() const { return public_der_; }
  /// Ed25519: 64 raw bytes; P-256: over SHA-256, ASN.1 DER.
  [[nodiscard]] Result<std::string> sign(std::string_view message) const;

 private:
  struct Token;
  Pkcs11Key() = default;
  std::string uri_;
  std::string public_der_;
  std::unique_ptr<Token> token_;
};

/// Whether a text is such a URI.
[[nodiscard]] bool is_pkcs11_uri(std::string_view text);

}  // namespace reachproof::evidence
