#include "evidence/json_text.h"

#include <array>
#include <charconv>

#include "core/check.h"
#include "core/utf8.h"

namespace reachproof::evidence {

void JsonText::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (levels_.empty()) return;
  CHECK(!levels_.back().object);
  if (levels_.back().any) out_ += ',';
  levels_.back().any = true;
}

JsonText& JsonText::begin_object() {
  separate();
  out_ += '{';
  levels_.push_back({.object = true});
  return *this;
}

JsonText& JsonText::end_object() {
  CHECK(!levels_.empty() && levels_.back().object && !after_key_);
  levels_.pop_back();
  out_ += '}';
  return *this;
}

JsonText& JsonText::begin_array() {
  separate();
  out_ += '[';
  levels_.push_back({.object = false});
  return *this;
}

JsonText& JsonText::end_array() {
  CHECK(!levels_.empty() && !levels_.back().object);
  levels_.pop_back();
  out_ += ']';
  return *this;
}

JsonText& JsonText::key(std::string_view name) {
  CHECK(!levels_.empty() && levels_.back().object && !after_key_);
  auto& level = levels_.back();
  CHECK(!level.any || level.last_key < name);
  if (level.any) out_ += ',';
  level.any = true;
  level.last_key.assign(name);
  out_ += '"';
  out_ += name;
  out_ += "\":";
  after_key_ = true;
  return *this;
}

JsonText& JsonText::text(std::string_view value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  separate();
  const bool utf8 = core::valid_utf8_prefix(value) == value.size();
  out_ += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (byte < 0x20 || byte == 0x7f || (byte > 0x7f && !utf8)) {
      out_ += "\\u00";
      out_ += kDigits[byte >> 4U];
      out_ += kDigits[byte & 0xfU];
    } else {
      out_ += c;
    }
  }
  out_ += '"';
  return *this;
}

JsonText& JsonText::integer(std::int64_t value) {
  separate();
  std::array<char, 24> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  CHECK(error == std::errc{});
  out_.append(digits.data(), end);
  return *this;
}

JsonText& JsonText::boolean(bool value) {
  separate();
  out_ += value ? "true" : "false";
  return *this;
}

JsonText& JsonText::texts(std::string_view name, const std::vector<std::string>& values) {
  key(name).begin_array();
  for (const auto& value : values) text(value);
  return end_array();
}

std::string JsonText::take() {
  CHECK(levels_.empty() && !after_key_);
  return std::move(out_);
}

}  // namespace reachproof::evidence
