#include "cli/pdf.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "lab/command.h"

namespace reachproof::cli {
namespace {

/// How long a browser may print, in seconds, as timeout(1) takes it.
constexpr const char* kPrintMax = "120";

std::string browser() {
  const char* path = std::getenv("PATH");
  std::string folders = path == nullptr ? "/usr/bin" : path;
  for (const std::string name : {"chromium", "chromium-browser", "google-chrome"}) {
    std::size_t begin = 0;
    while (begin <= folders.size()) {
      const auto end = std::min(folders.find(':', begin), folders.size());
      const auto file = folders.substr(begin, end - begin) + "/" + name;
      if (access(file.c_str(), X_OK) == 0) return file;
      begin = end + 1;
    }
  }
  return "";
}

}  // namespace

PdfPage::PdfPage(std::string pdf) : pdf_(std::move(pdf)) {
  std::error_code error;
  auto pattern = (std::filesystem::temp_directory_path(error) / "reachproof-pdf-XXXXXX").string();
  if (!error && mkdtemp(pattern.data()) != nullptr) folder_ = pattern;
}

PdfPage::~PdfPage() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

std::string PdfPage::html_path() const {
  return folder_.empty() ? "" : folder_ + "/report.html";
}

Result<void> PdfPage::print() const {
  const auto program = browser();
  if (program.empty()) {
    return fail(ErrorCode::Unavailable,
                "no Chromium is installed, and a PDF is printed by it: install `chromium`, or "
                "write the HTML report and print it from any browser");
  }
  const auto printed = folder_ + "/report.pdf";
  std::vector<std::string> command{"timeout",
                                   kPrintMax,
                                   program,
                                   "--headless=new",
                                   "--disable-gpu",
                                   "--no-first-run",
                                   "--disable-background-networking",
                                   "--host-resolver-rules=MAP * ~NOTFOUND",
                                   "--user-data-dir=" + folder_ + "/profile",
                                   "--no-pdf-header-footer",
                                   "--print-to-pdf=" + printed};
  // Chromium's own sandbox does not start as root; the page can open nothing either way.
  if (geteuid() == 0) command.emplace_back("--no-sandbox");
  command.push_back("file://" + html_path() + "#/print");
  const auto done = lab::run_command(command, "");
  if (!done) return fail(ErrorCode::Unavailable, "print the PDF: " + done.error().message);
  std::error_code error;
  if (done->exit_code == 0 && std::filesystem::file_size(printed, error) > 0 && !error) {
    std::filesystem::copy_file(printed, pdf_, std::filesystem::copy_options::overwrite_existing,
                               error);
    if (!error) return {};
    return fail(ErrorCode::Io, fmt::format("cannot write `{}`: {}", pdf_, error.message()));
  }
  return fail(ErrorCode::Unavailable, fmt::format("{} printed no PDF (exit {}): {}", program,
                                                  done->exit_code, done->output.substr(0, 500)));
}

}  // namespace reachproof::cli
