#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "evidence/attestation_key.h"

/// DSSE 1.0.2, signed envelopes (https://github.com/secure-systems-lab/dsse), and the Sigstore
/// bundle v0.3 that holds one. Pure.
namespace reachproof::evidence {

/// The payload type of in-toto statements.
inline constexpr std::string_view kInTotoType = "application/vnd.in-toto+json";

/// What is signed: "DSSEv1 <length> <type> <length> <payload>".
[[nodiscard]] std::string pre_authentication_encoding(std::string_view type,
                                                      std::string_view payload);

struct Envelope {
  struct Signature {
    std::string key_id;  ///< a hint, which nothing protects
    std::string bytes;
  };
  std::string payload;
  std::string payload_type;
  std::vector<Signature> signatures;

  /// The envelope as one line of JSON, keys sorted, base64 of RFC 4648 section 4.
  [[nodiscard]] std::string text() const;
  /// Accepts base64 of either alphabet, and ignores fields that it does not know.
  static Result<Envelope> parse(std::string_view text);
};

[[nodiscard]] Result<Envelope> sign_envelope(std::string_view type, std::string payload,
                                             const AttestationKey& key);

/// How many of these keys have signed the envelope: each counts once, whatever the key ids say.
[[nodiscard]] int keys_that_signed(const Envelope& envelope,
                                   std::span<const AttestationVerifier> keys);

/// The envelope, of one signature, as cosign reads it. Made without a transparency log.
[[nodiscard]] std::string sigstore_bundle(const Envelope& envelope);
/// The envelope in such a bundle; refuses what has more than one signature, another key hint than
/// that signature's, or another media type.
[[nodiscard]] Result<Envelope> envelope_in_sigstore_bundle(std::string_view text);

}  // namespace reachproof::evidence
