#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace reachproof::host {

/// Zstandard (RFC 8878), one frame.
[[nodiscard]] std::string compress(std::string_view bytes);

/// At most `bytes_max` come out, whatever the input claims; more is an error, and so is a frame
/// that asks for a window above 8 MiB.
[[nodiscard]] Result<std::string> decompress(std::string_view frame, std::size_t bytes_max);

}  // namespace reachproof::host
