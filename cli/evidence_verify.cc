#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "cli/evidence_verbs.h"
#include "core/hex.h"
#include "evidence/against.h"
#include "evidence/bundle_folder.h"
#include "evidence/bundle_verify.h"
#include "evidence/file_hash.h"
#include "evidence/stored_run.h"
#include "evidence/token_record.h"
#include "evidence/verify.h"
#include "evidence/verify_tokens.h"
#include "reports/look.h"

/// `evidence verify`: of the log, or of a bundle.
namespace reachproof::cli {
namespace {

constexpr std::size_t kCertificateBytesMax = 1U << 20U;

void print(std::string_view word, const std::vector<std::string>& sentences) {
  for (const auto& sentence : sentences) {
    std::cout << word << " " << reports::printable(sentence) << "\n";
  }
}

/// What people forget to look at: runs that were cut off.
void print_unfinished(const std::string& file) {
  const auto reader = evidence::LogReader::open(file);
  const auto runs = reader ? evidence::list_runs(*reader) : fail(ErrorCode::Io, "");
  if (!runs) return;
  for (const auto& run : *runs) {
    if (!run.end) std::cout << "note run " << run.header.run << " never finished\n";
  }
}

void print(const evidence::VerifyReport& report, const TrustedKey& trusted) {
  print("BAD ", report.problems);
  print("note", report.notes);
  std::cout << fmt::format("{} records, root {}\n", report.records, core::hex(report.root));
  std::cout << fmt::format("{} checkpoints signed by {}\n", report.checkpoints, trusted.key.text());
  if (report.keys > 1) {
    std::cout << fmt::format("note the log's key was rotated: {} keys, each signed the next\n",
                             report.keys);
  }
  if (trusted.from_beside) {
    std::cout
        << "note that key was read beside the evidence: compare it with the one that you were "
           "given, or pass it with --key\n";
  }
  if (report.unsigned_records > 0) {
    std::cout << fmt::format(
        "note {} records came after the newest checkpoint and are not signed "
        "yet (a run is under way, or was cut off)\n",
        report.unsigned_records);
  }
  if (report.checkpoints == 0 && report.records > 0) {
    std::cout << "note nothing has been signed yet\n";
  }
}

Result<evidence::TimestampTrust> trust_of(const VerifyOptions& options) {
  if (options.ca.empty()) return evidence::TimestampTrust{};
  auto pem = evidence::file_bytes(options.ca, kCertificateBytesMax);
  if (!pem) return fail(ErrorCode::Usage, "--ca: " + pem.error().message);
  return evidence::TimestampTrust{std::move(*pem)};
}

/// The time stamps that the log keeps; false where one of them does not verify.
bool tokens_verify(const std::string& file, const evidence::TimestampTrust& trust) {
  const auto reader = evidence::LogReader::open(file);
  const auto report = reader ? evidence::verify_tokens(*reader, trust) : fail(ErrorCode::Io, "");
  if (!report) return false;
  print("BAD ", report->problems);
  print("note", report->notes);
  if (!report->newest.empty()) std::cout << "time stamp: " << report->newest << "\n";
  return report->problems.empty();
}

/// What a time stamping authority was asked for last, and did not give.
void print_missing_anchor(const std::string& file) {
  const auto reader = evidence::LogReader::open(file);
  const auto missing = reader ? evidence::missing_anchor(*reader) : fail(ErrorCode::Io, "");
  if (missing && !missing->empty()) std::cout << "note " << reports::printable(*missing) << "\n";
}

bool is_evidence_file(const std::string& path) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  std::string magic(kMagic.size(), '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(magic.data(), static_cast<std::streamsize>(magic.size()));
  return file && magic == kMagic;
}

/// Whether the log goes on from every checkpoint that was kept.
bool goes_on(Context& context, const VerifyOptions& options, const std::string& file,
             const evidence::VerifierKey& key) {
  const auto kept = evidence::kept_checkpoints(options.against);
  if (!kept) {
    complain(context, kept.error());
    return false;
  }
  const auto reader = evidence::LogReader::open(file);
  const auto report =
      reader ? evidence::check_against(*reader, key, *kept) : tl::unexpected(reader.error());
  if (!report) {
    complain(context, report.error());
    return false;
  }
  print("BAD ", report->problems);
  std::cout << fmt::format("{} of {} kept checkpoints: the log goes on from them\n", report->held,
                           kept->size());
  return report->problems.empty();
}

void verify_log(Context& context, const VerifyOptions& options, const std::string& file) {
  EvidenceOptions evidence{.file = file};
  const auto trusted = trusted_key(evidence, options.key);
  if (!trusted) return complain(context, trusted.error());
  const auto authorities = trust_of(options);
  if (!authorities) return complain(context, authorities.error());
  const auto report = evidence::verify_log(file, trusted->key);
  if (!report) return complain(context, report.error());
  print(*report, *trusted);
  print_unfinished(file);
  print_missing_anchor(file);
  bool sound = report->sound();
  if (!tokens_verify(file, *authorities)) sound = false;
  if (!options.against.empty() && !goes_on(context, options, file, trusted->key)) {
    if (context.exit != Exit::Ok) return;  // it could not be compared, and that was said
    sound = false;
  }
  std::cout << (sound ? "The evidence verifies.\n" : "The evidence does NOT verify.\n");
  if (!sound) context.exit = Exit::Evidence;
}

void print(const evidence::BundleReport& report) {
  print("BAD ", report.problems);
  print("note", report.notes);
  std::cout << fmt::format("{} files, {} records of {}, root {}\n", report.files, report.records,
                           reports::printable(report.origin), core::hex(report.last.root));
  for (const auto& run : report.runs) std::cout << "run " << reports::printable(run) << "\n";
  if (!report.result.empty()) {
    std::cout << "result " << reports::printable(report.result)
              << (report.result == "WARNED" ? ": not a pass\n" : "\n");
  }
  std::cout << "log key " << reports::printable(report.log_key) << "\nattestation key "
            << report.attestation_key_id << "\n";
  if (!report.anchored_at.empty()) std::cout << "time stamp " << report.anchored_at << "\n";
}

void verify_bundle(Context& context, const VerifyOptions& options) {
  if (!options.against.empty()) {
    return complain(context, {ErrorCode::Usage,
                              "--against is for the evidence file: a bundle holds the proof from "
                              "an earlier checkpoint where it was exported with "
                              "--since-checkpoint"});
  }
  evidence::BundleTrust trust;
  if (!options.key.empty()) {
    auto key = trusted_key({}, options.key);
    if (!key) return complain(context, key.error());
    trust.log_key = std::move(key->key);
  }
  auto authorities = trust_of(options);
  if (!authorities) return complain(context, authorities.error());
  trust.authority_pem = std::move(authorities->ca_pem);
  const auto report = evidence::verify_bundle(options.path, trust);
  if (!report) return complain(context, report.error());
  print(*report);
  std::cout << (report->sound() ? "The bundle verifies.\n" : "The bundle does NOT verify.\n");
  if (!report->sound()) context.exit = Exit::Evidence;
}

}  // namespace

void verify_evidence(Context& context, const VerifyOptions& options) {
  if (!options.path.empty() && evidence::is_bundle(options.path)) {
    return verify_bundle(context, options);
  }
  if (!options.path.empty() && !std::filesystem::exists(options.path)) {
    return complain(context, {ErrorCode::NotFound, "there is no `" + options.path + "`"});
  }
  if (!options.path.empty() && !is_evidence_file(options.path)) {
    return complain(context, {ErrorCode::Corrupt,
                              fmt::format("`{}` is neither a bundle (an archive or its folder) nor "
                                          "an evidence file",
                                          options.path)});
  }
  verify_log(context, options, options.path.empty() ? options.evidence.file : options.path);
}

}  // namespace reachproof::cli
