#include "evidence/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace reachproof::evidence {
namespace {

constexpr std::size_t kBlockBytes = 64 * 1024;
constexpr const char* kCompression = "zstd:compression-level=9";

struct CloseReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
struct CloseWriter {
  void operator()(archive* writer) const { archive_write_free(writer); }
};
using Entry = std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;

std::string said_by(archive* library) {
  const char* said = archive_error_string(library);
  return said == nullptr ? "an error without words" : said;
}

/// Writes an entry's data; every byte that comes out is counted against the limit.
Result<void> write_data(archive* reader, const std::string& name, const std::string& path,
                        std::uint64_t& bytes_left) {
  const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) {
    return fail(ErrorCode::Corrupt, fmt::format("`{}`: {}", name, std::strerror(errno)));
  }
  std::array<char, kBlockBytes> block;
  Result<void> done;
  while (done) {
    const auto got = archive_read_data(reader, block.data(), block.size());
    if (got == 0) break;
    if (got < 0) {
      done = fail(ErrorCode::Corrupt, fmt::format("`{}`: {}", name, said_by(reader)));
    } else if (static_cast<std::uint64_t>(got) > bytes_left) {
      done = fail(ErrorCode::Corrupt, fmt::format("`{}`: the archive unpacks to too much", name));
    } else if (::write(fd, block.data(), static_cast<std::size_t>(got)) != got) {
      done = fail(ErrorCode::Io, fmt::format("cannot write `{}`: {}", path, std::strerror(errno)));
    } else {
      bytes_left -= static_cast<std::uint64_t>(got);
    }
  }
  ::close(fd);
  return done;
}

Result<void> unpack_entry(archive* reader, archive_entry* entry, const std::string& folder,
                          std::uint64_t& bytes_left) {
  const char* raw = archive_entry_pathname(entry);
  std::string name = raw == nullptr ? "" : raw;
  const auto type = archive_entry_filetype(entry);
  if (type == AE_IFDIR && name.ends_with('/')) name.pop_back();
  if (!is_plain_path(name)) {
    return fail(ErrorCode::Corrupt, "an entry of the archive has a name that is no plain path");
  }
  if ((type != AE_IFREG && type != AE_IFDIR) || archive_entry_hardlink(entry) != nullptr) {
    return fail(ErrorCode::Corrupt, fmt::format("`{}` is neither a file nor a folder", name));
  }
  const auto path = std::filesystem::path(folder) / name;
  std::error_code failed;
  std::filesystem::create_directories(type == AE_IFDIR ? path : path.parent_path(), failed);
  if (failed) {
    return fail(ErrorCode::Io, fmt::format("cannot unpack `{}`: {}", name, failed.message()));
  }
  if (type == AE_IFDIR) return {};
  return write_data(reader, name, path.string(), bytes_left);
}

}  // namespace

bool is_plain_path(std::string_view name) {
  constexpr std::size_t kNameBytesMax = 512;
  if (name.empty() || name.size() > kNameBytesMax) return false;
  if (std::ranges::any_of(name, [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\';
      })) {
    return false;
  }
  for (std::size_t at = 0; at <= name.size();) {
    const auto end = std::min(name.find('/', at), name.size());
    const auto part = name.substr(at, end - at);
    if (part.empty() || part == "." || part == "..") return false;
    at = end + 1;
  }
  return true;
}

struct ArchiveWriter::State {
  std::string path;
  std::string fresh;  ///< where it is written until it is whole
  core::WallTime time;
  std::unique_ptr<archive, CloseWriter> writer;
  bool finished = false;

  ~State() {
    writer.reset();
    if (!finished) ::unlink(fresh.c_str());
  }
  [[nodiscard]] tl::unexpected<Error> failure() const {
    return fail(ErrorCode::Io, fmt::format("cannot write `{}`: {}", path, said_by(writer.get())));
  }
  Result<void> begin(const std::string& name, std::uint64_t bytes) const {
    const Entry entry(archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_mtime(
        entry.get(), std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count(), 0);
    if (archive_write_header(writer.get(), entry.get()) != ARCHIVE_OK) return failure();
    return {};
  }
  Result<void> write(std::string_view bytes) const {
    const auto put = archive_write_data(writer.get(), bytes.data(), bytes.size());
    if (put != static_cast<la_ssize_t>(bytes.size())) return failure();
    return {};
  }
};

Result<ArchiveWriter> ArchiveWriter::create(const std::string& path, core::WallTime time) {
  auto state = std::make_shared<State>();
  state->path = path;
  state->fresh = path + ".part";
  state->time = time;
  state->writer.reset(archive_write_new());
  auto* writer = state->writer.get();
  // A last block that is not padded: the size then depends on the content alone.
  const bool ready = archive_write_set_format_pax_restricted(writer) == ARCHIVE_OK &&
                     archive_write_add_filter_zstd(writer) == ARCHIVE_OK &&
                     archive_write_set_options(writer, kCompression) == ARCHIVE_OK &&
                     archive_write_set_bytes_in_last_block(writer, 1) == ARCHIVE_OK;
  if (!ready || archive_write_open_filename(writer, state->fresh.c_str()) != ARCHIVE_OK) {
    return state->failure();
  }
  return ArchiveWriter(std::move(state));
}

Result<void> ArchiveWriter::add(const std::string& name, std::string_view bytes) {
  if (auto begun = state_->begin(name, bytes.size()); !begun) return begun;
  return state_->write(bytes);
}

Result<void> ArchiveWriter::add_file(const std::string& name, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  if (!file || failed) return fail(ErrorCode::Io, fmt::format("cannot read `{}`", path));
  if (auto begun = state_->begin(name, size); !begun) return begun;
  std::array<char, kBlockBytes> block;
  while (file.read(block.data(), block.size()), file.gcount() > 0) {
    auto put = state_->write({block.data(), static_cast<std::size_t>(file.gcount())});
    if (!put) return put;
  }
  return {};
}

Result<void> ArchiveWriter::finish() {
  if (archive_write_close(state_->writer.get()) != ARCHIVE_OK) return state_->failure();
  const int fd = ::open(state_->fresh.c_str(), O_RDONLY | O_CLOEXEC);
  const bool kept = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!kept || ::rename(state_->fresh.c_str(), state_->path.c_str()) != 0) {
    return fail(ErrorCode::Io,
                fmt::format("cannot write `{}`: {}", state_->path, std::strerror(errno)));
  }
  state_->finished = true;
  return {};
}

Result<void> unpack(const std::string& path, const std::string& folder,
                    const UnpackLimits& limits) {
  const std::unique_ptr<archive, CloseReader> reader(archive_read_new());
  archive_read_support_filter_zstd(reader.get());
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_filename(reader.get(), path.c_str(), kBlockBytes) != ARCHIVE_OK) {
    return fail(ErrorCode::Corrupt, said_by(reader.get()));
  }
  auto bytes_left = limits.bytes_max;
  for (std::size_t files = 0;; ++files) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) return {};
    if (status != ARCHIVE_OK) return fail(ErrorCode::Corrupt, said_by(reader.get()));
    if (files == limits.files_max) return fail(ErrorCode::Corrupt, "it holds too many files");
    if (auto done = unpack_entry(reader.get(), entry, folder, bytes_left); !done) return done;
  }
}

}  // namespace reachproof::evidence
