#pragma once

#include <string>

#include "core/error.h"
#include "evidence/merkle.h"

namespace reachproof::evidence {

/// SHA-256 of a file, read in blocks: files of any size.
[[nodiscard]] Result<Hash> file_sha256(const std::string& path);

/// A whole file of at most `bytes_max`; Corrupt where it is longer, Io where it cannot be read.
[[nodiscard]] Result<std::string> file_bytes(const std::string& path, std::size_t bytes_max);

}  // namespace reachproof::evidence
