#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "core/calendar.h"

/// The golden tables of scenario and inventory documents, and the reference example.
namespace reachproof::test {

/// The day on which every document of the tables is loaded.
inline core::Date today() {
  return *core::parse_date("2026-11-30");
}

/// One message that a wrong document must get, and its line.
struct Expected {
  std::string message;
  int line = 0;
};

struct Document {
  std::string path;
  std::string text;
  std::vector<Expected> expected;  ///< from the comments `# expect:` and `# line:` at its head
  bool loader_only = false;        ///< `# loader-only`: beyond what a schema can say
};

inline std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

inline Document read_document(const std::filesystem::path& path) {
  Document document{.path = path.string(), .text = read_all(path)};
  std::istringstream lines(document.text);
  for (std::string line; std::getline(lines, line) && line.starts_with("# ");) {
    if (line.starts_with("# expect: ")) document.expected.push_back({line.substr(10)});
    if (line.starts_with("# line: ")) document.expected.back().line = std::stoi(line.substr(8));
    if (line == "# loader-only") document.loader_only = true;
  }
  return document;
}

/// All documents of one table, "valid" or "inventory/invalid", in the order of their names.
inline std::vector<Document> documents(const std::string& table) {
  const auto folder =
      std::filesystem::path(REACHPROOF_SOURCE_DIR) / "tests/golden/scenarios" / table;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<Document> all;
  for (const auto& path : paths) all.push_back(read_document(path));
  return all;
}

/// The reference example; nothing where the shared data is missing.
inline std::optional<std::string> reference_example() {
  const char* shared = std::getenv("REACHPROOF_SHARED");
  const std::filesystem::path folder(shared != nullptr ? shared : REACHPROOF_SHARED_DEFAULT);
  const auto path = folder / "reference/scenario-example.yaml";
  if (!std::filesystem::exists(path)) return std::nullopt;
  return read_all(path);
}

}  // namespace reachproof::test
