#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "evidence/attestation_key.h"
#include "evidence/bundle_range.h"
#include "evidence/redaction.h"

/// What an auditor gets: the records of a period with everything that verifies them, as one
/// archive. docs/evidence-format.md has the layout; bundle_verify.h reads it.
namespace reachproof::evidence {

/// A log's name, or another's, as part of a file's name: letters, digits, `.`, `-` and `_` stay.
[[nodiscard]] std::string file_name_of(std::string_view name);

struct BundleFile {
  std::string path;  ///< relative, below "report/" in the bundle
  std::string bytes;
};

struct ExportRequest {
  std::string log_path;
  std::string file;  ///< where the archive goes; replaced where it is there
  BundleRange range;
  Redaction redaction = Redaction::None;
  std::string control;  ///< to list the checks of; may be empty
  std::string since;    ///< an earlier checkpoint's note, to prove consistency from; may be empty
  VerifierKey log_key;  ///< the log's newest key, or any that is connected with it
  std::string software;
  core::WallTime now{};
  /// Makes a run's reports; the same run must give the same bytes. May be empty.
  std::function<std::vector<BundleFile>(const StoredRun&)> reports;
};

struct ExportReport {
  std::string file;    ///< the archive
  std::string folder;  ///< that it unpacks to
  std::uint64_t records = 0;
  std::uint64_t bodies_left_out = 0;
  std::vector<std::string> files_left_out;
  std::vector<std::string> runs;
  Checkpoint last;
  Hash manifest{};          ///< SHA-256 of MANIFEST.sha256
  std::string anchored_at;  ///< of the last checkpoint; empty where no time stamp covers it
};

/// Writes a bundle. The same range gives the same bytes, as long as keys and time stamps stay: the
/// time of export stands in run.dsse.json alone. After a failure there is no file of that name, or
/// the one of before.
///
/// NotFound where no check of the range carries the control.
/// `key` must stand in the log (ready_attestation_key). Corrupt where `since` is no checkpoint of
/// this log, or the log has been rewritten since.
[[nodiscard]] Result<ExportReport> export_bundle(const ExportRequest& request,
                                                 const AttestationKey& key);

}  // namespace reachproof::evidence
