#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "evidence/merkle.h"

namespace reachproof::evidence {

/// What is wrong with a bundle, as sentences that begin with the file that they are about. At most
/// kMax are kept: a bundle that is all wrong needs no longer list.
class Problems {
 public:
  static constexpr std::size_t kMax = 100;
  void add(std::string sentence) {
    if (all_.size() < kMax) all_.push_back(std::move(sentence));
  }
  [[nodiscard]] const std::vector<std::string>& all() const { return all_; }

 private:
  std::vector<std::string> all_;
};

/// A bundle on disk: a folder, or an archive that is unpacked into a folder which goes away again.
class BundleFolder {
 public:
  /// Corrupt where an archive cannot be unpacked: it is damaged, or holds what no bundle holds.
  static Result<BundleFolder> open(const std::string& path);

  /// Its files, by relative path.
  [[nodiscard]] const std::map<std::string, std::uintmax_t>& files() const { return files_; }
  [[nodiscard]] bool has(const std::string& name) const { return files_.contains(name); }
  [[nodiscard]] std::string path_of(const std::string& name) const { return root_ + "/" + name; }
  /// A file's bytes; NotFound with its name where it is missing.
  [[nodiscard]] Result<std::string> read(const std::string& name) const;

  /// Holds every file against MANIFEST.sha256: listed and there, listed once, with that hash.
  void check_manifest(Problems& problems) const;

 private:
  struct Scratch;
  BundleFolder() = default;
  Result<void> list();
  std::shared_ptr<Scratch> scratch_;
  std::string root_;
  std::map<std::string, std::uintmax_t> files_;
  std::vector<std::string> strange_;  ///< neither file nor folder
};

/// Files that the manifest cannot list: itself, and what signs it.
inline constexpr std::string_view kUnlistedFiles[] = {"MANIFEST.sha256", "manifest.dsse.json",
                                                      "manifest.sigstore.json", "run.dsse.json"};

/// Whether the path is a folder, or an archive by its first bytes.
[[nodiscard]] bool is_bundle(const std::string& path);

}  // namespace reachproof::evidence
