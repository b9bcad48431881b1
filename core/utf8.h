#pragma once

#include <string_view>

namespace reachproof::core {

/// Length in bytes of the part of the text, from its beginning, that is valid UTF-8.
[[nodiscard]] std::size_t valid_utf8_prefix(std::string_view text);

/// At most so many bytes of the text, not cut inside a character.
[[nodiscard]] std::string_view cut_utf8(std::string_view text, std::size_t bytes_max);

}  // namespace reachproof::core
