#include "evidence/bundle_folder.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/hex.h"
#include "evidence/archive.h"
#include "evidence/file_hash.h"

namespace reachproof::evidence {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMax = std::size_t{512} << 20U;
constexpr std::size_t kFilesMax = 2'000'000;
/// The beginning of every Zstandard frame (RFC 8878 section 3.1.1).
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";

/// "<64 hex digits>  <name>", as sha256sum writes it.
struct Listed {
  Hash hash{};
  std::string name;
};
std::optional<Listed> listed_in(const std::string& line) {
  constexpr std::size_t kDigits = 64;
  const auto bytes = core::from_hex(std::string_view(line).substr(0, kDigits));
  if (!bytes || bytes->size() != 32 || line.compare(kDigits, 2, "  ") != 0) return std::nullopt;
  Listed listed{.name = line.substr(kDigits + 2)};
  if (!is_plain_path(listed.name)) return std::nullopt;
  std::ranges::copy(*bytes, listed.hash.begin());
  return listed;
}

}  // namespace

struct BundleFolder::Scratch {
  std::string path;
  ~Scratch() {
    std::error_code ignored;
    if (!path.empty()) fs::remove_all(path, ignored);
  }
};

bool is_bundle(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return true;
  std::ifstream file(path, std::ios::binary);
  std::string magic(kZstdMagic.size(), '\0');
  file.read(magic.data(), static_cast<std::streamsize>(magic.size()));
  return file && magic == kZstdMagic;
}

Result<BundleFolder> BundleFolder::open(const std::string& path) {
  BundleFolder bundle;
  bundle.root_ = path;
  if (!fs::is_directory(path)) {
    bundle.scratch_ = std::make_shared<Scratch>();
    std::string pattern = (fs::temp_directory_path() / "reachproof-bundle-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
      return fail(ErrorCode::Io,
                  fmt::format("cannot make the folder `{}` to unpack into", pattern));
    }
    bundle.scratch_->path = bundle.root_ = pattern;
    if (auto unpacked = unpack(path, pattern); !unpacked) {
      return fail(std::move(unpacked), fmt::format("`{}` cannot be unpacked", path));
    }
    // Everything of a bundle stands in one folder.
    const auto count = std::distance(fs::directory_iterator(pattern), fs::directory_iterator());
    if (count != 1) {
      return fail(ErrorCode::Corrupt, fmt::format("`{}` is no bundle: it holds {} things side by "
                                                  "side, where a bundle is one folder",
                                                  path, count));
    }
    bundle.root_ = fs::directory_iterator(pattern)->path().string();
  }
  if (auto done = bundle.list(); !done) return tl::unexpected(done.error());
  return bundle;
}

Result<void> BundleFolder::list() {
  std::error_code failed;
  fs::recursive_directory_iterator at(root_, failed);
  for (; !failed && at != fs::recursive_directory_iterator(); at.increment(failed)) {
    const auto status = at->symlink_status(failed);
    const auto name = at->path().lexically_relative(root_).string();
    if (fs::is_directory(status)) continue;
    if (files_.size() == kFilesMax) return fail(ErrorCode::Corrupt, "a bundle of too many files");
    if (fs::is_regular_file(status)) {
      files_[name] = at->file_size(failed);
    } else {
      strange_.push_back(name);
    }
  }
  if (failed)
    return fail(ErrorCode::Io, fmt::format("cannot read `{}`: {}", root_, failed.message()));
  return {};
}

Result<std::string> BundleFolder::read(const std::string& name) const {
  if (!has(name)) return fail(ErrorCode::NotFound, name + ": it is missing");
  auto bytes = file_bytes(path_of(name), kFileBytesMax);
  if (!bytes) return fail(std::move(bytes), name);
  return bytes;
}

void BundleFolder::check_manifest(Problems& problems) const {
  for (const auto& name : strange_) problems.add(name + ": it is neither a file nor a folder");
  const auto manifest = read("MANIFEST.sha256");
  if (!manifest) return problems.add(manifest.error().message);
  std::map<std::string, Hash> listed;
  std::istringstream lines(*manifest);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    const auto entry = listed_in(line);
    if (!entry) {
      problems.add(fmt::format("MANIFEST.sha256: line {} is not one of sha256sum", number));
    } else if (!listed.emplace(entry->name, entry->hash).second) {
      problems.add(fmt::format("MANIFEST.sha256: it lists {} twice", entry->name));
    }
  }
  for (const auto& [name, hash] : listed) {
    if (!has(name)) {
      problems.add(name + ": it is missing, and MANIFEST.sha256 lists it");
    } else if (const auto found = file_sha256(path_of(name)); !found || *found != hash) {
      problems.add(name + ": it was changed: its SHA-256 is not that of MANIFEST.sha256");
    }
  }
  for (const auto& [name, bytes] : files_) {
    const bool unlisted = std::ranges::find(kUnlistedFiles, name) != std::end(kUnlistedFiles);
    if (!unlisted && !listed.contains(name)) {
      problems.add(name + ": MANIFEST.sha256 does not list it: it was put in");
    }
  }
}

}  // namespace reachproof::evidence
