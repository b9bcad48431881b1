#pragma once

#include <string>

#include "evidence/key_history.h"

/// The private keys of a log as files beside it, kept in step with the log's "key" records.
///
/// A new key is on disk before the record that names it, and takes its place only after: whatever
/// stops us in between, the next call finishes or forgets it. Both need the log, so another
/// process that holds it makes them fail with Busy.
namespace reachproof::evidence {

struct KeyFiles {
  std::string log;          ///< "<log>.key", the log's signing key
  std::string log_vkey;     ///< "<log>.vkey", its verifier key
  std::string attestation;  ///< "<log>.attest.key"
  static KeyFiles beside(const std::string& log_path);
};

struct KeyUse {
  std::string log_path;
  KeyFiles files;
  std::string holder;  ///< who we are, for whoever finds the log locked
  core::WallTime now{};
};

/// The attestation key, made (of that algorithm) where there is none, once a record names it and a
/// checkpoint covers that record and the first `size_min` records. The log is opened for writing
/// only where something of it is missing.
[[nodiscard]] Result<AttestationKey> ready_attestation_key(const KeyUse& use,
                                                           KeyAlgorithm algorithm,
                                                           std::uint64_t size_min);

/// Replaces a key by a new one that the old one signs, and signs a checkpoint over the record. The
/// old file stays as "<file>.retired-<first 8 digits of its id>". Returns the event.
/// `token` is the PKCS #11 URI of the new key; empty: it is made, in a file.
[[nodiscard]] Result<KeyEvent> rotate_log_key(const KeyUse& use, const std::string& token);
/// The same (a key of the token comes as it is, whatever the algorithm); with `lost` the old key
/// need not be there, and does not sign.
[[nodiscard]] Result<KeyEvent> rotate_attestation_key(const KeyUse& use, KeyAlgorithm algorithm,
                                                      const std::string& token, bool lost);

}  // namespace reachproof::evidence
