#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/support/lab_up.h"

namespace reachproof::testing {

inline const std::filesystem::path kTools =
    std::filesystem::path(REACHPROOF_SOURCE_DIR) / "tests/tools";

inline std::filesystem::path schema_folder() {
  const char* told = std::getenv("REACHPROOF_SHARED");
  return std::filesystem::path(told != nullptr ? told : REACHPROOF_SHARED_DEFAULT) / "schemas";
}

inline bool is_installed(const std::string& program) {
  return system(("command -v " + program + " >/dev/null").c_str()) == 0;
}

/// A run of the hospital example in its lab, kept in the folder's reachproof.db.
inline Finished hospital_run(const TemporaryFolder& folder, int runs = 1) {
  const auto example = std::filesystem::path(REACHPROOF_SOURCE_DIR) / "examples/hospital";
  auto text = file_text(example / "lab.yaml");
  const std::string line = "name: hospital\n";
  text.replace(text.find(line), line.size(), "name: LAB\n");
  write_file(folder / "scenario.yaml", file_text(example / "scenario.yaml"));
  const LabUp lab(folder, text);
  if (!lab.is_up()) return {.exit = -1, .out = "", .err = lab.why_not()};
  Finished ran;
  for (int i = 0; i < runs; ++i) {
    ran = reachproof(folder, {"run", "scenario.yaml", "-i", "inventory.yaml", "-q", "--at",
                              "2026-11-30T02:00:00Z"});
  }
  return ran;
}

}  // namespace reachproof::testing
