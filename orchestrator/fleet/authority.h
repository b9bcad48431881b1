#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/calendar.h"
#include "core/error.h"
#include "protocol/key_pair.h"

namespace reachproof::orchestrator {

/// The fleet's own certificate authority and the orchestrator's other keys, in a folder of files
/// for its user alone:
///
///   ca.key, ca.pem    P-256, ten years; its key's SHA-256 is the pin in every join token
///   heartbeat.key     Ed25519, signs heartbeats and stops
///   secret            32 bytes from which the nonces of runs are made
///
/// The probe plane's own certificate is made anew at each start.
class Authority {
 public:
  /// Reads the folder, and makes what is missing in an empty one; a folder with some of it is an
  /// error, since a new CA would lock the whole fleet out.
  static Result<Authority> open(const std::string& folder, core::WallTime now);

  [[nodiscard]] const std::string& certificate() const { return certificate_; }
  /// SHA-256 of its public key, hex.
  [[nodiscard]] std::string pin() const { return key_->public_key().fingerprint(); }
  [[nodiscard]] const protocol::KeyPair& heartbeat_key() const { return *heartbeat_key_; }
  [[nodiscard]] const std::string& secret() const { return secret_; }

  struct Issued {
    std::string certificate;
    std::string key;
  };
  /// For the probe plane: names and addresses that probes dial.
  [[nodiscard]] Result<Issued> issue_server(const std::vector<std::string>& names,
                                            core::WallTime now) const;
  /// For a probe: its SPIFFE id, good for `life`.
  [[nodiscard]] Result<std::string> issue_probe(const protocol::PublicKey& key,
                                                const std::string& trust_domain, core::WallTime now,
                                                std::chrono::seconds life) const;

 private:
  Authority() = default;
  std::string certificate_;
  std::optional<protocol::KeyPair> key_;
  std::optional<protocol::KeyPair> heartbeat_key_;
  std::string secret_;
};

/// "spiffe://<domain>/probe/<id>"
[[nodiscard]] std::string spiffe_id(const std::string& trust_domain, const std::string& probe_id);

}  // namespace reachproof::orchestrator
