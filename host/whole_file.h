#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "core/error.h"

namespace reachproof::host {

/// Reads a file of at most `bytes_max`; NotFound where there is none.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

/// Puts the text in the file's place, whole or not at all, and on disk when this returns.
[[nodiscard]] Result<void> replace_file(const std::string& path, std::string_view text,
                                        mode_t mode = 0600);

}  // namespace reachproof::host
