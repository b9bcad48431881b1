#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/model.h"
#include "scenarios/document.h"

namespace reachproof::lab {

/// A lab file after reading: the lab if it is sound, and every problem that was found.
struct LabFile {
  std::optional<Lab> lab;
  std::vector<scenarios::Problem> problems;  ///< sorted by place; warnings too
};

/// Reads and checks a lab. `file` is its name in messages; files that it names stand relative to
/// `directory`. Opens nothing but those.
[[nodiscard]] LabFile load_lab(std::string text, const std::string& file,
                               const std::filesystem::path& directory);

/// The same for a file on disk. The error says that it cannot be read at all.
[[nodiscard]] Result<LabFile> load_lab_file(const std::string& path);

/// All problems as one text, a line each.
[[nodiscard]] std::string text(const std::vector<scenarios::Problem>& problems);

/// 1 to 32 letters, digits, `-` and `_`, a letter first: it becomes a namespace's name.
[[nodiscard]] bool is_name(std::string_view name);

}  // namespace reachproof::lab
