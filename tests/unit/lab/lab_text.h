#pragma once

#include <gtest/gtest.h>

#include <string>

#include "lab/load.h"

/// Labs written down in a test.
namespace reachproof::lab {

inline LabFile lab_file(const std::string& text) {
  return load_lab(text, "lab.yaml", ".");
}

/// A lab that must be sound.
inline Lab lab_of(const std::string& text) {
  auto file = lab_file(text);
  EXPECT_TRUE(file.lab) << reachproof::lab::text(file.problems);
  return file.lab.value_or(Lab{});
}

/// What is wrong with a lab, a line each.
inline std::string complaints(const std::string& lab_text) {
  return text(lab_file(lab_text).problems);
}

/// Two segments of both families, one router, one host in each; `rules` are the router's keys.
inline std::string two_segments(const std::string& rules) {
  return "version: 1\nname: two\nsegments:\n  left: [10.1.0.0/24, \"fd00:1::/64\"]\n"
         "  right: [10.2.0.0/24, \"fd00:2::/64\"]\nrouters:\n  fw:\n    segments: [left, right]\n" +
         rules +
         "hosts:\n  a: { segment: left }\n  b: { segment: right }\n  c: { segment: right }\n";
}

}  // namespace reachproof::lab
