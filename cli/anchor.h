#pragma once

#include <string>

#include "cli/verb.h"

namespace reachproof::cli {

/// A time stamping authority (RFC 3161), and whom to believe about it.
struct AuthorityOptions {
  std::string url;  ///< empty: none is asked
  std::string ca;   ///< a file of certificates in PEM; empty: the system's
};
/// --tsa and --ca.
void add_authority_options(CLI::App& verb, AuthorityOptions& options);

/// Usage where the options make no sense: for whoever asks only after long work.
[[nodiscard]] Result<void> check_authority(const AuthorityOptions& options);

/// Asks for a token over the newest checkpoint, keeps it beside that and as a record, and signs.
/// Returns a sentence for people. Where none could be had that is a record too, nothing is lost,
/// and the error (Unavailable) says why.
[[nodiscard]] Result<std::string> anchor_newest_checkpoint(const EvidenceOptions& evidence,
                                                           const AuthorityOptions& authority);

}  // namespace reachproof::cli
