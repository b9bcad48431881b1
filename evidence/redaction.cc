#include "evidence/redaction.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace reachproof::evidence {
namespace {

/// Kinds whose bodies say what was found, not where: they are read for addresses. All others are
/// left out unread, so that a kind of a later release is not given away by accident.
constexpr std::array<std::string_view, 7> kReadForAddresses{
    "run-started", "run-finished", "verdicts", "gaps", "key", "timestamp", "finding"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_address_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '.' || c == ':';
}

/// Four groups of one to three digits with dots between them, anywhere in the word.
bool holds_four_numbers(std::string_view word) {
  int groups = 0;
  int digits = 0;
  for (const char c : word) {
    if (is_digit(c)) {
      if (++digits == 1) ++groups;
      if (digits > 3) groups = 0;
    } else {
      if (c != '.' || digits == 0) groups = 0;
      digits = 0;
    }
    if (groups == 4 && digits > 0) return true;
  }
  return false;
}

/// A time of day has two colons; an address of IPv6 or of hardware has more, or two in a row.
bool holds_colons_of_an_address(std::string_view word) {
  return word.find("::") != std::string_view::npos || std::ranges::count(word, ':') > 2;
}

}  // namespace

std::string_view word(Redaction redaction) {
  switch (redaction) {
    case Redaction::None:
      return "none";
    case Redaction::Addresses:
      return "addresses";
  }
  return "";
}

Result<Redaction> redaction_of(std::string_view text) {
  for (const auto redaction : {Redaction::None, Redaction::Addresses}) {
    if (word(redaction) == text) return redaction;
  }
  return fail(ErrorCode::Usage, fmt::format("`{}` cannot be left out: addresses or none", text));
}

bool mentions_address(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (!is_address_character(text[at])) {
      ++at;
      continue;
    }
    auto end = at;
    while (end < text.size() && is_address_character(text[end])) ++end;
    const auto candidate = text.substr(at, end - at);
    if (holds_four_numbers(candidate) || holds_colons_of_an_address(candidate)) return true;
    at = end;
  }
  return false;
}

bool is_left_out(Redaction redaction, std::string_view kind, std::string_view body) {
  switch (redaction) {
    case Redaction::None:
      return false;
    case Redaction::Addresses:
      return std::ranges::find(kReadForAddresses, kind) == kReadForAddresses.end() ||
             mentions_address(body);
  }
  return true;
}

}  // namespace reachproof::evidence
