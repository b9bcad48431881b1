#include "cli/anchor.h"

#include <fmt/core.h>

#include <iostream>

#include "cli/evidence_verbs.h"
#include "evidence/file_hash.h"
#include "evidence/timestamp.h"
#include "evidence/token_record.h"
#include "host/https.h"
#include "host/wall_clock.h"

namespace reachproof::cli {
namespace {

constexpr std::size_t kReplyBytesMax = 256 * 1024;
constexpr std::size_t kCertificateBytesMax = 1U << 20U;
/// An authority's clock and ours may differ by so much before something is wrong with one of them.
constexpr std::chrono::minutes kClocksDifferMax{5};

Result<evidence::TimestampTrust> trust_of(const AuthorityOptions& authority) {
  if (authority.ca.empty()) return evidence::TimestampTrust{};
  auto pem = evidence::file_bytes(authority.ca, kCertificateBytesMax);
  if (!pem) return fail(ErrorCode::Usage, "--ca: " + pem.error().message);
  return evidence::TimestampTrust{std::move(*pem)};
}

Result<std::string> answer_of(const std::string& url, const evidence::TimestampQuery& query) {
  host::HttpsClient client({.allow_plain = true});
  const auto response = client.perform({.method = "POST",
                                        .url = url,
                                        .headers = {"Content-Type: application/timestamp-query",
                                                    "Accept: application/timestamp-reply"},
                                        .body = query.der,
                                        .response_bytes_max = kReplyBytesMax});
  if (!response) return tl::unexpected(response.error());
  if (response->status == 200) return response->body;
  return fail(ErrorCode::Unavailable, fmt::format("it answered with status {}", response->status));
}

struct Anchor {
  std::string token;
  evidence::Timestamp stamp;
};

Result<Anchor> anchored(const std::string& note, const std::string& url,
                        const evidence::TimestampTrust& trust) {
  const auto query = evidence::TimestampQuery::over(note);
  if (!query) return tl::unexpected(query.error());
  auto answer = answer_of(url, *query);
  if (!answer) return tl::unexpected(answer.error());
  auto stamp = evidence::verify_reply(*query, *answer, trust);
  if (!stamp) return tl::unexpected(stamp.error());
  const auto difference = std::chrono::abs(stamp->time - host::wall_now());
  if (difference > kClocksDifferMax) {
    return fail(ErrorCode::Unavailable,
                fmt::format("its clock says {}, this host's {}: one of them is wrong",
                            core::text(stamp->time), core::text(host::wall_now())));
  }
  return Anchor{std::move(*answer), std::move(*stamp)};
}

/// Appends a record and signs, where nobody else holds the log.
Result<void> record(const EvidenceOptions& evidence, const evidence::Record& what) {
  const auto use = key_use(evidence);
  auto log = evidence::Log::open(use.log_path, use.holder);
  if (!log) return tl::unexpected(log.error());
  const auto key = evidence::SignerKey::load(use.files.log);
  if (!key) return tl::unexpected(key.error());
  if (auto kept = log->append({&what, 1}, use.now); !kept) return tl::unexpected(kept.error());
  if (auto note = log->sign(*key, use.now); !note) return tl::unexpected(note.error());
  return {};
}

/// What could not be recorded is said, and takes nothing away from what was kept.
void record_or_say(const EvidenceOptions& evidence, const evidence::Record& what) {
  if (auto done = record(evidence, what); !done) {
    std::cerr << "reachproof: no record of this in the log: " << done.error().message << "\n";
  }
}

Result<evidence::StoredCheckpoint> newest_checkpoint(const std::string& file) {
  const auto reader = evidence::LogReader::open(file);
  if (!reader) return tl::unexpected(reader.error());
  auto stored = reader->stored_checkpoints();
  if (!stored) return tl::unexpected(stored.error());
  if (!stored->empty()) return std::move(stored->back());
  return fail(ErrorCode::NotFound, "nothing in this log has been signed yet");
}

}  // namespace

void add_authority_options(CLI::App& verb, AuthorityOptions& options) {
  verb.add_option("--tsa", options.url,
                  "URL of a time stamping authority that dates the checkpoint, http or https");
  verb.add_option("--ca", options.ca,
                  "Certificates to believe its token by, in PEM (default: the system's)");
}

Result<void> check_authority(const AuthorityOptions& options) {
  if (options.url.empty()) return {};
  if (!options.url.starts_with("http://") && !options.url.starts_with("https://")) {
    return fail(ErrorCode::Usage,
                fmt::format("--tsa: `{}` is no URL of http or https", options.url));
  }
  if (auto trust = trust_of(options); !trust) return tl::unexpected(trust.error());
  return {};
}

Result<std::string> anchor_newest_checkpoint(const EvidenceOptions& evidence,
                                             const AuthorityOptions& authority) {
  const auto trust = trust_of(authority);
  if (!trust) return tl::unexpected(trust.error());
  auto checkpoint = newest_checkpoint(evidence.file);
  if (!checkpoint) return tl::unexpected(checkpoint.error());
  const auto anchor = anchored(checkpoint->note, authority.url, *trust);
  if (!anchor) {
    record_or_say(evidence, evidence::record_of_missing_anchor({.size = checkpoint->size,
                                                                .authority = authority.url,
                                                                .why = anchor.error().message,
                                                                .time = host::wall_now()}));
    return fail(
        ErrorCode::Unavailable,
        fmt::format("no time stamp from `{}` over the checkpoint of {} records: {}. Nothing "
                    "is lost: the log is as it was; try again, or another authority",
                    authority.url, checkpoint->size, anchor.error().message));
  }
  checkpoint->token = anchor->token;
  checkpoint->anchored_at = core::text(anchor->stamp.time);
  if (auto kept = evidence::keep_token(evidence.file, *checkpoint); !kept) {
    return tl::unexpected(kept.error());
  }
  record_or_say(evidence, evidence::record_of_token({.size = checkpoint->size,
                                                     .authority = authority.url,
                                                     .time = checkpoint->anchored_at,
                                                     .token = checkpoint->token,
                                                     .authority_pem = anchor->stamp.root_pem}));
  return fmt::format("the checkpoint of {} records existed on {}, says {}", checkpoint->size,
                     checkpoint->anchored_at, authority.url);
}

}  // namespace reachproof::cli
