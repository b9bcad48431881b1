#include "cli/progress_line.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "reports/look.h"

namespace reachproof::cli {
namespace {

constexpr std::size_t kBarWidth = 24;
constexpr std::chrono::milliseconds kRedraw{100};

}  // namespace

ProgressLine::ProgressLine(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  clear_line();
}

void ProgressLine::phase(const std::string& name, std::size_t total) {
  if (quiet_) return;
  if (!phase_.empty() && terminal_) draw(true);
  phase_ = name;
  total_ = total;
  done_ = 0;
  phase_began_ = std::chrono::steady_clock::now();
  drawn_ = {};
  if (!terminal_) {
    std::cerr << name << (total > 0 ? fmt::format(" ({})", total) : "") << "\n";
  } else {
    draw(false);
  }
}

void ProgressLine::advanced(std::size_t done) {
  if (quiet_ || !terminal_) return;
  done_ = std::min(done, total_);
  const auto now = std::chrono::steady_clock::now();
  if (now - drawn_ < kRedraw && done_ < total_) return;
  drawn_ = now;
  draw(false);
}

void ProgressLine::draw(bool finished) {
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - phase_began_;
  clear_line();
  if (total_ == 0) {
    std::cerr << phase_ << std::flush;
    return;
  }
  const std::size_t filled = kBarWidth * done_ / total_;
  const double rate = spent.count() > 0.2 ? static_cast<double>(done_) / spent.count() : 0;
  std::cerr << fmt::format("{:<24} [{:<{}}] {}/{}", phase_, std::string(filled, '#'), kBarWidth,
                           done_, total_);
  if (rate > 0 && !finished) {
    std::cerr << fmt::format(" {:.0f}/s, {:.0f} s left", rate,
                             static_cast<double>(total_ - done_) / rate);
  }
  std::cerr << std::flush;
}

void ProgressLine::clear_line() {
  if (terminal_ && !quiet_) std::cerr << "\r\033[K" << std::flush;
}

void ProgressLine::notice(const std::string& text) {
  clear_line();
  std::cerr << reports::printable(text) << "\n";
}

}  // namespace reachproof::cli
