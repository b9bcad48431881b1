#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/calendar.h"
#include "core/error.h"

/// Archives as files: tar (ustar, pax where that cannot hold it) compressed with zstd. libarchive
/// is known to archive.cc alone.
namespace reachproof::evidence {

/// Writes an archive whose bytes depend on what is added and on nothing else: no owner, one time
/// for all files, mode 0644. Appears under its name when finish() returns, whole; otherwise not.
class ArchiveWriter {
 public:
  /// `time` becomes that of every file. A file of that name is replaced by finish().
  static Result<ArchiveWriter> create(const std::string& path, core::WallTime time);

  [[nodiscard]] Result<void> add(const std::string& name, std::string_view bytes);
  /// The same from a file on disk.
  [[nodiscard]] Result<void> add_file(const std::string& name, const std::string& path);
  [[nodiscard]] Result<void> finish();

 private:
  struct State;
  explicit ArchiveWriter(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

struct UnpackLimits {
  std::size_t files_max = 2'000'000;
  std::uint64_t bytes_max = std::uint64_t{64} << 30U;
};

/// Unpacks into an empty folder. Refuses, with the entry's name, whatever is not a plain file or a
/// folder, a name that leads out of the folder, a name twice, and more than the limits.
[[nodiscard]] Result<void> unpack(const std::string& archive, const std::string& folder,
                                  const UnpackLimits& limits = {});

/// A relative path of plain parts: no "..", no empty part, no control character.
[[nodiscard]] bool is_plain_path(std::string_view name);

}  // namespace reachproof::evidence
