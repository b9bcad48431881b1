#pragma once

#include <string>

#include "cli/verb.h"
#include "evidence/key_store.h"
#include "evidence/note.h"

/// What the verbs below `evidence` share, each in a file of its own.
namespace reachproof::cli {

struct TrustedKey {
  evidence::VerifierKey key;
  bool from_beside = false;  ///< read beside the evidence: nobody gave it
};
/// `key` as a verifier key or a file that holds one; where empty, that beside the evidence.
[[nodiscard]] Result<TrustedKey> trusted_key(const EvidenceOptions& evidence,
                                             const std::string& key);

/// The keys beside an evidence file, and who we are.
[[nodiscard]] evidence::KeyUse key_use(const EvidenceOptions& evidence);

/// What `evidence verify` was given.
struct VerifyOptions {
  EvidenceOptions evidence;
  std::string path;     ///< a bundle, or an evidence file; empty: --evidence
  std::string key;      ///< verifier key or a file that holds it
  std::string against;  ///< checkpoints that somebody kept
  std::string ca;       ///< certificates of the time stamping authority
};
void verify_evidence(Context& context, const VerifyOptions& options);

void add_evidence_export(CLI::App& evidence, Context& context);
void add_evidence_keep(CLI::App& evidence, Context& context);
void add_evidence_timestamp(CLI::App& evidence, Context& context);
void add_evidence_retention(CLI::App& evidence, Context& context);  ///< and hold, prune, approve
void add_evidence_key_rotate(CLI::App& key, Context& context);

}  // namespace reachproof::cli
