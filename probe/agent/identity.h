#pragma once

#include <optional>
#include <string>

#include "core/error.h"
#include "host/https.h"
#include "protocol/fleet.h"

namespace reachproof::probe {

/// Who an enrolled probe is, and whom it believes: a folder of small files, each replaced whole.
///
///   key.pem          its P-256 key, made here, never sent
///   orchestrator     URL of the probe plane
///   ca-pin           SHA-256 of the authority's key, from the join token
///   authority.pem    the orchestrator's CA, once the pin had proven it
///   heartbeat.pem    the key that signs heartbeats and stops
///   certificate.pem  its own, for a day
///   policy.pem       the key without which it runs nothing; absent: none was given
///   policy-version   the highest version of a grant that it has seen
///
/// The folder and the key are for the probe's user alone.
class Identity {
 public:
  /// Reads the folder; NotFound where nothing has joined from it.
  static Result<Identity> load(const std::string& folder);
  /// Makes the folder and the key where they are missing, for that token.
  static Result<Identity> prepare(const std::string& folder, const protocol::JoinToken& token);

  /// Takes up what the orchestrator answered to join or renew: only where the authority is the
  /// pinned one and the certificate is of this key.
  [[nodiscard]] Result<void> take(const protocol::JoinAnswer& answer);
  [[nodiscard]] Result<void> set_policy_key(const std::string& pem);
  /// Remembers a version, on disk before this returns.
  [[nodiscard]] Result<void> saw_policy_version(std::uint64_t version);

  /// How to speak to the orchestrator now: with its certificate, or before it has one (and after
  /// it has run out) with one that it signs itself.
  [[nodiscard]] Result<host::HttpsOptions> https_options(bool with_certificate) const;

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] const protocol::KeyPair& key() const { return *key_; }
  [[nodiscard]] std::string id() const { return key_->public_key().fingerprint(); }
  [[nodiscard]] bool has_certificate() const { return !certificate_.empty(); }
  [[nodiscard]] const std::string& certificate() const { return certificate_; }
  [[nodiscard]] const std::optional<protocol::PublicKey>& heartbeat_key() const {
    return heartbeat_key_;
  }
  [[nodiscard]] const std::optional<protocol::PublicKey>& policy_key() const { return policy_key_; }
  [[nodiscard]] std::uint64_t policy_version() const { return policy_version_; }

 private:
  Identity() = default;
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] Result<void> read_rest();
  [[nodiscard]] Result<void> objection_to(const protocol::JoinAnswer& answer) const;

  std::string folder_;
  std::string url_;
  std::string ca_pin_;
  std::string authority_;
  std::string certificate_;
  std::optional<protocol::KeyPair> key_;
  std::optional<protocol::PublicKey> heartbeat_key_;
  std::optional<protocol::PublicKey> policy_key_;
  std::uint64_t policy_version_ = 0;
};

/// Sends one join (with the token's secret, or "" where the key is known already) or renewal, and
/// takes up the answer.
[[nodiscard]] Result<protocol::JoinAnswer> join_once(Identity& identity, const std::string& secret,
                                                     const std::string& proxy);
[[nodiscard]] Result<protocol::JoinAnswer> renew_once(Identity& identity, const std::string& proxy);

}  // namespace reachproof::probe
