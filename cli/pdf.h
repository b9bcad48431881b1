#pragma once

#include <string>

#include "core/error.h"

namespace reachproof::cli {

/// A page on its way to a PDF: it lies in a folder of its own, which goes with this.
class PdfPage {
 public:
  explicit PdfPage(std::string pdf);
  ~PdfPage();
  PdfPage(const PdfPage&) = delete;
  PdfPage& operator=(const PdfPage&) = delete;

  /// Where the page is to be written; empty where no folder could be made.
  [[nodiscard]] std::string html_path() const;
  /// Prints it by a headless Chromium, in at most kPrintMax. Unavailable where there is none.
  [[nodiscard]] Result<void> print() const;

 private:
  std::string pdf_;
  std::string folder_;
};

}  // namespace reachproof::cli
