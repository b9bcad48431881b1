#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/calendar.h"
#include "core/error.h"
#include "protocol/key_pair.h"

/// X.509 as far as the fleet needs it: an authority of its own, short-lived certificates with a
/// SPIFFE id (X509-SVID: exactly one URI SAN), certificate signing requests.
namespace reachproof::protocol {

/// A certificate is good from an hour before it was made: clocks differ.
inline constexpr std::chrono::hours kClockTolerance{1};

struct CertificateOrder {
  std::string common_name;
  std::string uri;                     ///< URI SAN, empty for none
  std::vector<std::string> dns;        ///< DNS SANs
  std::vector<std::string> addresses;  ///< IP SANs, as text
  bool authority = false;
  bool for_server = false;
  core::WallTime from{};
  core::WallTime until{};
};

/// A certificate for `subject`, signed by `issuer_key`; `issuer_pem` empty: self-signed. PEM.
[[nodiscard]] Result<std::string> issue_certificate(const CertificateOrder& order,
                                                    const PublicKey& subject,
                                                    const KeyPair& issuer_key,
                                                    std::string_view issuer_pem);

/// PKCS #10 with proof of possession. PEM.
[[nodiscard]] Result<std::string> certificate_request(const KeyPair& key,
                                                      const std::string& common_name);
/// The key of a request whose own signature is sound.
[[nodiscard]] Result<PublicKey> key_of_request(std::string_view pem);

struct CertificateFacts {
  std::string uri;  ///< the only URI SAN, empty where there is none or several
  std::string serial;
  core::WallTime from{};
  core::WallTime until{};
  std::string key_fingerprint;
};
[[nodiscard]] Result<CertificateFacts> read_certificate(std::string_view pem);

}  // namespace reachproof::protocol
