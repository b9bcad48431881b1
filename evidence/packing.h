#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"

namespace reachproof::evidence {

/// How bodies of records rest in the file. A long one is a Zstandard frame (RFC 8878) and behind it
/// a skippable frame with the CRC-32 of the first, so that every stored byte is covered; `zstd -d`
/// reads it. Hashes are over the body, never over this. Whatever begins like a Zstandard frame is
/// packed, so the two cannot be mistaken for each other.
[[nodiscard]] bool is_packed(std::string_view stored);

/// Not thread-safe; keeps its working memory.
class Packer {
 public:
  Packer();
  ~Packer();
  Packer(Packer&&) noexcept;
  Packer& operator=(Packer&&) noexcept;

  /// What is stored for a body: packed where it is long, or would be mistaken for packed. Bodies of
  /// kind `key` are read by SQL and stay as they are.
  [[nodiscard]] std::string pack(std::string_view kind, std::string_view body);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// Not thread-safe; keeps its working memory.
class Unpacker {
 public:
  Unpacker();
  ~Unpacker();
  Unpacker(Unpacker&&) noexcept;
  Unpacker& operator=(Unpacker&&) noexcept;

  /// The body of what is stored; valid until the next call, and as long as `stored`. Corrupt where
  /// it is not what a Packer makes, or would be longer than a body may be.
  [[nodiscard]] Result<std::string_view> unpack(std::string_view stored);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace reachproof::evidence
