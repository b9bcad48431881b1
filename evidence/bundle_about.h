#pragma once

#include <string>
#include <vector>

#include "evidence/log.h"
#include "evidence/redaction.h"

namespace reachproof::evidence {

/// `bundle.json`: what a bundle says that it holds. docs/evidence-format.md. Pure.
struct BundleAbout {
  std::string origin;
  LeafIndex first_record = 0;
  LeafIndex end_record = 0;
  Redaction redaction = Redaction::None;
  std::uint64_t bodies_left_out = 0;
  std::vector<std::string> files_left_out;
  std::vector<std::string> runs;
  std::string control;  ///< that it was made for; may be empty

  [[nodiscard]] std::string text() const;
  /// Corrupt where it is not such a text, byte for byte as text() writes it.
  static Result<BundleAbout> parse(std::string_view text);
};

}  // namespace reachproof::evidence
