#include <fmt/core.h>

#include <filesystem>
#include <iostream>
#include <memory>

#include "cli/depository.h"
#include "cli/evidence_verbs.h"
#include "evidence/bundle.h"
#include "evidence/file_hash.h"
#include "host/wall_clock.h"

/// `evidence keep`: copies of checkpoints and bundles to where the log's owner cannot change them.
namespace reachproof::cli {
namespace {

constexpr std::size_t kBundleBytesMax = std::size_t{512} << 20U;

struct Options {
  EvidenceOptions evidence;
  DepositoryOptions depository;
  std::string bundle;
};

struct Copy {
  std::string name;
  std::string bytes;
};

/// The newest checkpoint, with its time stamp; sorted by name they are sorted by size.
Result<std::vector<Copy>> newest_checkpoint(const std::string& file) {
  const auto reader = evidence::LogReader::open(file);
  if (!reader) return tl::unexpected(reader.error());
  const auto stored = reader->stored_checkpoints();
  if (!stored) return tl::unexpected(stored.error());
  if (stored->empty()) return fail(ErrorCode::NotFound, "nothing in this log has been signed yet");
  const auto& newest = stored->back();
  const auto checkpoint = evidence::Checkpoint::parse(newest.note);
  if (!checkpoint) return tl::unexpected(checkpoint.error());
  const auto name =
      fmt::format("{}-{:012}.checkpoint", evidence::file_name_of(checkpoint->origin), newest.size);
  std::vector<Copy> copies{{name, newest.note}};
  if (!newest.token.empty()) copies.push_back({name + ".tsr", newest.token});
  return copies;
}

void keep(Context& context, const Options& options) {
  auto copies = newest_checkpoint(options.evidence.file);
  if (!copies) return complain(context, copies.error());
  if (!options.bundle.empty()) {
    auto bytes = evidence::file_bytes(options.bundle, kBundleBytesMax);
    if (!bytes) return complain(context, {ErrorCode::Usage, bytes.error().message});
    copies->push_back(
        {evidence::file_name_of(std::filesystem::path(options.bundle).filename().string()),
         std::move(*bytes)});
  }
  for (const auto& copy : *copies) {
    const auto done = deposit(options.depository, copy.name, copy.bytes, host::wall_now());
    if (!done) return complain(context, done.error());
    std::cout << copy.name
              << (*done == Deposited::Fresh ? " is kept\n" : " is there already, the same\n");
  }
}

}  // namespace

void add_evidence_keep(CLI::App& evidence, Context& context) {
  auto* verb = evidence.add_subcommand(
      "keep", "Copy the newest checkpoint, or a bundle, to where nobody here can change it");
  auto options = std::make_shared<Options>();
  auto& depository = options->depository;
  add_evidence_option(*verb, options->evidence);
  verb->add_option("bundle", options->bundle, "A bundle to keep, too");
  verb->add_option("--to", depository.to,
                   "A folder, an http(s) URL to PUT below, or s3://bucket/prefix")
      ->required();
  verb->add_option("--header-file", depository.header_file,
                   "Headers for the URL, `Name: value` a line, such as an authorisation");
  verb->add_option("--s3-endpoint", depository.s3_endpoint, "Of S3, where it is not AWS");
  verb->add_option("--s3-region", depository.s3_region, "Of the bucket")->capture_default_str();
  verb->add_option("--lock-days", depository.lock_days,
                   "S3 Object Lock in COMPLIANCE mode for so many days")
      ->check(CLI::Range(1, 36'500));
  add_examples(*verb, {"reachproof evidence keep --to /mnt/auditor",
                       "reachproof evidence keep --to https://keeper.example.com/reachproof/",
                       "reachproof evidence keep --to s3://evidence/clinic --lock-days 2555 "
                       "bundle.tar.zst"});
  verb->callback([&context, options] { keep(context, *options); });
}

}  // namespace reachproof::cli
