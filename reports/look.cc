#include "reports/look.h"

#include "core/utf8.h"

namespace reachproof::reports {

std::string painted(const Look& look, Paint paint, std::string_view text) {
  if (!look.colour || paint == Paint::Plain) return std::string(text);
  const char* code = "";
  switch (paint) {
    case Paint::Plain:
      break;
    case Paint::Good:
      code = "\033[34m";  // blue
      break;
    case Paint::Bad:
      code = "\033[1;38;5;202m";  // vermillion
      break;
    case Paint::Broken:
      code = "\033[1;35m";  // pink
      break;
    case Paint::Unsure:
      code = "\033[33m";
      break;
    case Paint::Dim:
      code = "\033[2m";
      break;
    case Paint::Bold:
      code = "\033[1m";
      break;
  }
  return code + std::string(text) + "\033[0m";
}

std::string symbol(const core::Verdict& verdict) {
  using core::CheckResult;
  const bool open = verdict.reachability == core::Reachability::Open;
  switch (verdict.result) {
    case CheckResult::Pass:
      if (open) return "+";
      return verdict.proof == core::Proof::Proved ? "." : ":";
    case CheckResult::Violation:
      return open ? "X" : "x";
    case CheckResult::Broken:
      return "B";
    case CheckResult::Unproven:
      return "?";
    case CheckResult::InUse:
    case CheckResult::InUseNoted:
      return "u";
    case CheckResult::Idle:
      return "i";
    case CheckResult::Excepted:
      return "E";
  }
  return "?";
}

Paint paint_of(core::CheckResult result) {
  using core::CheckResult;
  switch (result) {
    case CheckResult::Pass:
      return Paint::Good;
    case CheckResult::Violation:
      return Paint::Bad;
    case CheckResult::Broken:
      return Paint::Broken;
    case CheckResult::Unproven:
    case CheckResult::Excepted:
      return Paint::Unsure;
    case CheckResult::InUse:
    case CheckResult::InUseNoted:
    case CheckResult::Idle:
      return Paint::Dim;
  }
  return Paint::Plain;
}

std::string legend() {
  return ". blocked   : blocked, corroborated only   + open   X violation: open   "
         "x violation: one-way or latent\n"
         "B broken   ? unproven   E excepted   u in use   i idle";
}

std::string printable(std::string_view text) {
  const bool utf8 = core::valid_utf8_prefix(text) == text.size();
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are control characters as well.
    const bool c1 = utf8 && byte == 0xc2 && i + 1 < text.size() &&
                    static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1) {
      ++i;
      out += '?';
    } else {
      out += byte < 0x20 || byte == 0x7f || (byte > 0x7f && !utf8) ? '?' : text[i];
    }
  }
  return out;
}

}  // namespace reachproof::reports
