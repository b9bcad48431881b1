#include <fmt/core.h>
#include <unistd.h>

#include <iostream>
#include <memory>

#include "cli/evidence_verbs.h"
#include "evidence/file_hash.h"
#include "host/wall_clock.h"
#include "orchestrator/run_outcome.h"

/// Keys of the evidence: which one is trusted, and `evidence key rotate`.
namespace reachproof::cli {
namespace {

constexpr std::size_t kKeyBytesMax = 16'384;

struct Options {
  EvidenceOptions evidence;
  std::string role = "log";
  std::string algorithm = "ed25519";
  std::string token;
  bool lost = false;
};

void rotate(Context& context, const Options& options) {
  const auto use = key_use(options.evidence);
  const bool log_key = options.role == "log";
  if (log_key && options.lost) {
    return complain(context, {ErrorCode::Usage,
                              "--lost is for the attestation key: without its log key a log cannot "
                              "be signed on; start another evidence file"});
  }
  const auto algorithm = evidence::key_algorithm_of(options.algorithm);
  if (!algorithm) return complain(context, algorithm.error());
  const auto event =
      log_key ? evidence::rotate_log_key(use, options.token)
              : evidence::rotate_attestation_key(use, *algorithm, options.token, options.lost);
  if (!event) return complain(context, event.error());
  std::cout << fmt::format("the {} key is now {} (record {})\n", options.role, event->key_id(),
                           event->record);
  if (log_key) std::cout << event->key << "\n";
}

}  // namespace

Result<TrustedKey> trusted_key(const EvidenceOptions& evidence, const std::string& key) {
  const bool beside = key.empty();
  std::string text = key;
  const auto path = beside ? evidence.vkey_path() : key;
  if (beside || text.find('+') == std::string::npos) {
    text = evidence::file_bytes(path, kKeyBytesMax).value_or("");
  }
  if (text.empty()) {
    return fail(ErrorCode::Usage,
                fmt::format("no verifier key: `{}` is missing; give one with --key", path));
  }
  auto parsed = evidence::VerifierKey::parse(text);
  if (!parsed) return tl::unexpected(parsed.error());
  return TrustedKey{std::move(*parsed), beside};
}

evidence::KeyUse key_use(const EvidenceOptions& evidence) {
  return {.log_path = evidence.file,
          .files = evidence::KeyFiles::beside(evidence.file),
          .holder = fmt::format("process {} of {}, since {}", getpid(),
                                orchestrator::user_at_host(), core::text(host::wall_now())),
          .now = host::wall_now()};
}

void add_evidence_key_rotate(CLI::App& key, Context& context) {
  auto* verb = key.add_subcommand("rotate", "Replace a key by a new one that the old one signs");
  auto options = std::make_shared<Options>();
  add_evidence_option(*verb, options->evidence);
  verb->add_option("--role", options->role, "log or attestation")
      ->check(CLI::IsMember({"log", "attestation"}))
      ->capture_default_str();
  verb->add_option("--algorithm", options->algorithm, "Of an attestation key: ed25519 or p256")
      ->check(CLI::IsMember({"ed25519", "p256"}))
      ->capture_default_str();
  verb->add_option("--pkcs11", options->token,
                   "The new key stays in a token: its PKCS #11 URI (RFC 7512)");
  verb->add_flag("--lost", options->lost,
                 "The old attestation key is gone: the new one is not signed by it");
  add_examples(*verb, {"reachproof evidence key rotate",
                       "reachproof evidence key rotate --role attestation --algorithm p256",
                       "reachproof evidence key rotate --pkcs11 "
                       "'pkcs11:token=reachproof;object=log?pin-source=/etc/reachproof/pin'"});
  verb->callback([&context, options] { rotate(context, *options); });
}

}  // namespace reachproof::cli
