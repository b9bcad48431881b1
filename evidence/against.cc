#include "evidence/against.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "evidence/bundle_folder.h"
#include "evidence/bundle_verify.h"
#include "evidence/file_hash.h"
#include "evidence/key_history.h"

namespace reachproof::evidence {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNoteBytesMax = 1U << 20U;
constexpr std::size_t kFilesMax = 10'000;
/// An empty line, a dash and a space: where the signatures of a note begin.
constexpr std::string_view kSignatures = "\n\n\xe2\x80\x94 ";

Result<void> add_bundle(const std::string& path, std::vector<KeptCheckpoint>& kept) {
  auto notes = checkpoints_in_bundle(path);
  if (!notes) return tl::unexpected(notes.error());
  for (auto& note : *notes) kept.push_back({path, std::move(note)});
  return {};
}

Result<void> add_file(const std::string& path, std::vector<KeptCheckpoint>& kept) {
  if (is_bundle(path)) return add_bundle(path, kept);
  auto note = file_bytes(path, kNoteBytesMax);
  if (!note || note->find(kSignatures) == std::string::npos) return {};
  kept.push_back({path, std::move(*note)});
  return {};
}

Result<void> add_folder(const std::string& path, std::vector<KeptCheckpoint>& kept) {
  std::error_code failed;
  std::vector<std::string> files;
  for (fs::directory_iterator at(path, failed); !failed && at != fs::directory_iterator();
       at.increment(failed)) {
    if (at->is_regular_file(failed)) files.push_back(at->path().string());
    if (files.size() > kFilesMax) {
      return fail(ErrorCode::Usage, fmt::format("`{}` holds more than {} files", path, kFilesMax));
    }
  }
  if (failed)
    return fail(ErrorCode::Io, fmt::format("cannot read `{}`: {}", path, failed.message()));
  std::ranges::sort(files);
  for (const auto& file : files) {
    if (auto done = add_file(file, kept); !done) return done;
  }
  return {};
}

}  // namespace

Result<std::vector<KeptCheckpoint>> kept_checkpoints(const std::string& path) {
  std::error_code failed;
  std::vector<KeptCheckpoint> kept;
  if (!fs::exists(path, failed)) {
    return fail(ErrorCode::NotFound, fmt::format("there is no `{}`", path));
  }
  const bool plain_folder =
      fs::is_directory(path, failed) && !fs::exists(fs::path(path) / "bundle.json", failed);
  auto done = plain_folder ? add_folder(path, kept) : add_file(path, kept);
  if (!done) return tl::unexpected(done.error());
  if (!kept.empty()) return kept;
  return fail(ErrorCode::NotFound, fmt::format("there is no checkpoint in `{}`", path));
}

Result<AgainstReport> check_against(const LogReader& log, const VerifierKey& key,
                                    const std::vector<KeptCheckpoint>& kept) {
  const auto size = log.size();
  if (!size) return tl::unexpected(size.error());
  const auto events = key_events(log);
  if (!events) return tl::unexpected(events.error());
  const auto notes = log.checkpoints();
  if (!notes) return tl::unexpected(notes.error());
  const auto keys = LogKeys::from(key, *events, *notes);
  AgainstReport report;
  const auto problem = [&](std::string text) { report.problems.push_back(std::move(text)); };
  for (const auto& [where, note] : kept) {
    const auto checkpoint = keys.open(note);
    if (!checkpoint) {
      problem(fmt::format("{}: {}", where, checkpoint.error().message));
      continue;
    }
    if (checkpoint->size > *size) {
      problem(
          fmt::format("{}: {} records were signed, the log holds {}: it was rolled back, records "
                      "{} and on are gone",
                      where, checkpoint->size, *size, *size));
      continue;
    }
    const auto root = root_at(checkpoint->size, log.node_reader());
    if (!root) return tl::unexpected(root.error());
    if (*root != checkpoint->root) {
      problem(
          fmt::format("{}: the first {} records are not those that were signed then: the log "
                      "was rewritten",
                      where, checkpoint->size));
    } else {
      ++report.held;
    }
  }
  return report;
}

}  // namespace reachproof::evidence
