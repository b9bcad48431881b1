#include <fmt/core.h>

#include <iostream>
#include <memory>

#include "cli/evidence_verbs.h"
#include "evidence/file_hash.h"
#include "evidence/timestamp.h"
#include "evidence/token_record.h"
#include "host/https.h"
#include "host/wall_clock.h"

/// `evidence timestamp`: anchors the newest checkpoint at a time stamping authority (RFC 3161).
namespace reachproof::cli {
namespace {

constexpr std::size_t kReplyBytesMax = 256 * 1024;
constexpr std::size_t kCertificateBytesMax = 1U << 20U;
/// An authority's clock and ours may differ by so much before something is wrong with one of them.
constexpr std::chrono::minutes kClocksDifferMax{5};

struct Options {
  EvidenceOptions evidence;
  std::string authority;
  std::string ca;
};

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

Result<Anchor> anchored(const std::string& note, const Options& options) {
  evidence::TimestampTrust trust;
  if (!options.ca.empty()) {
    auto pem = evidence::file_bytes(options.ca, kCertificateBytesMax);
    if (!pem) return fail(ErrorCode::Usage, "--ca: " + pem.error().message);
    trust.ca_pem = std::move(*pem);
  }
  const auto query = evidence::TimestampQuery::over(note);
  if (!query) return tl::unexpected(query.error());
  auto answer = answer_of(options.authority, *query);
  if (!answer) return tl::unexpected(answer.error());
  auto stamp = evidence::verify_reply(*query, *answer, trust);
  if (!stamp) return fail(ErrorCode::Unavailable, stamp.error().message);
  const auto difference = std::chrono::abs(stamp->time - host::wall_now());
  if (difference > kClocksDifferMax) {
    return fail(ErrorCode::Unavailable,
                fmt::format("its clock says {}, this host's {}: one of them is wrong",
                            core::text(stamp->time), core::text(host::wall_now())));
  }
  return Anchor{std::move(*answer), std::move(*stamp)};
}

/// Appends a record and signs, where nobody else holds the log.
Result<void> record(const Options& options, const evidence::Record& what) {
  const auto use = key_use(options.evidence);
  auto log = evidence::Log::open(use.log_path, use.holder);
  if (!log) return tl::unexpected(log.error());
  const auto key = evidence::SignerKey::load(use.files.log);
  if (!key) return tl::unexpected(key.error());
  if (auto kept = log->append({&what, 1}, use.now); !kept) return tl::unexpected(kept.error());
  if (auto note = log->sign(*key, use.now); !note) return tl::unexpected(note.error());
  return {};
}

/// What could not be recorded is said, and takes nothing away from what was kept.
void record_or_say(const Options& options, const evidence::Record& what) {
  if (auto done = record(options, what); !done) {
    std::cerr << "reachproof: no record of this in the log: " << done.error().message << "\n";
  }
}

void timestamp(Context& context, const Options& options) {
  const auto reader = evidence::LogReader::open(options.evidence.file);
  if (!reader) return complain(context, reader.error());
  const auto stored = reader->stored_checkpoints();
  if (!stored) return complain(context, stored.error());
  if (stored->empty()) {
    return complain(context, {ErrorCode::NotFound, "nothing in this log has been signed yet"});
  }
  auto checkpoint = stored->back();
  auto anchor = anchored(checkpoint.note, options);
  if (!anchor) {
    if (anchor.error().code == ErrorCode::Usage) return complain(context, anchor.error());
    record_or_say(options, evidence::record_of_missing_anchor({.size = checkpoint.size,
                                                               .authority = options.authority,
                                                               .why = anchor.error().message,
                                                               .time = host::wall_now()}));
    return complain(context,
                    {ErrorCode::Unavailable,
                     fmt::format("no time stamp from `{}` over the checkpoint of {} records: {}. "
                                 "Nothing is lost: the log is as it was; try again, or another "
                                 "authority",
                                 options.authority, checkpoint.size, anchor.error().message)});
  }
  checkpoint.token = anchor->token;
  checkpoint.anchored_at = core::text(anchor->stamp.time);
  if (auto kept = evidence::keep_token(options.evidence.file, checkpoint); !kept) {
    return complain(context, kept.error());
  }
  record_or_say(options, evidence::record_of_token({.size = checkpoint.size,
                                                    .authority = options.authority,
                                                    .time = checkpoint.anchored_at,
                                                    .token = checkpoint.token,
                                                    .authority_pem = anchor->stamp.root_pem}));
  std::cout << fmt::format("the checkpoint of {} records existed on {}, says {}\n", checkpoint.size,
                           checkpoint.anchored_at, options.authority);
}

}  // namespace

void add_evidence_timestamp(CLI::App& evidence, Context& context) {
  auto* verb = evidence.add_subcommand(
      "timestamp", "Anchor the newest checkpoint at a time stamping authority (RFC 3161)");
  auto options = std::make_shared<Options>();
  add_evidence_option(*verb, options->evidence);
  verb->add_option("--tsa", options->authority, "URL of the authority, http or https")->required();
  verb->add_option("--ca", options->ca,
                   "Certificates to believe its token by, in PEM (default: the system's)");
  add_examples(*verb,
               {"reachproof evidence timestamp --tsa https://tsa.example.com/ --ca tsa.pem"});
  verb->callback([&context, options] { timestamp(context, *options); });
}

}  // namespace reachproof::cli
