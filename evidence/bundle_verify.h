#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evidence/attestation_key.h"
#include "evidence/note.h"

namespace reachproof::evidence {

/// What the reader of a bundle knows from elsewhere. What is empty is taken from the bundle itself,
/// and the report says so: then the bundle proves that it is whole, not whose it is.
struct BundleTrust {
  std::optional<VerifierKey> log_key;  ///< any key of the log, old or new
  std::string authority_pem;           ///< certificates of the time stamping authority
};

struct BundleReport {
  std::string origin;
  std::uint64_t files = 0;
  std::uint64_t records = 0;
  std::uint64_t bodies_left_out = 0;
  std::vector<std::string> runs;
  std::string result;  ///< of the signed statement: PASSED, WARNED or FAILED
  std::string log_key;
  std::string attestation_key_id;
  std::string anchored_at;  ///< what the token over the last checkpoint says; empty without one
  Checkpoint last;
  std::vector<std::string> problems;  ///< each begins with the file that it is about
  std::vector<std::string> notes;     ///< what the reader should know, though nothing is wrong
  [[nodiscard]] bool sound() const { return problems.empty(); }
};

/// Checks a bundle, an archive or a folder, from its bytes alone: every file against the manifest;
/// the manifest's signatures, and that the log names their key; the checkpoints' signatures and
/// that the log only grew between them; every record's hashes, its proof, and that none is missing;
/// what was derived from records (scenarios, statements) made once more from them; time stamps.
///
/// An error means that it could not be checked at all, such as an archive that cannot be unpacked.
[[nodiscard]] Result<BundleReport> verify_bundle(const std::string& path, const BundleTrust& trust);

/// The checkpoints of a bundle, as notes: the newest first.
[[nodiscard]] Result<std::vector<std::string>> checkpoints_in_bundle(const std::string& path);

}  // namespace reachproof::evidence
